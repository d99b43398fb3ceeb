"""Which rows tell when training of a residual network ends, and whether it is surely better."""

import math

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor  # noqa: TID253

from napari_compressed_transcriptomics.spatial.splits import (
    INNER_FOLDS,
    drawn_evenly,
    fold_blocks,
    fold_rows,
)

from .residual_settings import MANY_ROWS

PARTS_OF_MANY = 10
MAX_MEASURED = 512
"""Rows of each part, drawn at random throughout it."""
BEST_LEFT_OUT = 0.1
"""Part of the rows, those that gain most, which do not count."""


def parts_held_out(
    n: int, positions: np.ndarray | None, generator: torch.Generator
) -> list[Tensor]:
    """Return the rows of each part that is held out: of many rows one, of few each in turn."""
    parts = PARTS_OF_MANY if n > MANY_ROWS else min(INNER_FOLDS, n)
    if positions is None:
        folds = fold_rows(n, parts, generator)
    else:
        folds = fold_blocks(positions, parts, generator)
    return folds[:1] if n > MANY_ROWS else folds


def rows_measured(parts: list[Tensor], generator: torch.Generator) -> list[Tensor]:
    """Return the rows of each part that are measured: the same where training is resumed.

    They come from a generator of their own, so that the draws of training stay what they were.
    """
    own = torch.Generator().manual_seed(generator.initial_seed())
    return [drawn_evenly(part, MAX_MEASURED, own) for part in parts]


def surely_above_zero(gains: np.ndarray) -> bool:
    """Tell whether gains of rows are above zero by more than a standard error, the best left out.

    A few rows may gain much by chance, as where PCA, and not the network, misses a direction that
    few have; so the tenth that gains most does not count.
    """
    kept = np.sort(gains)[: math.ceil((1 - BEST_LEFT_OUT) * len(gains))]
    if len(kept) < 2:
        return False
    return bool(kept.mean() > kept.std(ddof=1) / math.sqrt(len(kept)))


def all_but(n: int, part: Tensor) -> Tensor:
    """Return all rows but those of a part."""
    other = torch.ones(n, dtype=torch.bool)
    other[part] = False
    return other.nonzero()[:, 0]
