"""Surrogate maps: as smooth and as symmetric as a map of the brain, and unrelated to anything.

Neighbours in the brain are alike, and so are a place and its twin in the other hemisphere. Two
unrelated maps therefore correlate more than shuffled values do, and shuffling finds relations
that are not there. A surrogate map keeps the likeness and nothing else. It keeps what sets the
brain's compartments apart (cortex, subcortex, cerebellum, brainstem), too: genes and most maps
have a step between them, which one smooth field has not, so that any two maps with a step would
seem related.

A map is taken for the means of its compartments and a Gaussian random field about them, as smooth
and as symmetric as is likeliest (see `spatial_covariance`); how much a compartment varies beside
the others is the likeliest, too. Made independent by that covariance, its values have a part that
the means account for, which surrogates keep, and a rest, which they have in another direction,
drawn at random (rotation tests: Langsrud 2005, doi:10.1007/s11222-005-4789-5). Were the covariance
known, p-values would be exact, whatever the means are. These are the likeliest ones, not averages:
a smooth field goes on from one compartment into the next, which a surrogate with the averages of
the map, and a field centred in each compartment, does not. That gave up to three times too many
small p-values where fields are smooth.

The values are not kept: to put them in the order of a draw's ranks (Burt et al. 2020,
doi:10.1016/j.neuroimage.2020.117038) makes very smooth maps rougher, and maps with heavy tails
less symmetric, which gave up to three times too many small p-values; heavy tails without it do not.

Components of a compression are no such draws: methods choose what varies most, which are patterns
that span the brain, and so vary with any large regions. Their surrogates (`flipped_maps`) have the
same share of each spatial pattern, with other signs.
"""

from collections.abc import Iterator

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.threads import small_algebra

from .spatial_covariance import candidates, covariance, fit_smoothness, rows_to_fit

_MAX_SAMPLES = 12_000
_SCALES, _FEWEST = np.exp2(np.arange(-4, 9) / 2), 3
"""Standard deviations of a compartment beside another's, and samples that tell them."""
_COVARIANCES, _COPIES = 4, 6
"""Arrays of samples x samples, and of samples x maps, that there are at once; float64."""


def surrogate_maps(
    values: np.ndarray,
    positions: np.ndarray,
    n: int,
    seed: int = 0,
    compartment: np.ndarray | None = None,
) -> np.ndarray:
    """Draw maps that keep a map's spatial autocorrelation, symmetry and compartments.

    Parameters
    ----------
    values : ndarray, shape (n_samples,)
        The map, finite.
    positions : ndarray, shape (n_samples, 3)
        Centroids in RAS mm.
    n : int
        How many maps.
    seed : int
        The same seed gives the same maps.
    compartment : ndarray of int, shape (n_samples,), optional
        Which compartment of the brain each sample is of (see `compartments`); by default all
        are of one.

    Returns
    -------
    ndarray of float64, shape (n_samples, n)
        Each column has the likeliest means of the map's compartments (generalised least squares),
        and is as likely as the map.

    Raises
    ------
    UserError
        If the covariance of so many samples needs too much memory.
    """
    values, positions, compartment = _checked(values, positions, n, compartment)
    with small_algebra(len(values)):
        rest = _centred(values, compartment)
        scale = _scale(rest, positions, compartment)
        smoothness = fit_smoothness(rest / scale, positions, compartment)
        root = np.linalg.cholesky(covariance(positions, smoothness))
        return scale[:, None] * _rotated(values / scale, compartment, root, n, seed)


def _rotated(
    values: np.ndarray, compartment: np.ndarray, root: np.ndarray, n: int, seed: int
) -> np.ndarray:
    """Return maps with the likeliest means of `values`, and as likely, shape (n_samples, n).

    `root` is a root of their covariance, lower triangular.
    """
    from scipy.linalg import solve_triangular

    means = compartment[:, None] == np.unique(compartment)
    independent = solve_triangular(root, np.column_stack([values, means]), lower=True)
    basis = np.linalg.qr(independent[:, 1:])[0]
    of_means = basis @ (basis.T @ independent[:, 0])
    rest = np.linalg.norm(independent[:, 0] - of_means)
    draws = np.random.default_rng(seed).standard_normal((len(values), n))
    draws -= basis @ (basis.T @ draws)
    draws *= rest / np.maximum(np.linalg.norm(draws, axis=0), 1e-150)
    draws += of_means[:, None]
    return root @ draws


def flipped_maps(
    values: np.ndarray,
    positions: np.ndarray,
    n: int,
    seed: int = 0,
    compartment: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Draw surrogates of maps that a method chose together, such as the components of PCA.

    The maps are sums of spatial patterns: the eigenvectors of the covariance that is likeliest
    for all maps together, without the means of compartments. Of a Gaussian field the signs of
    their shares are heads or tails, also after a choice by variance; they are drawn anew, the
    same for all maps, whose correlations stay (Moran spectral randomisation, Wagner & Dray 2015,
    doi:10.1111/2041-210X.12407, with patterns of the covariance).

    Parameters
    ----------
    values : ndarray, shape (n_samples, k)
        The maps, finite.
    positions, n, seed, compartment
        See `surrogate_maps`.

    Yields
    ------
    ndarray of float64, shape (n_samples, n)
        Of each map in turn; numbers of draws agree.

    Raises
    ------
    UserError
        If the covariance of so many samples needs too much memory.
    """
    values, positions, compartment = _checked(values, positions, n, compartment)
    rest = _centred(values, compartment)
    with small_algebra(len(values)):
        scale = np.column_stack([_scale(one, positions, compartment) for one in rest.T])
        varies = rest.std(axis=0) > 0
        smoothness = fit_smoothness((rest / scale)[:, varies], positions, compartment)
        means = (compartment[:, None] == np.unique(compartment)).astype(float)
        contrasts = np.linalg.qr(means, mode="complete")[0][:, means.shape[1] :]
        alike = contrasts.T @ covariance(positions, smoothness) @ contrasts
        patterns = contrasts @ np.linalg.eigh(alike)[1]
    shares = patterns.T @ (rest / scale)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (len(shares), n))
    for number, share in enumerate(shares.T):
        flipped = patterns @ (signs * share[:, None])
        yield flipped * scale[:, [number]] + (values - rest)[:, [number]]


def _checked(
    values: np.ndarray, positions: np.ndarray, n: int, compartment: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what `n` maps are drawn from, the same compartment for all where none is known."""
    values, positions = np.asarray(values, float), np.asarray(positions, float)
    check_size(len(values), n)
    return values, positions, np.zeros(len(values), int) if compartment is None else compartment


def _centred(values: np.ndarray, compartment: np.ndarray) -> np.ndarray:
    """Return values, or columns, without the means of compartments."""
    rest = np.array(values, float)
    for group in np.unique(compartment):
        rest[compartment == group] -= rest[compartment == group].mean(axis=0)
    return rest


def _scale(rest: np.ndarray, positions: np.ndarray, compartment: np.ndarray) -> np.ndarray:
    """Return by how much each sample's compartment varies, shape (n_samples,).

    The likeliest on a grid, one compartment after the other, beside the one with the most
    samples, which has 1.
    """
    rows = rows_to_fit(positions)
    tried = candidates(positions[rows], compartment[rows])
    groups, counts = np.unique(compartment[rows], return_counts=True)
    scale = np.ones(len(rest))
    for group, count in zip(groups, counts, strict=True):
        if count < _FEWEST or group == groups[counts.argmax()]:
            continue
        inside = compartment == group
        scaled = (rest / scale)[rows, None] / np.where(inside[rows, None], _SCALES, 1)
        likelihood = tried.log_likelihood(scaled).max(axis=(0, 1)) - (count - 1) * np.log(_SCALES)
        scale[inside] = _SCALES[likelihood.argmax()]
    return scale


def check_size(n_samples: int, n: int, kept: int = 0) -> None:
    """Raise a `UserError` where `n` surrogate maps would take too much memory.

    `kept` is how many predictions of each there are at once.
    """
    if n_samples > _MAX_SAMPLES:
        raise UserError(
            f"Surrogate maps of {n_samples:,} samples need {n_samples**2 * 16 / 1e9:.0f} GB; "
            "average the voxels over an atlas's regions, or ask for no surrogates"
        )
    require_memory(
        8 * n_samples * (_COVARIANCES * n_samples + (_COPIES + kept) * n),
        f"Drawing {n:,} maps of {n_samples:,} samples for p-values",
        "ask for fewer, or use a larger machine",
    )
