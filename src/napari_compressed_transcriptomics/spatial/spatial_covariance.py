"""How alike places of a map are: a covariance of distance and of symmetry, and its likelihood.

A map is taken for one draw of a Gaussian random field on top of the means of the brain's
compartments. Its correlation falls off with distance as an exponential, a Matern 3/2 or a Gaussian
function, ``c(d)``; a place and its mirror image in the other hemisphere are alike, too:

    (1 - nugget) * (c(d) + twin * c(d')) + nugget * ([same sample] + twin_nugget * [twins])

each part scaled to a diagonal of one; d' is the distance to the other sample mirrored at x = 0.
The part that no neighbour shares may or may not be shared by twins: brain maps are symmetric down
to their detail (PET), tissue samples are not.

The numbers are found by restricted maximum likelihood (Patterson & Thompson 1971,
doi:10.1093/biomet/58.3.545; for spatial covariance Mardia & Marshall 1984,
doi:10.1093/biomet/71.1.135) on a grid of values: the means of the compartments are not estimated
but projected out.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from napari_compressed_transcriptomics.core.threads import small_algebra

from .hemispheres import mirrored_pairs

Shape = Literal["exponential", "matern", "gaussian"]

_SHAPES: tuple[Shape, ...] = ("exponential", "matern", "gaussian")
_LENGTHS_MM = (5.0, 10.0, 20.0, 35.0, 50.0, 70.0, 95.0, 130.0)
_TWINS = (0.0, 0.4, 0.7, 0.9, 0.97, 0.995)
_NUGGETS = np.array([0.001, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9])
_MAX_FITTED = 250
_JITTER = 1e-6


@dataclass(frozen=True)
class Smoothness:
    """How alike places of a map are."""

    length_mm: float
    """Scale of `shape`: at this distance an exponential has fallen to 0.37, a Matern 3/2 function
    to 0.48 and a Gaussian to 0.61."""
    twin: float
    """Likeness of a place and its mirror image in the other hemisphere, 0 to 1."""
    nugget: float
    """Part of the variance that no neighbour shares, 0 to 1."""
    shape: Shape = "exponential"
    twin_nugget: float = 0.0
    """Likeness of twins in that part, 0 to 1."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Covariances that maps of some places may have, ready to be compared with maps."""

    smooth: tuple[Smoothness, ...]
    """One a basis; the nuggets tried with each are `_NUGGETS`."""
    bases: np.ndarray
    """Turns a map into independent numbers with the variances `variances`, free of the means. Of
    float32, shape (n_bases, n - n_compartments, n)."""
    variances: np.ndarray
    """Of float64, shape (n_bases, n_nuggets, n - n_compartments)."""
    penalties: np.ndarray
    """Log determinants. Of float64, shape (n_bases, n_nuggets)."""

    def log_likelihood(self, values: np.ndarray) -> np.ndarray:
        """Return that of each basis and nugget, shape (n_bases, n_nuggets), up to a constant.

        Of several maps (columns) they are along a third axis.
        """
        independent = np.square(self.bases @ np.asarray(values, np.float32), dtype=float)
        squares = np.einsum("bm...,bgm->bg...", independent, 1 / self.variances)
        penalties = self.penalties.reshape(*self.penalties.shape, *[1] * (squares.ndim - 2))
        return -self.bases.shape[1] / 2 * np.log(np.maximum(squares, 1e-300)) - penalties / 2

    def smoothness(self, number: int) -> Smoothness:
        """Return one of them, numbered as the raveled `log_likelihood`."""
        basis, nugget = divmod(number, len(_NUGGETS))
        found = self.smooth[basis]
        return Smoothness(
            found.length_mm, found.twin, float(_NUGGETS[nugget]), found.shape, found.twin_nugget
        )


def candidates(positions: np.ndarray, compartment: np.ndarray) -> Candidates:
    """Return the covariances to try for maps of these places.

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        Centroids in RAS mm.
    compartment : ndarray of int, shape (n,)
    """
    places = np.ascontiguousarray(positions, float)
    groups = np.ascontiguousarray(compartment, np.int64)
    return _candidates(places.tobytes(), groups.tobytes())


def rows_to_fit(positions: np.ndarray, most: int = _MAX_FITTED) -> np.ndarray:
    """Return the rows that smoothness is fitted to: all, or 250 at random with their twins."""
    n = len(positions)
    if n <= most:
        return np.arange(n)
    left, right = mirrored_pairs(positions)
    twin_of = np.full(n, -1)
    twin_of[left], twin_of[right] = right, left
    chosen: dict[int, None] = {}
    for row in np.random.default_rng(0).permutation(n):
        if len(chosen) >= most:
            break
        chosen[int(row)] = None
        if twin_of[row] >= 0:
            chosen[int(twin_of[row])] = None
    return np.sort(list(chosen)[:most])


def fit_smoothness(
    values: np.ndarray, positions: np.ndarray, compartment: np.ndarray | None = None
) -> Smoothness:
    """Return the likeliest smoothness of a map, or of several (columns) together.

    Of more than 250 samples 250 are looked at.
    """
    compartment = np.zeros(len(values), int) if compartment is None else compartment
    rows = rows_to_fit(positions)
    tried = candidates(positions[rows], compartment[rows])
    likelihood = tried.log_likelihood(values[rows].reshape(len(rows), -1)).sum(axis=2)
    return tried.smoothness(int(likelihood.argmax()))


def covariance(positions: np.ndarray, smoothness: Smoothness) -> np.ndarray:
    """Return the correlation of all pairs of samples, shape (n, n), positive definite."""
    places, left, right = _symmetric(positions)
    both = _smooth(places, smoothness)
    both *= 1 - smoothness.nugget
    both[np.diag_indices(len(both))] += smoothness.nugget + _JITTER
    if smoothness.twin_nugget:
        both[left, right] += smoothness.nugget * smoothness.twin_nugget
        both[right, left] += smoothness.nugget * smoothness.twin_nugget
    return both


def _symmetric(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the positions with twins at exactly mirrored places, and the rows of twins."""
    places = np.array(positions, float)
    left, right = mirrored_pairs(places)
    places[left] = (places[left] + places[right] * [-1, 1, 1]) / 2
    places[right] = places[left] * [-1, 1, 1]
    return places, left, right


# In place where matrices are n x n: of 12,000 samples each has 1.2 GB.


def _smooth(places: np.ndarray, smoothness: Smoothness) -> np.ndarray:
    near = _falling(_distances(places, places), smoothness)
    if smoothness.twin:
        across = _falling(_distances(places * [-1, 1, 1], places), smoothness)
        across *= smoothness.twin
        near += across
        deviation = np.sqrt(near.diagonal())
        near /= deviation[:, None]
        near /= deviation
    return near


def _falling(distances: np.ndarray, smoothness: Smoothness) -> np.ndarray:
    """Turn distances into likeness, in place."""
    scaled = distances
    scaled /= smoothness.length_mm
    if smoothness.shape == "gaussian":
        scaled *= scaled
        scaled /= -2
        return np.exp(scaled, out=scaled)
    scaled *= -np.sqrt(3) if smoothness.shape == "matern" else -1
    if smoothness.shape == "exponential":
        return np.exp(scaled, out=scaled)
    likeness = np.exp(scaled)
    np.subtract(1, scaled, out=scaled)
    likeness *= scaled
    return likeness


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squares = a @ b.T
    squares *= -2
    squares += (a**2).sum(axis=1)[:, None]
    squares += (b**2).sum(axis=1)
    np.maximum(squares, 0, out=squares)
    return np.sqrt(squares, out=squares)


@lru_cache(maxsize=2)
@small_algebra()
def _candidates(places: bytes, groups: bytes) -> Candidates:
    """Diagonalise each smooth covariance together with the nugget's: then any nugget is cheap."""
    from scipy.linalg import eigh

    positions, left, right = _symmetric(np.frombuffer(places).reshape(-1, 3))
    compartment, n = np.frombuffer(groups, np.int64), len(positions)
    means = (compartment[:, None] == np.unique(compartment)).astype(float)
    contrasts = np.linalg.svd(means)[0][:, means.shape[1] :].T
    swap = np.zeros((n, n))
    swap[left, right] = swap[right, left] = 1
    swapped = contrasts @ swap @ contrasts.T
    twins = _TWINS if len(left) else _TWINS[:1]
    found, bases, variances, penalties = [], [], [], []
    for shape in _SHAPES:
        for length in _LENGTHS_MM:
            for twin in twins:
                smooth = contrasts @ _smooth(positions, Smoothness(length, twin, 0, shape))
                smooth = smooth @ contrasts.T
                for twin_nugget in sorted({0.0, twin}):
                    alone = np.eye(len(contrasts)) + twin_nugget * swapped
                    size, vectors = eigh(smooth, alone)
                    found.append(Smoothness(length, twin, 0, shape, twin_nugget))
                    bases.append((vectors.T @ contrasts).astype(np.float32))
                    size = np.maximum(size, 0)
                    variances.append((1 - _NUGGETS)[:, None] * size + _NUGGETS[:, None])
                    penalties.append(
                        np.log(variances[-1]).sum(axis=1) + np.linalg.slogdet(alone)[1]
                    )
    return Candidates(tuple(found), np.array(bases), np.array(variances), np.array(penalties))
