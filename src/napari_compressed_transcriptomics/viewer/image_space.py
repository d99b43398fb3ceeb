"""Where a source grid lies in the viewer: RAS millimetres, axes (z, y, x)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Off-diagonal terms (relative to the voxel size) below which a grid counts as axis-aligned.
_ALIGNED = 1e-4


@dataclass(frozen=True, eq=False)
class ImageSpace:
    """How a source grid (x, y, z) lies in the viewer's (z, y, x).

    Attributes
    ----------
    shape : tuple of int
        The source grid's shape (x, y, z).
    affine : ndarray, shape (4, 4)
        Voxels to RAS millimetres, as in the source.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray

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
        return self._viewer_grid[1][2::-1, 3].copy()

    def to_viewer(self, volume: np.ndarray) -> np.ndarray:
        """Lay a source volume (x, y, z[, k]) out as ([k,] z, y, x).

        Axis-aligned grids are only flipped and transposed; an oblique one is resampled to
        the nearest voxel, with 0 outside for integers, else NaN.
        """
        if self.is_oblique:
            volume = self._resample(volume)
        else:
            from nibabel.orientations import apply_orientation

            volume = apply_orientation(volume, self._orientation)
        return volume.T if volume.ndim == 3 else np.moveaxis(volume, 3, 0).transpose(0, 3, 2, 1)

    def from_viewer(self, data: np.ndarray) -> np.ndarray:
        """Undo `to_viewer` for an axis-aligned grid, exactly."""
        from nibabel.orientations import apply_orientation, axcodes2ornt, ornt_transform

        volume = data.T if data.ndim == 3 else np.moveaxis(data.transpose(0, 3, 2, 1), 0, 3)
        back = ornt_transform(axcodes2ornt("RAS"), self._orientation)
        return apply_orientation(volume, back)

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
