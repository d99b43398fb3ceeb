"""Surrogate maps: as smooth and as symmetric as a map of the brain, and unrelated to anything.

Neighbours in the brain are alike, and so are a place and its twin in the other hemisphere. Two
unrelated maps therefore correlate more than shuffled values do, and shuffling finds relations
that are not there. A surrogate map keeps the likeness and nothing else. It keeps what sets the
brain's compartments apart (cortex, subcortex, cerebellum, brainstem), too: genes and most maps
have a step between them, which one smooth field has not, so that any two maps with a step would
seem related.

Surrogates are draws of Gaussian random fields (see `spatial_covariance`). How smooth and how
symmetric is not known but likely: each draw has numbers of its own, by their likelihood, as else
p-values are too small where few samples tell them. The likelihood is that of normal scores of the
map less its compartments' medians, as heavy tails would pass for roughness. Within each
compartment a draw then takes the map's own values in the order of its ranks, as in Burt et al.
2020 (doi:10.1016/j.neuroimage.2020.117038) and Viladomat et al. 2014 (doi:10.1111/biom.12139).
Of twins it takes means and differences, each in the order of its own, so that it is just as
symmetric: ranks alone lose that where few values are large.
"""

import numpy as np

from .errors import UserError
from .hemispheres import mirrored_pairs
from .memory import require_memory
from .spatial_covariance import Candidates, candidates, covariance, rows_to_fit

_MOST_SAMPLES = 12_000
_COVARIANCES, _COPIES = 4, 6
"""Arrays of samples x samples, and of samples x maps, that there are at once; float64."""
_OPERATIONS = 3e10
"""Of all covariances of a map and their roots, about: seconds."""


def surrogate_maps(
    values: np.ndarray,
    positions: np.ndarray,
    n: int,
    seed: int = 0,
    compartment: np.ndarray | None = None,
) -> np.ndarray:
    """Draw maps that keep a map's values, spatial autocorrelation, symmetry and compartments.

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
        Each column is a rearrangement of `values` within compartments; of twins (see
        `hemispheres`) of their means and of their differences.

    Raises
    ------
    UserError
        If the covariance of so many samples needs too much memory.
    """
    values, positions = np.asarray(values, float), np.asarray(positions, float)
    check_size(len(values), n)
    if compartment is None:
        compartment = np.zeros(len(values), int)
    rng = np.random.default_rng(seed)
    rows = rows_to_fit(positions)
    tried = candidates(positions[rows], compartment[rows])
    likelihood = tried.log_likelihood(_scores(values[rows], compartment[rows])).ravel()
    weights = np.exp(likelihood - likelihood.max())
    numbers = rng.choice(len(weights), n, p=weights / weights.sum())
    if len(rows) == len(values):
        draws = tried.draws(numbers, rng)
    else:
        draws = _draws_of_all(tried, numbers, positions, rng)
    left, right = mirrored_pairs(positions)
    same = compartment[left] == compartment[right]
    left, right = left[same], right[same]
    alone = np.setdiff1d(np.arange(len(values)), [left, right])
    maps = np.empty_like(draws)
    maps[alone] = _in_order(values[alone], draws[alone], compartment[alone])
    mean, half = (values[left] + values[right]) / 2, (values[left] - values[right]) / 2
    means = _in_order(mean, draws[left] + draws[right], compartment[left])
    halves = _in_order(half, draws[left] - draws[right], compartment[left])
    maps[left], maps[right] = means + halves, means - halves
    return maps


def _in_order(values: np.ndarray, draws: np.ndarray, compartment: np.ndarray) -> np.ndarray:
    """Return the values of each compartment in the order of the ranks of draws (columns)."""
    maps = np.empty_like(draws)
    for group in np.unique(compartment):
        inside = compartment == group
        ranks = draws[inside].argsort(axis=0).argsort(axis=0)
        maps[inside] = np.sort(values[inside])[ranks]
    return maps


def check_size(n_samples: int, n: int, kept: int = 0) -> None:
    """Raise a `UserError` where `n` surrogate maps would take too much memory.

    `kept` is how many predictions of each there are at once.
    """
    if n_samples > _MOST_SAMPLES:
        raise UserError(
            f"Surrogate maps of {n_samples:,} samples need {n_samples**2 * 16 / 1e9:.0f} GB; "
            "average the voxels over an atlas's regions, or ask for no surrogates"
        )
    require_memory(
        8 * n_samples * (_COVARIANCES * n_samples + (_COPIES + kept) * n),
        f"Drawing {n:,} maps of {n_samples:,} samples for p-values",
        "ask for fewer, or use a larger machine",
    )


def p_value(statistic: float, null: np.ndarray) -> float:
    """Return the share of null values at least as large, the observed one counted among them.

    So the least is 1 / (n + 1) (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).
    """
    # What is equal but for rounding is as large.
    reached = np.count_nonzero(null >= statistic - 1e-12 * max(1.0, abs(statistic)))
    return (1 + int(reached)) / (1 + len(null))


def _scores(values: np.ndarray, compartment: np.ndarray) -> np.ndarray:
    """Return normal scores (Blom 1958) of what is left of a map without compartments' medians."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    rest = values.copy()
    for group in np.unique(compartment):
        rest[compartment == group] -= np.median(values[compartment == group])
    return ndtri((rankdata(rest) - 0.375) / (len(rest) + 0.25))


def _draws_of_all(
    tried: Candidates, numbers: np.ndarray, positions: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return draws as `Candidates.draws` does, of more samples than these were fitted to.

    Each candidate takes a decomposition, so that of many samples only the most drawn are used.
    """
    drawn, counts = np.unique(numbers, return_counts=True)
    n = len(positions)
    most = max(1, int(_OPERATIONS / (n**2 * (n + 2000))))
    kept = np.sort(np.argsort(-counts, kind="stable")[:most])
    ends = np.rint(np.cumsum(counts[kept]) / counts[kept].sum() * len(numbers)).astype(int)
    draws = rng.standard_normal((n, len(numbers)))
    for number, begin, end in zip(drawn[kept], (0, *ends), ends, strict=False):
        root = np.linalg.cholesky(covariance(positions, tried.smoothness(int(number))))
        draws[:, begin:end] = root @ draws[:, begin:end]
    return draws
