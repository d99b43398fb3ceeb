"""The scores of a comparison in short: means over folds, and time, a line a method."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .methods import METHODS
from .nested_folds import SPLITS

if TYPE_CHECKING:
    from .compare import Score


class Mean(NamedTuple):
    """Means over the folds that are done.

    Attributes
    ----------
    rmse, r2 : float
        See `compare.Score`.
    n_folds : int
        How many folds those are.
    """

    rmse: float
    r2: float
    n_folds: int


class MethodSummary(NamedTuple):
    """What is known of one method on one split.

    Attributes
    ----------
    split : {"blocks", "random"}
    method : str
        One of `methods.METHODS`.
    means : dict
        Latent size to `Mean`; sizes without a score are missing.
    seconds : float
        Of all its fits together, each in one thread.
    """

    split: str
    method: str
    means: dict[int, Mean]
    seconds: float


def summarize(scores: "Sequence[Score]") -> list[MethodSummary]:
    """Return one summary a split and method, in the order of `SPLITS` and `METHODS`."""
    rows = []
    for split in SPLITS:
        for method in METHODS:
            of = [score for score in scores if (score.split, score.method) == (split, method)]
            if of:
                sizes = sorted({score.latent_size for score in of})
                means = {size: _mean([s for s in of if s.latent_size == size]) for size in sizes}
                rows.append(MethodSummary(split, method, means, sum(s.seconds for s in of)))
    return rows


def _mean(scores: "Sequence[Score]") -> Mean:
    rmse, r2 = (float(np.mean([getattr(s, name) for s in scores])) for name in ("rmse", "r2"))
    return Mean(rmse, r2, len(scores))
