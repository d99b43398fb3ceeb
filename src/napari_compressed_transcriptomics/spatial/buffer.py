"""How far training samples stay away from held-out ones: as far as the data are alike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.spatial.hemispheres import mirrored

from .cross_validation import Rows, widest_buffer

HALF = 0.5
_MAX_SAMPLES, _BIN_MM, _MIN_PAIRS = 500, 10.0, 30
_known: WeakKeyDictionary[Expression, float] = WeakKeyDictionary()


@dataclass(frozen=True)
class Buffer:
    """A distance in mm, and where it comes from."""

    mm: float
    why: str
    """In words that follow the number."""

    def in_words(self, folds: Sequence[Rows], n_samples: int) -> str:
        """Return a sentence on how many samples it leaves to train on in some folds."""
        fewest, most = sorted(len(train) for train, _ in folds)[:: len(folds) - 1]
        span = f"{fewest:,} to {most:,}" if fewest < most else f"{most:,}"
        return f"{self}: {span} of {n_samples:,} samples are left to train on"

    def __str__(self) -> str:
        return f"Blocks have a buffer of {self.mm:.1f} mm, {self.why}"


def buffer_of(
    expression: Expression, n_folds: int, seed: int, asked: float | None = None
) -> Buffer:
    """Return the buffer of blocks: the one asked for, or else one that fits the data.

    That is the `autocorrelation_range`, or where it would leave fewer than half of the samples in
    a fold, the widest that does not.

    Parameters
    ----------
    expression : Expression
    n_folds, seed
        As in `cross_validation.widest_buffer`.
    asked : float, optional
        In mm.

    Raises
    ------
    UserError
        If what is asked for is no distance.
    """
    if asked is not None:
        check_buffer(asked)
        return Buffer(float(asked), "as asked for")
    reach = autocorrelation_range(expression)
    widest = widest_buffer(expression.parcellation.positions, n_folds, seed)
    if reach <= widest:
        return Buffer(reach, "where the correlation of samples has fallen to one half")
    return Buffer(
        widest, f"as {reach:.1f} mm (half correlation) would leave fewer than half of the samples"
    )


def check_buffer(asked: float | None) -> None:
    """Raise a `UserError` if a buffer is no distance."""
    if asked is not None and not 0 <= asked < math.inf:
        raise UserError(f"A buffer of {asked:g} mm is not possible; choose 0 or more")


def autocorrelation_range(expression: Expression) -> float:
    """Return the distance in mm at which the correlation of samples has fallen to one half.

    The correlation at a distance is the mean product of the centred expression of two samples so
    far apart, over all genes, as part of that of the nearest pairs: a multivariate correlogram
    (Bjornstad & Falck 2001, doi:10.1023/A:1009601932481) without what no neighbour shares. Pairs
    lie between mirrored places, in bins of 10 mm; their means are made to fall by isotonic
    regression, and followed by straight lines. Of more than 500 samples a random 500 are used
    (always the same).

    It falls to 0 only at 40 to 60 mm in tables of the human brain, as genes follow gradients over
    all of it: a buffer of that size would leave nothing to learn from.
    """
    if expression not in _known:
        _known[expression] = _range(expression)
    return _known[expression]


def _range(expression: Expression) -> float:
    from scipy.spatial.distance import pdist
    from sklearn.isotonic import isotonic_regression

    rows = np.sort(np.random.default_rng(0).permutation(expression.n_samples)[:_MAX_SAMPLES])
    values = np.asarray(expression.values[rows], float)
    values -= values.mean(axis=0)
    product = (values @ values.T)[np.triu_indices(len(rows), 1)]
    distance = pdist(mirrored(expression.parcellation.positions[rows]))
    number = (distance / _BIN_MM).astype(int)
    pairs = np.bincount(number)
    full = pairs >= min(_MIN_PAIRS, pairs.max())
    pairs = pairs[full]
    at, alike = (np.bincount(number, of_pair)[full] / pairs for of_pair in (distance, product))
    alike = isotonic_regression(alike, sample_weight=pairs, increasing=False)
    below = np.flatnonzero(alike < HALF * alike[0])
    if alike[0] <= 0 or not len(below):
        return float(at[-1]) if alike[0] > 0 else 0.0
    ends = slice(below[0] - 1, below[0] + 1)
    return float(np.interp(-HALF * alike[0], -alike[ends], at[ends]))
