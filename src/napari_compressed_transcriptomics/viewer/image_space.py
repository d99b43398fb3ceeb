"""Where a source grid lies in the viewer: RAS millimetres, axes (z, y, x)."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

# Off-diagonal terms (relative to the voxel size) below which a grid counts as axis-aligned.
_ALIGNED = 1e-4

MNI_BRAIN = np.array([(-72.0, -107.0, -72.0), (82.0, 73.0, 72.0)])
"""Box of the template's brain, mm (z, y, x)."""
_MARGIN = 4.0  # mm around samples: a shell is as far from them
_WORTH = 0.5  # of the grid


@dataclass(frozen=True, eq=False)
class ImageSpace:
    """How a source grid (x, y, z) lies in the viewer's (z, y, x)."""

    shape: tuple[int, int, int]
    """The source grid's shape (x, y, z)."""
    affine: np.ndarray
    """Voxels to RAS millimetres, as in the source. Shape (4, 4)."""
    part: tuple[slice, slice, slice] = (slice(None),) * 3
    """Of the grid laid out as (z, y, x), what the viewer has."""

    @cached_property
    def _orientation(self) -> np.ndarray:
        from nibabel.orientations import io_orientation

        return io_orientation(self.affine)

    @cached_property
    def _canonical_affine(self) -> np.ndarray:
        from nibabel.orientations import inv_ornt_aff

        return self.affine @ inv_ornt_aff(self._orientation, self.shape)

    @cached_property
    def is_oblique(self) -> bool:
        """Whether the grid is tilted against the body axes, so that it must be resampled."""
        axes = self._canonical_affine[:3, :3]
        off_diagonal = axes - np.diag(np.diag(axes))
        return bool(np.abs(off_diagonal).max() > _ALIGNED * np.abs(np.diag(axes)).min())

    @cached_property
    def _viewer_grid(self) -> tuple[tuple[int, ...], np.ndarray]:
        """Shape and affine of the axis-aligned (x, y, z) grid that the viewer shows."""
        if not self.is_oblique:
            shape = np.empty(3, int)
            shape[self._orientation[:, 0].astype(int)] = self.shape
            return tuple(shape), self._canonical_affine
        from nibabel.affines import voxel_sizes
        from nibabel.spaces import vox2out_vox

        return vox2out_vox((self.shape, self.affine), voxel_sizes(self.affine))

    @property
    def scale(self) -> np.ndarray:
        """Voxel size (z, y, x) in millimetres."""
        return np.diag(self._viewer_grid[1])[2::-1].copy()

    @property
    def translate(self) -> np.ndarray:
        """Position (z, y, x) of the first voxel's centre in millimetres."""
        first = [cut.start or 0 for cut in self.part]
        return self._viewer_grid[1][2::-1, 3] + first * self.scale

    @property
    def viewer_shape(self) -> tuple[int, ...]:
        """Shape (z, y, x) of what the viewer has."""
        whole = self._viewer_grid[0][::-1]
        return tuple(len(range(n)[cut]) for n, cut in zip(whole, self.part, strict=True))

    def to_viewer(self, volume: np.ndarray) -> np.ndarray:
        """Lay a source volume (x, y, z[, k]) out as ([k,] z, y, x), the part that there is.

        Axis-aligned grids are only flipped and transposed; an oblique one is resampled to
        the nearest voxel, with 0 outside for integers, else NaN.
        """
        if self.is_oblique:
            volume = self._resample(volume)
        else:
            from nibabel.orientations import apply_orientation

            volume = apply_orientation(volume, self._orientation)
        laid_out = volume.T if volume.ndim == 3 else np.moveaxis(volume, 3, 0).swapaxes(1, 3)
        return laid_out[..., *self.part]

    def from_viewer(self, data: np.ndarray) -> np.ndarray:
        """Undo `to_viewer` for an axis-aligned grid, exactly; 0 or NaN beyond the part."""
        from nibabel.orientations import apply_orientation, axcodes2ornt, ornt_transform

        whole = (*data.shape[:-3], *self._viewer_grid[0][::-1])
        if data.shape != whole:
            part, outside = data, np.nan if np.issubdtype(data.dtype, np.floating) else 0
            data = np.full(whole, outside, part.dtype)
            data[..., *self.part] = part
        volume = data.T if data.ndim == 3 else np.moveaxis(data.transpose(0, 3, 2, 1), 0, 3)
        back = ornt_transform(axcodes2ornt("RAS"), self._orientation)
        return apply_orientation(volume, back)

    def part_around(self, ends: np.ndarray) -> "ImageSpace":
        """Return the same without what is far from the brain, if that is half of the grid or more.

        Around samples there is a margin, and a grid around the origin keeps the room of the
        template's brain: one can go everywhere in it though an atlas is of the cortex alone.

        Parameters
        ----------
        ends : ndarray of int, shape (2, 3)
            First and last voxel (z, y, x) of the samples.
        """
        shape = np.array(self._viewer_grid[0][::-1])
        margin = np.maximum(2, np.ceil(_MARGIN / self.scale))
        first, last = ends[0] - margin, ends[1] + margin
        brain = (MNI_BRAIN - self.translate) / self.scale
        if (brain[1] >= 0).all() and (brain[0] < shape).all():
            first, last = np.minimum(first, np.floor(brain[0])), np.maximum(last, np.ceil(brain[1]))
        first, end = np.maximum(first, 0).astype(int), np.minimum(last + 1, shape).astype(int)
        if np.prod(end - first) > _WORTH * np.prod(shape):
            return self
        z, y, x = map(slice, first.tolist(), end.tolist())
        return replace(self, part=(z, y, x))

    def _resample(self, volume: np.ndarray) -> np.ndarray:
        from scipy.ndimage import affine_transform

        shape, affine = self._viewer_grid
        to_source = np.linalg.inv(self.affine) @ affine
        outside = 0 if np.issubdtype(volume.dtype, np.integer) else np.nan

        def resample(one: np.ndarray) -> np.ndarray:
            return affine_transform(one, to_source, output_shape=shape, order=0, cval=outside)

        if volume.ndim == 3:
            return resample(volume)
        return np.stack([resample(volume[..., k]) for k in range(volume.shape[3])], axis=-1)
