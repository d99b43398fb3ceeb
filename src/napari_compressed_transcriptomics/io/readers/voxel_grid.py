"""Positions in millimetres, as voxels of the regular grid that they lie on."""

from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.memory import require_memory

_MIN_FILLED = 1 / 200  # of a grid that voxels of a brain fill
_FARTHEST = 1e6  # mm; a brain in micrometres is nearer


def on_grid(path: Path, positions: np.ndarray) -> tuple[Parcellation, str]:
    """Turn positions into voxels, one per sample.

    Parameters
    ----------
    path : Path
        The file, for messages.
    positions : ndarray, shape (n_samples, 3)
        ``obsm["spatial"]``: x, y, z in RAS mm.

    Returns
    -------
    Parcellation
    str
        A note that names the step of the grid.

    Raises
    ------
    UserError
        Positions are missing, lie on no regular grid, or several are the same.
    """
    n_samples = len(positions)
    if not np.isfinite(positions).all():
        raise UserError(f"{path.name} lacks valid positions of some samples in obsm['spatial']")
    no_grid = (
        f"{path.name} has positions in obsm['spatial'] that lie on no regular grid; interpolate "
        "them to voxels, or average them in the regions of an atlas first"
    )
    if np.abs(positions).max() > _FARTHEST:
        raise UserError(no_grid)
    origin = positions.min(axis=0)
    steps = np.array([_step(column) for column in positions.T])
    if not steps.any():
        raise UserError(f"{path.name} has all samples at one position; fix obsm['spatial']")
    steps[steps == 0] = steps[steps > 0].min()  # a single plane is one voxel thick
    index = (positions - origin) / steps
    voxels = np.rint(index).astype(np.int64)
    shape = tuple(int(n) for n in voxels.max(axis=0) + 1)
    size = np.prod(shape, dtype=float)
    if n_samples < _MIN_FILLED * size or np.abs(index - voxels).max() > 0.05:
        raise UserError(no_grid)
    require_memory(12 * int(size), path.name)
    labels = np.zeros(shape, np.int32)
    labels[tuple(voxels.T)] = np.arange(1, n_samples + 1)
    if np.count_nonzero(labels) < n_samples:
        raise UserError(f"{path.name} has several samples at one position; keep one of each")
    affine = np.diag([*steps, 1.0])
    affine[:3, 3] = origin
    grid = " x ".join(f"{step:.4g}" for step in steps)
    return Parcellation(labels, affine), f"Positions are taken as RAS mm on a grid of {grid} mm"


def _step(column: np.ndarray) -> float:
    """Return the grid step along one axis, 0 where all coordinates are the same."""
    different = np.unique(column)
    gaps = np.diff(different)
    gaps = gaps[gaps > 1e-3]  # nearer than a micrometre is the same, but for rounding
    if not gaps.size:
        return 0.0
    extent = different[-1] - different[0]
    return float(extent / np.rint(extent / gaps.min()))
