"""How much the data vary about their means: what errors are compared with, in R² say."""

from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.lazy_values import TotalSquares

_TILE = 1 << 17
"""Values that are in work at once: in float64 they fit in a cache."""
_ROUNDING = np.finfo(np.float32).eps


class TotalSums:
    """Sums over values that come in blocks of rows, in float64.

    Parameters
    ----------
    n_genes : int
    """

    def __init__(self, n_genes: int) -> None:
        self._shift: np.ndarray | None = None
        self._n = 0
        self._total, self._squares = np.zeros(n_genes), np.zeros(n_genes)
        self._of_samples: list[np.ndarray] = []

    def add(self, rows: np.ndarray) -> None:
        """Count the next samples in, float32 (n, n_genes)."""
        n_genes = len(self._total)
        if self._shift is None:  # a constant gene then gives 0 exactly
            self._shift = rows[0].astype(float)
        step = max(1, _TILE // n_genes)
        for first in range(0, len(rows), step):
            values = rows[first : first + step].astype(float)
            mean, squares = values.mean(axis=1), n_genes * values.var(axis=1)
            self._of_samples.append(_or_nan(squares, n_genes * (_ROUNDING * mean) ** 2))
            values -= self._shift
            self._total += values.sum(axis=0)
            self._squares += np.einsum("ij,ij->j", values, values)
        self._n += len(rows)

    def found(self) -> TotalSquares:
        """Return what the values came to; at least one row."""
        assert self._shift is not None
        mean = self._shift + self._total / self._n
        about_mean = self._squares - self._total**2 / self._n
        return TotalSquares(
            mean_genes=mean,
            sst_genes=_or_nan(about_mean, self._n * (_ROUNDING * mean) ** 2),
            sst_samples=np.concatenate(self._of_samples),
        )


def sum_about_mean(
    squares: np.ndarray, total: np.ndarray, count: float, shift: Any, spread: float = 0.0
) -> np.ndarray:
    """Return sums of squares about the mean from those about `shift`, which are of float32.

    NaN where they are no more than the rounding of float32, in the values or in the sums
    (`squares`, and `spread` that was added to them): there all values are the same.
    """
    about_mean = squares - total**2 / count
    mean = shift + total / count
    return _or_nan(
        about_mean, count * (_ROUNDING * mean) ** 2 + 16 * _ROUNDING * (squares + spread)
    )


def _or_nan(squares: np.ndarray, least: np.ndarray) -> np.ndarray:
    return np.where(squares > least, squares, np.nan)
