"""A small brain: expression of its voxels and of its regions, and the atlas of these."""

from functools import cache
from typing import Any

import numpy as np

SHAPE = (7, 6, 5)
AFFINE = np.array([[-8.0, 0, 0, 24], [0, 8, 0, -20], [0, 0, 8, -16], [0, 0, 0, 1]])
REGIONS = (
    *("L_bankssts", "L_cuneus", "L_insula", "Lthal"),
    *("R_bankssts", "R_cuneus", "R_insula", "Rthal"),
)
IDS = (1, 2, 3, 4, 41, 42, 43, 44)
GENES = (
    *("GABRA1", "GABRB2", "GRIN1", "SST", "PVALB", "DRD2"),
    *("HTR1A", "NPY", "CALB1", "RELN", "SNAP25", "MBP"),
)


@cache
def voxels() -> Any:
    """Return voxel-wise expression, the models' training data."""
    from napari_compressed_transcriptomics.core.expression import Expression, Parcellation

    samples = tuple(f"{x}_{y}_{z}" for x, y, z in np.argwhere(mask()))
    where = Parcellation.from_mask(mask(), AFFINE)
    return Expression(volume()[mask()], GENES, samples, where, name="voxels")


@cache
def regions() -> Any:
    """Return the expression of the table."""
    from napari_compressed_transcriptomics.core.expression import Expression, Parcellation

    row_of = np.zeros(max(IDS) + 1, np.int32)
    row_of[list(IDS)] = np.arange(1, len(IDS) + 1)
    where = Parcellation(row_of[labels()], AFFINE)
    return Expression(table().astype(np.float32), GENES, REGIONS, where, name="regions")


def mask() -> np.ndarray:
    """Return which voxels lie inside."""
    inside = np.zeros(SHAPE, bool)
    inside[1:-1, 1:-1, 1:-1] = True
    return inside


def volume() -> np.ndarray:
    """Return smooth expression, zero outside."""
    grid, waves = np.indices(SHAPE).reshape(3, -1).T, np.random.default_rng(7).random((3, 12))
    smooth = 0.5 + 0.3 * np.sin(grid @ waves / 2).reshape(*SHAPE, 12)
    return (smooth * mask()[..., None]).round(4).astype(np.float32)


def labels() -> np.ndarray:
    """Return an atlas: four slabs on either side, nothing between."""
    found = np.zeros(SHAPE, np.int32)
    for x, y, z in np.argwhere(mask()):
        mm = AFFINE[0, 0] * x + AFFINE[0, 3]
        if mm:
            found[x, y, z] = IDS[(y - 1) % 4 + (0 if mm < 0 else 4)]
    return found


def table() -> np.ndarray:
    """Return expression of regions."""
    return np.random.default_rng(8).random((len(IDS), len(GENES))).round(4)
