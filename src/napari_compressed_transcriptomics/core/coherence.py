"""Does a compression know anatomy? Three measures of the latents' maps, each with a p-value."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .expression import Parcellation
from .hemispheres import mirrored_pairs
from .progress import Progress, finish
from .regions import Regions
from .spatial_null import p_value, surrogate_maps

if TYPE_CHECKING:
    import pandas as pd

MOST_SAMPLES = 4000
"""Of more, a random sample of so many is measured."""


@dataclass(frozen=True)
class Coherence:
    """One number about one component, a row of the table.

    Attributes
    ----------
    component : str
        ``1`` to ``k``, or ``all``.
    measure : {"regions", "moran", "symmetry"}
    value : float
        Share of variance explained by regions (0 to 1), Moran's I (about -1/(n - 1) where
        there is no order, towards 1 where neighbours are alike), correlation (-1 to 1). NaN
        where it cannot be told.
    p : float
        One-sided p-value against the measure's null.
    """

    component: str
    measure: str
    value: float
    p: float


def coherence(
    latents: np.ndarray,
    parcellation: Parcellation,
    regions: Regions | None = None,
    n_null: int = 999,
    seed: int = 0,
) -> list[Coherence]:
    """Measure how anatomical the components are.

    Of more than 4,000 samples a random 4,000 are used (the same for all methods).

    Parameters
    ----------
    latents : ndarray, shape (n_samples, k)
    parcellation : Parcellation
        Where the samples lie.
    regions : Regions, optional
        Which region each sample lies in; without it there is no measure ``regions``.
    n_null : int
        Draws from each null.
    seed : int
        Of the draws.
    """
    return finish(coherence_steps(latents, parcellation, regions, n_null, seed))


def coherence_steps(
    latents: np.ndarray,
    parcellation: Parcellation,
    regions: Regions | None = None,
    n_null: int = 999,
    seed: int = 0,
) -> Generator[Progress, None, list[Coherence]]:
    """Measure as `coherence` does, component by component; a generator of progress."""
    latents, positions = np.asarray(latents, float), parcellation.centroids
    of_sample = np.full(len(latents), -1) if regions is None else regions.of_sample
    if len(latents) > MOST_SAMPLES:
        some = np.sort(np.random.default_rng(0).permutation(len(latents))[:MOST_SAMPLES])
        latents, positions, of_sample = latents[some], positions[some], of_sample[some]
    n_components, by_region = latents.shape[1], bool((of_sample >= 0).any())
    total = n_components * (1 + by_region)
    rows: list[Coherence] = []
    if by_region:
        rows += yield from _regions_steps(latents, positions, of_sample, n_null, seed, total)
    rng = np.random.default_rng(seed)
    weights = moran_weights(positions)
    left, right = mirrored_pairs(positions)
    for k, column in enumerate(latents.T):
        yield Progress("Neighbours and hemispheres", total - n_components + k, total)
        shuffled = rng.permuted(np.tile(column, (n_null, 1)), axis=1).T
        rows.append(_row(k, "moran", morans_i(column, weights), morans_i(shuffled, weights)))
        maps = surrogate_maps(column, positions, n_null, seed + k, mirrored=False)
        rows.append(
            _row(
                k,
                "symmetry",
                correlation(column[left], column[right]),
                correlation(maps[left], maps[right]),
            )
        )
    return rows


def eta_squared(values: np.ndarray, group: np.ndarray) -> np.ndarray | float:
    """Return the share of variance that groups explain, SS between / SS total, 0 to 1.

    Pearson's correlation ratio (Fisher 1925, Statistical Methods for Research Workers). NaN
    where no group has two samples, as it would always be 1.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, m)
        Several maps are columns.
    group : ndarray of int, shape (n,)
        -1 leaves a sample out.
    """
    between, total = _sums_of_squares(values, group)
    return _ratio(between, total)


def morans_i(values: np.ndarray, weights: np.ndarray) -> np.ndarray | float:
    """Return Moran's I, ``n / sum(w) * z' w z / z' z`` with z = values - mean.

    Moran 1950, doi:10.1093/biomet/37.1-2.17. NaN where all values are the same.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, m)
        Several maps are columns.
    weights : ndarray, shape (n, n)
        See `moran_weights`.
    """
    z = values - values.mean(axis=0)
    top, bottom = (z * (weights @ z)).sum(axis=0), (z**2).sum(axis=0)
    return _ratio(len(z) / weights.sum() * top, bottom)


def moran_weights(positions: np.ndarray) -> np.ndarray:
    """Return 1 / distance in mm between samples, 0 on the diagonal, shape (n, n)."""
    squares = (positions**2).sum(axis=1)
    distance = np.sqrt(np.maximum(squares[:, None] + squares - 2 * positions @ positions.T, 0))
    np.fill_diagonal(distance, np.inf)
    return 1 / np.maximum(distance, 1e-3)


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray | float:
    """Return Pearson's correlation of columns; NaN of fewer than three pairs."""
    if len(a) < 3:
        return np.full(a.shape[1:], np.nan) if a.ndim > 1 else np.nan
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return _ratio((a * b).sum(axis=0), np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0)))


def coherence_table(
    results: Iterable[tuple[str, int, list[Coherence]]],
) -> "pd.DataFrame":
    """Return (method, latent size, rows) as a tidy table.

    Columns: method, latent_size, component, measure, value, p.
    """
    import pandas as pd

    columns = ["method", "latent_size", "component", "measure", "value", "p"]
    rows = [
        (method, size, row.component, row.measure, row.value, row.p)
        for method, size, measured in results
        for row in measured
    ]
    return pd.DataFrame(rows, columns=columns)


def _regions_steps(
    latents: np.ndarray,
    positions: np.ndarray,
    group: np.ndarray,
    n_null: int,
    seed: int,
    total_steps: int,
) -> Generator[Progress, None, list[Coherence]]:
    """Measure eta squared of each component, and of all: sums of squares over components.

    The null keeps the autocorrelation: compact regions explain much of any smooth map, so that
    shuffled samples would call every component anatomical. The maps change places, not the
    regions, so that their sizes and shapes stay, too.
    """
    inside = group >= 0
    latents, positions, group = latents[inside], positions[inside], group[inside]
    rows, between, total = [], np.zeros(n_null + 1), np.zeros(n_null + 1)
    for k, column in enumerate(latents.T):
        yield Progress("Regions", k, total_steps)
        null = surrogate_maps(column, positions, n_null, seed + k)
        one_between, one_total = _sums_of_squares(np.column_stack([column, null]), group)
        between += one_between
        total += one_total
        shares = np.atleast_1d(_ratio(one_between, one_total))
        rows.append(_row(k, "regions", shares[0], shares[1:]))
    shares = np.atleast_1d(_ratio(between, total))
    return [*rows, _row(None, "regions", shares[0], shares[1:])]


def _sums_of_squares(values: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, group = values[group >= 0], group[group >= 0]
    _, index, count = np.unique(group, return_inverse=True, return_counts=True)
    centred = values - values.mean(axis=0)
    total = (centred**2).sum(axis=0)
    if count.max(initial=0) < 2:
        return total * np.nan, total
    sums = np.zeros((len(count), *values.shape[1:]))
    np.add.at(sums, index, centred)
    between = (sums**2 / count.reshape(-1, *[1] * (values.ndim - 1))).sum(axis=0)
    return between, total


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray | float:
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    ratio = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return ratio if ratio.ndim else float(ratio)


def _row(
    component: int | None, measure: str, value: np.ndarray | float, null: np.ndarray | float
) -> Coherence:
    number = float(value)
    p = p_value(number, np.asarray(null)) if np.isfinite(number) else np.nan
    return Coherence("all" if component is None else str(component + 1), measure, number, p)
