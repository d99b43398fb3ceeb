"""Pairs of original and reconstructed values, counted in cells."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class JointHistogram:
    """A two-dimensional histogram of original against reconstructed values."""

    counts: np.ndarray
    """Pairs of values in each cell: ``counts[i, j]`` with the original in bin `i` and its
    reconstruction in bin `j`. Of int64, shape (n_bins, n_bins)."""
    edges: np.ndarray
    """Of the bins of both, in the units of the data, from the least to the largest value. Of
    float64, shape (n_bins + 1,)."""
    n_drawn: int
    """Samples that were counted, with all their genes."""
    n_samples: int
    """Samples there are. Where `n_drawn` is less, the counted ones were drawn at random."""

    @property
    def n_values(self) -> int:
        """Pairs of values that were counted."""
        return int(self.counts.sum())
