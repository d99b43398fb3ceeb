"""Folds within folds: what is predicted is never seen, neither in fitting nor in tuning."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Split = Literal["blocks", "random"]
SPLITS: tuple[Split, ...] = ("blocks", "random")
_INNER_FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """Row numbers to train on and to predict, and how the training rows are split to tune.

    Attributes
    ----------
    train, test : ndarray of int64
    inner : tuple of (ndarray, ndarray)
        Training and held-out rows, both out of `train`.
    """

    train: np.ndarray
    test: np.ndarray
    inner: tuple[tuple[np.ndarray, np.ndarray], ...]


def nested_folds(
    positions: np.ndarray, split: Split, n_folds: int, n_repeats: int, seed: int
) -> list[Fold]:
    """Return all folds of all repeats; in each repeat every row is predicted once.

    ``blocks`` holds out whole blocks of space (Roberts et al. 2017, doi:10.1111/ecog.02881),
    each together with its mirror image in the other hemisphere: both neighbours and twins in
    the training rows would give the answer away. ``random`` holds out rows at random.

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        Centroids in RAS mm.
    split : {"blocks", "random"}
        Of the outer and the inner folds.
    n_folds, n_repeats : int
        Outer folds, and how often they are drawn anew.
    seed : int
        Of the draws.
    """
    places = _mirrored(positions)
    folds = []
    for repeat in range(n_repeats):
        for train, test in outer_folds(positions, split, n_folds, seed + 1000 * repeat):
            inner = []
            for held_out in _parts(places[train], split, _INNER_FOLDS, seed + 1000 * repeat + 1):
                rest = np.setdiff1d(np.arange(len(train)), held_out)
                inner.append((train[rest], train[held_out]))
            folds.append(Fold(train, test, tuple(inner)))
    return folds


def outer_folds(
    positions: np.ndarray, split: Split, n_folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows to train on and to predict, drawn as by `nested_folds`; there is no tuning.

    Parameters
    ----------
    positions, split, n_folds, seed
        As in `nested_folds`.
    """
    places = _mirrored(positions)
    rows = np.arange(len(places))
    parts = _parts(places, split, n_folds, seed)
    return [(np.setdiff1d(rows, test), test) for test in parts]


def _mirrored(positions: np.ndarray) -> np.ndarray:
    """Return the positions with the left hemisphere folded onto the right."""
    places = np.array(positions, float)
    places[:, 0] = np.abs(places[:, 0])
    return places


def _parts(places: np.ndarray, split: Split, n_folds: int, seed: int) -> list[np.ndarray]:
    import torch

    from .splits import fold_blocks, fold_rows

    generator = torch.Generator().manual_seed(seed)
    if split == "blocks":
        parts = fold_blocks(places, n_folds, generator)
    else:
        parts = fold_rows(len(places), n_folds, generator)
    return [np.sort(part.numpy()) for part in parts]
