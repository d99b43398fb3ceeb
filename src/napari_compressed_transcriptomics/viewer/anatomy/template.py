"""The MNI152 T1 template and the outline of its brain, on the grid of what is shown.

nilearn ships both (ICBM 2009a nonlinear symmetric, 1 mm), so no network is needed. A layer on any
other grid would shift the steps of napari's sliders: along the axis that the slider moves the
template is taken at the very slices of the data, within the slices at 1 mm or finer, and it ends
where the data end.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

_FINE = 1.0  # mm, the template's own voxels


@dataclass(frozen=True)
class Grid:
    """Where the data lie in the viewer, axes (z, y, x)."""

    shape: tuple[int, ...]
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    """`scale`, `translate`: size of a voxel and middle of the first one, in mm."""

    def within(self, axis: int) -> "Grid":
        """Return a grid with the same first and last slices, finer within those across `axis`."""
        parts = [
            1 if i == axis else max(1, round(step / _FINE)) for i, step in enumerate(self.scale)
        ]
        return Grid(
            tuple((n - 1) * part + 1 for n, part in zip(self.shape, parts, strict=True)),
            tuple(step / part for step, part in zip(self.scale, parts, strict=True)),
            self.translate,
        )


def template_on(grid: Grid) -> np.ndarray:
    """Return the T1 template on a grid, uint8 (z, y, x); 0 outside the brain."""
    image, _ = mni152()
    return _sampled(image, grid, 1)


def brain_on(grid: Grid) -> np.ndarray:
    """Return the template's brain mask on a grid, bool (z, y, x)."""
    _, mask = mni152()
    return _sampled(mask, grid, 0).astype(bool)


def outlines(labels: np.ndarray, axis: int) -> np.ndarray:
    """Return where regions begin in the slices across an axis, uint8 (z, y, x), 1 on the lines.

    A line is a voxel wide and lies within the region whose neighbour before or behind it, in the
    plane, is another one or none.

    Parameters
    ----------
    labels : ndarray of int or bool, shape (z, y, x)
        On a grid as `Grid.within` gives it, for thin lines.
    axis : int
        That the slider moves.
    """
    found = np.zeros(labels.shape, bool)
    for across in {0, 1, 2} - {axis}:
        here, there = np.moveaxis(labels, across, 0), np.moveaxis(found, across, 0)
        other = here[1:] != here[:-1]
        there[1:] |= other & (here[1:] != 0)
        there[:-1] |= other & (here[1:] == 0)
    return found.astype(np.uint8)


def finer(labels: np.ndarray, grid: Grid, fine: Grid) -> np.ndarray:
    """Return labels (z, y, x) of a grid on one within it, each voxel that of the nearest."""
    for axis, n in enumerate(fine.shape):
        at = np.rint(np.arange(n) * fine.scale[axis] / grid.scale[axis]).astype(int)
        labels = np.take(labels, np.minimum(at, grid.shape[axis] - 1), axis)
    return labels


@cache
def mni152() -> tuple[np.ndarray, np.ndarray]:
    """Return the T1 template (uint8) and its brain mask (uint8), each (z, y, x) at 1 mm.

    Loading takes two seconds the first time, of which most is nilearn's import.
    """
    from nilearn.datasets import load_mni152_brain_mask, load_mni152_template

    image = np.asarray(load_mni152_template(resolution=1).dataobj, np.float32)
    mask = np.asarray(load_mni152_brain_mask(resolution=1).dataobj)
    scaled = np.rint(image * (255 / image.max())).astype(np.uint8)
    return np.ascontiguousarray(scaled.T), np.ascontiguousarray(mask.T.astype(np.uint8))


def _sampled(volume: np.ndarray, grid: Grid, order: int) -> np.ndarray:
    """Interpolate one of `mni152` on a grid, 0 beyond its edges."""
    from scipy.ndimage import affine_transform

    start = np.subtract(grid.translate, _ORIGIN)
    if not (np.mod(start, 1).any() or np.mod(grid.scale, 1).any()):
        return _picked(volume, grid, start.astype(int))
    return affine_transform(
        volume, np.array(grid.scale), start, output_shape=grid.shape, order=order
    )


_ORIGIN = (-72.0, -134.0, -98.0)
"""Middle of the first voxel of nilearn's images at 1 mm, in mm (z, y, x)."""


def _picked(volume: np.ndarray, grid: Grid, start: np.ndarray) -> np.ndarray:
    """Return the voxels of a volume on a grid of whole mm, which is most: nothing is computed."""
    found = np.zeros(grid.shape, volume.dtype)
    here, there = [], []
    for n, step, first, size in zip(
        grid.shape, map(int, grid.scale), start, volume.shape, strict=True
    ):
        at = first + step * np.arange(n)
        inside = np.flatnonzero((at >= 0) & (at < size))
        here.append(inside)
        there.append(at[inside])
    found[np.ix_(*here)] = volume[np.ix_(*there)]
    return found
