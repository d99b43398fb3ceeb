"""Pictures of a slice that are drawn in every cell, under or over the map there."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class SlicePicture:
    """A slice as it is drawn.

    Attributes
    ----------
    rgba : ndarray of uint8, shape (rows, columns, 4)
        Axes as in the volume: in the order (z, y, x), without the one sliced.
    corner : ndarray, shape (2,)
        Middle of the first pixel, in mm, along the same two axes.
    step : ndarray, shape (2,)
        Size of a pixel in mm.
    smooth : bool
        Blend neighbouring pixels.
    """

    rgba: np.ndarray
    corner: np.ndarray
    step: np.ndarray
    smooth: bool = False


class SliceSource(Protocol):
    """What has a picture for each slice, as a template or an outline of the brain has."""

    def slice(self, axis: int, mm: float) -> SlicePicture | None:
        """Return the picture of the slice at `mm` along `axis` (0, 1, 2 for z, y, x), or None."""


@dataclass(frozen=True, eq=False)
class MaskSlices:
    """A mask in one colour.

    Attributes
    ----------
    mask : ndarray of bool, shape (z, y, x)
    scale, translate : ndarray, shape (3,)
        Size of a voxel and middle of the first one, in mm (z, y, x).
    color : tuple of int
        Red, green, blue and alpha, each 0 to 255.
    """

    mask: np.ndarray
    scale: np.ndarray
    translate: np.ndarray
    color: tuple[int, int, int, int]

    def slice(self, axis: int, mm: float) -> SlicePicture | None:
        """Return the picture of a slice; None outside the volume or of nothing."""
        index = round((mm - self.translate[axis]) / self.scale[axis])
        if not 0 <= index < self.mask.shape[axis]:
            return None
        inside = self.mask.take(index, axis=axis)
        if not inside.any():
            return None
        rgba = np.zeros((*inside.shape, 4), np.uint8)
        rgba[inside] = self.color
        left = [other for other in range(3) if other != axis]
        return SlicePicture(rgba, self.translate[left], self.scale[left])
