"""Statistics of maps: Moran's I, variance explained by regions, correlation."""

import numpy as np


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
    between, total = sums_of_squares(values, group)
    return ratio(between, total)


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
    return ratio(len(z) / weights.sum() * top, bottom)


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
    return ratio((a * b).sum(axis=0), np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0)))


def sums_of_squares(values: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of squares between groups and in all; see `eta_squared`."""
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


def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray | float:
    """Return top over bottom, NaN where the latter is 0."""
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    quotient = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return quotient if quotient.ndim else float(quotient)
