"""Genes with values far outside what the others have: junk that would be averaged in unseen.

Each value departs from its gene's median. A gene is suspect where its largest departure is above
`WITHIN` times the gene's own spread *and* above `OVER` spreads of the largest departures of all
genes, which are compared on a logarithmic scale. The first keeps genes apart that vary much as a
whole, the second those with a small, real peak. In a gene that is suspect, values are far outside
that depart more than `WITHIN` says and more than nearly all other genes do (`REACHED`). Medians and
spreads (1.4826 times the median absolute deviation) hardly notice junk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import listing

WITHIN = 30.0
"""Departure of a value, in spreads of its gene. Real maps reach 46 at the border of cerebellum."""
OVER = 6.0
"""Largest departure of a gene, in spreads (of logarithms) of those of all genes."""
REACHED = 2.0
"""As `OVER`: departures that hardly any gene without junk has."""
_MIN_SPREAD = 0.12
"""Least spread of departures over genes, in powers of ten: 6 of them are a factor of 5."""
_MIN_GENES = 5  # with fewer nothing tells what is usual
_ROWS = 1 << 11  # for medians; extremes are those of all rows
_BLOCK = 512  # genes at a time
_TILE = 1 << 17  # values; they stay in the processor's cache while they are looked at twice
_NORMAL = 1.4826


@dataclass(frozen=True, eq=False)
class GeneRanges:
    """How the values of each gene lie; each array has shape (n_genes,), float64."""

    median: np.ndarray
    spread: np.ndarray
    """`median`, `spread`: over evenly spaced samples at most, where there are many."""
    departure: np.ndarray
    """The largest distance of a value from the median; 0 where the gene has none."""

    @classmethod
    def join(cls, parts: Sequence["GeneRanges"]) -> "GeneRanges":
        """Return the ranges of genes that were looked at in parts."""
        return cls(
            np.concatenate([part.median for part in parts]),
            np.concatenate([part.spread for part in parts]),
            np.concatenate([part.departure for part in parts]),
        )


def extremes_of(values: np.ndarray) -> np.ndarray:
    """Return the least and the largest value of each gene, NaN where a gene has one.

    Parameters
    ----------
    values : ndarray of float32, shape (n_samples, n_genes)
        One sample or more. It is read once.

    Returns
    -------
    ndarray of float32, shape (2, n_genes)
        Finite exactly where all values are.
    """
    low, high = values[0].copy(), values[0].copy()
    rows = max(1, _TILE // max(1, values.shape[1]))
    for start in range(0, len(values), rows):
        tile = values[start : start + rows]
        np.minimum(low, tile.min(axis=0), out=low)
        np.maximum(high, tile.max(axis=0), out=high)
    return np.stack([low, high])


def ranges_of(values: np.ndarray, extremes: np.ndarray | None = None) -> GeneRanges:
    """Measure how the finite values of each gene lie.

    Parameters
    ----------
    values : ndarray of float32, shape (n_samples, n_genes)
        Cells that are not finite take no part.
    extremes : ndarray of float32, shape (2, n_genes), optional
        What `extremes_of` gives, where it is known.
    """
    step = -(-len(values) // _ROWS)
    extremes = extremes_of(values) if extremes is None else extremes
    blocks = [slice(start, start + _BLOCK) for start in range(0, values.shape[1], _BLOCK)]
    return GeneRanges.join([_ranges(values[:, at], extremes[:, at], step) for at in blocks])


def _ranges(values: np.ndarray, extremes: np.ndarray, step: int) -> GeneRanges:
    low, high = extremes.astype(np.float64)
    some = np.ascontiguousarray(values[::step].T, np.float64)
    gaps = ~np.isfinite(low) | ~np.isfinite(high)
    if not gaps.any():
        median = np.median(some, axis=1)
        some = np.abs(some - median[:, None])
        spread, mean = np.median(some, axis=1), some.mean(axis=1)
    else:
        median, spread, mean = (np.zeros(values.shape[1]) for _ in range(3))
        for gene in range(values.shape[1]):
            column = values[:, gene]
            good = column[np.isfinite(column)].astype(np.float64)
            if good.size:
                low[gene], high[gene] = good.min(), good.max()
                good = good[:: -(-good.size // _ROWS)]
                median[gene] = np.median(good)
                spread[gene] = np.median(np.abs(good - median[gene]))
                mean[gene] = np.abs(good - median[gene]).mean()
            else:
                low[gene] = high[gene] = 0
    # Where over half of the samples have one value, e.g. 0, the mean deviation stands in.
    spread = np.where(spread > 0, spread, mean) * _NORMAL
    return GeneRanges(median, spread, np.maximum(high - median, median - low))


def farthest_usual(ranges: GeneRanges) -> np.ndarray:
    """Return how far values may depart from their gene's median, shape (n_genes,), float64.

    Those beyond are far outside, see above. It is infinite for genes that have none, and for all
    where there are too few genes to tell.
    """
    departures = ranges.departure[ranges.departure > 0]
    if departures.size < _MIN_GENES:
        return np.full(len(ranges.median), np.inf)
    logs = np.log10(departures)
    centre = np.median(logs)
    spread = max(_NORMAL * float(np.median(np.abs(logs - centre))), _MIN_SPREAD)
    within = WITHIN * ranges.spread
    with np.errstate(over="ignore"):
        suspect = ranges.departure > np.maximum(within, 10 ** (centre + OVER * spread))
        return np.where(suspect, np.maximum(within, 10 ** (centre + REACHED * spread)), np.inf)


def far_outside_note(
    values: np.ndarray, genes: Sequence[str], name: str, extremes: np.ndarray | None = None
) -> str:
    """Say in a sentence which genes have values far outside; empty where there are none.

    Parameters
    ----------
    values : ndarray of float32, shape (n_samples, n_genes)
    genes : sequence of str
    name : str
        Of the file.
    extremes : ndarray of float32, shape (2, n_genes), optional
        What `extremes_of` gives, where it is known.
    """
    ranges = ranges_of(values, extremes)
    farthest = farthest_usual(ranges)
    found = []
    for column in map(int, np.flatnonzero(ranges.departure > farthest)):
        far = np.abs(values[:, column] - ranges.median[column]) > farthest[column]
        found.append(f"{genes[column]}: {np.count_nonzero(far):,}")
    if not found:
        return ""
    return (
        f"{len(found)} gene(s) of {name} have values far outside what the others have "
        f"({listing(found)} of {len(values):,} samples); look at them, and leave them out where "
        "they are junk"
    )
