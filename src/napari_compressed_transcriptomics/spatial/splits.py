"""Which samples are held out to see how well training does, and which are taken together."""

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor  # noqa: TID253

from napari_compressed_transcriptomics.core.warned import quietly

MIN_SAMPLES = 3
INNER_FOLDS = 5
_MIN_BLOCKS, _MAX_BLOCKS, _SAMPLES_A_BLOCK = 10, 50, 4


def split_rows(n: int, fraction: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return random row numbers for training (at least two) and held out (at least one)."""
    order = torch.randperm(n, generator=generator)
    n_held_out = max(1, min(round(fraction * n), n - 2))
    return order[n_held_out:], order[:n_held_out]


def split_blocks(
    positions: np.ndarray, fraction: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return row numbers for training and held out, where whole blocks of space are held out.

    Neighbours in the brain are alike, so that a row held out at random has its likeness among
    those trained on, and its error is too good for places not seen. Here k-means cuts the
    samples' positions into compact blocks (10 to 50 of them, of about four samples or more),
    and blocks drawn at random are held out until they hold the fraction.

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        Centroids of the samples in mm.
    fraction : float
        Part to hold out, reached or just passed, as far as two rows are left to train on.
    generator : torch.Generator
        Decides.

    Returns
    -------
    training, held_out : Tensor of int64
        In random order.
    """
    n = len(positions)
    block, n_blocks = _compact_blocks(positions, generator)
    held_out = torch.zeros(n, dtype=torch.bool)
    for chosen in torch.randperm(n_blocks, generator=generator):
        more = held_out | (block == chosen)
        if n - int(more.sum()) < 2:
            continue
        held_out = more
        if int(held_out.sum()) >= fraction * n:
            break
    order = torch.randperm(n, generator=generator)
    return order[~held_out[order]], order[held_out[order]]


def batches(order: Tensor, size: int, drop_last: bool = False) -> list[Tensor]:
    """Cut rows into batches; a last one under half the size joins the one before it.

    So every row is used, and none is a batch of its own, which BatchNorm cannot take. With
    `drop_last` any incomplete one is left out, unless it is the only one.
    """
    parts = list(order.split(size))
    if len(parts) > 1 and drop_last and len(parts[-1]) < size:
        return parts[:-1]
    if len(parts) > 1 and len(parts[-1]) < max(2, size // 2):
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def fold_rows(n: int, folds: int, generator: torch.Generator) -> list[Tensor]:
    """Return random row numbers in `folds` parts of nearly the same size."""
    return list(torch.randperm(n, generator=generator).tensor_split(folds))


def inner_folds(n: int, seed: int) -> list[Tensor]:
    """Return the parts that methods hold out in turn to choose their settings, alike for all."""
    return fold_rows(n, min(INNER_FOLDS, n), torch.Generator().manual_seed(seed))


def drawn_evenly(rows: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Return at most so many of the rows, drawn at random: one of each of `most` even stretches.

    So blocks that follow each other each have their share.
    """
    if len(rows) <= most:
        return rows
    bounds = torch.arange(most + 1) * len(rows) // most
    within = torch.rand(most, generator=generator) * bounds.diff()
    return rows[bounds[:-1] + within.long()]


def fold_blocks(positions: np.ndarray, folds: int, generator: torch.Generator) -> list[Tensor]:
    """Return row numbers in `folds` parts, each of whole blocks of space; see `split_blocks`.

    Blocks, the largest first, each go to the part that is the smallest so far; in a part, the
    rows of a block follow each other.
    """
    block, n_blocks = _compact_blocks(positions, generator)
    sizes = torch.bincount(block, minlength=n_blocks)
    part_of_block = torch.zeros(n_blocks, dtype=torch.int64)
    filled = torch.zeros(folds, dtype=torch.int64)
    shuffled = torch.randperm(n_blocks, generator=generator)
    for chosen in shuffled[sizes[shuffled].argsort(descending=True, stable=True)]:
        part_of_block[chosen] = filled.argmin()
        filled[filled.argmin()] += sizes[chosen]
    order = block.argsort(stable=True)
    part = part_of_block[block[order]]
    parts = [order[part == fold] for fold in range(folds)]
    return [rows for rows in parts if len(rows)]


def fold_contiguous(positions: np.ndarray, folds: int, generator: torch.Generator) -> list[Tensor]:
    """Return row numbers in `folds` contiguous parts of space of nearly the same size.

    Plane cuts halve the samples again and again (recursive coordinate bisection, Berger &
    Bokhari 1987, doi:10.1109/TC.1987.1676942), here across a random direction each, which a
    part's long axes are likeliest to be near. So each part is convex but for the brain's surface.
    """

    def cut(rows: np.ndarray, n_parts: int) -> list[np.ndarray]:
        if n_parts == 1:
            return [rows]
        places = np.asarray(positions, float)[rows]
        centred = places - places.mean(axis=0)
        across = centred.T @ (centred @ torch.randn(3, generator=generator).double().numpy())
        along = centred @ across
        order = np.argsort(along, kind="stable")
        first = n_parts // 2
        at = round(len(rows) * first / n_parts)
        # not between rows at the same place, such as twins that were folded onto each other
        apart = np.flatnonzero(np.diff(along[order]) > 1e-9 * np.ptp(along)) + 1
        if len(apart):
            at = apart[np.abs(apart - at).argmin()]
        return cut(rows[order[:at]], first) + cut(rows[order[at:]], n_parts - first)

    parts = cut(np.arange(len(positions)), folds)
    return [torch.from_numpy(part) for part in parts if len(part)]


def _compact_blocks(positions: np.ndarray, generator: torch.Generator) -> tuple[Tensor, int]:
    """Return each row's block by k-means from random rows, and how many there are at most."""
    from sklearn.cluster import KMeans

    places, n = np.asarray(positions, float), len(positions)
    n_blocks = min(n, max(_MIN_BLOCKS, min(_MAX_BLOCKS, n // _SAMPLES_A_BLOCK)))
    first = places[torch.randperm(n, generator=generator)[:n_blocks].numpy()]
    with quietly():  # of fewer places than blocks
        block = KMeans(n_blocks, init=first, n_init=1, max_iter=20).fit_predict(places)
    return torch.from_numpy(block.astype(np.int64)), n_blocks
