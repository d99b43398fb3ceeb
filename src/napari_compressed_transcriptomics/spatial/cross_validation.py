"""Folds within folds: what is predicted is never seen, neither in fitting nor in tuning."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError

from .hemispheres import mirrored

Split = Literal["blocks", "random"]
SPLITS: tuple[Split, ...] = ("blocks", "random")
MIN_SAMPLES, _INNER_FOLDS = 3, 5

Rows = tuple[np.ndarray, np.ndarray]
"""Row numbers to train on and to predict, int64."""


@dataclass(frozen=True)
class Fold:
    """Row numbers to train on and to predict, and how the training rows are split to tune."""

    train: np.ndarray
    test: np.ndarray
    """`train`, `test`: of int64."""
    inner: tuple[Rows, ...]
    """Training and held-out rows, both out of `train`."""


def nested_folds(
    positions: np.ndarray,
    split: Split,
    n_folds: int,
    n_repeats: int,
    seed: int,
    buffer_mm: float = 0.0,
) -> list[Fold]:
    """Return all folds of all repeats; in each repeat every row is predicted once.

    ``blocks`` holds out a contiguous part of space (Roberts et al. 2017, doi:10.1111/ecog.02881),
    together with its mirror image in the other hemisphere and a buffer around both: neighbours
    and twins in the training rows would give the answer away. ``random`` holds out rows at random.

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
    buffer_mm : float
        Of blocks: rows nearer than this to a held-out one, or to its mirror image, are neither
        trained on nor predicted in that fold (Le Rest et al. 2014, doi:10.1111/geb.12161). Inner
        folds have a smaller one where it would leave fewer than half of their rows.
    """
    folds = []
    for repeat in range(n_repeats):
        drawn = seed + 1000 * repeat
        for train, test in outer_folds(positions, split, n_folds, drawn, buffer_mm):
            within = positions[train]
            reach = buffer_mm and min(buffer_mm, widest_buffer(within, _INNER_FOLDS, drawn + 1))
            inner = outer_folds(within, split, _INNER_FOLDS, drawn + 1, reach)
            folds.append(Fold(train, test, tuple((train[a], train[b]) for a, b in inner)))
    return folds


def outer_folds(
    positions: np.ndarray, split: Split, n_folds: int, seed: int, buffer_mm: float = 0.0
) -> list[Rows]:
    """Return the rows to train on and to predict, drawn as by `nested_folds`; there is no tuning.

    Parameters
    ----------
    positions, split, n_folds, seed, buffer_mm
        As in `nested_folds`.

    Raises
    ------
    UserError
        If the buffer leaves too few rows to train on.
    """
    folds = []
    for test in _parts(positions, split, n_folds, seed):
        train = _others(len(positions), test)
        if split == "blocks" and buffer_mm:
            train = train[_distances(positions, train, test, buffer_mm) >= buffer_mm]
            if len(train) < MIN_SAMPLES:
                raise UserError(
                    f"A buffer of {buffer_mm:g} mm leaves {len(train)} samples to train on; "
                    "choose a smaller one"
                )
        folds.append((train, test))
    return folds


def widest_buffer(positions: np.ndarray, n_folds: int, seed: int) -> float:
    """Return the largest buffer in mm that leaves half of the rows to train on in every fold.

    With two folds there is no more than that half: nearly none.

    Parameters
    ----------
    positions, n_folds, seed
        As in `outer_folds`.
    """
    widest, n = np.inf, len(positions)
    for test in _parts(positions, "blocks", n_folds, seed):
        away = np.sort(_distances(positions, _others(n, test), test))[::-1]
        widest = min(widest, away[min((n + 1) // 2, len(away)) - 1])
    return float(widest)


def distances_to_training(positions: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return how far each held-out row is from the nearest training row, or its mirror image.

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        Centroids in RAS mm.
    train, test : ndarray of int
        Rows.

    Returns
    -------
    ndarray of float64, shape (n_test,)
        In mm.
    """
    return _distances(positions, test, train)


def _distances(
    positions: np.ndarray, rows: np.ndarray, others: np.ndarray, within: float = np.inf
) -> np.ndarray:
    """Return distances to the nearest of others; infinite beyond `within`, which is quicker."""
    from scipy.spatial import cKDTree

    places = mirrored(positions)
    return cKDTree(places[others]).query(places[rows], distance_upper_bound=within)[0]


def _others(n: int, rows: np.ndarray) -> np.ndarray:
    return np.setdiff1d(np.arange(n), rows)


def _parts(positions: np.ndarray, split: Split, n_folds: int, seed: int) -> list[np.ndarray]:
    import torch

    from .splits import fold_contiguous, fold_rows

    generator = torch.Generator().manual_seed(seed)
    if split == "blocks":
        parts = fold_contiguous(mirrored(positions), n_folds, generator)
    else:
        parts = fold_rows(len(positions), n_folds, generator)
    return [np.sort(part.numpy()) for part in parts]
