"""Pictures of a slice that are drawn in every cell, under or over the map there."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from napari_compressed_transcriptomics.viewer.itself import Same
from napari_compressed_transcriptomics.viewer.layer_content import shown

from .drawing import parts_of, premultiplied


@dataclass(frozen=True, eq=False)
class SlicePicture:
    """A slice as it is drawn."""

    pixels: np.ndarray
    """RGBA, colours multiplied by alpha. Axes as in the volume: in the order (z, y, x), without the
    one sliced. Of uint8, shape (rows, columns, 4)."""
    corner: np.ndarray
    """Middle of the first pixel, in mm, along the same two axes. Shape (2,)."""
    step: np.ndarray
    """Size of a pixel in mm. Shape (2,)."""
    smooth: bool = False
    """Blend neighbouring pixels."""

    @cached_property
    def parts(self) -> np.ndarray:
        """Its parts that are not clear, see `drawing.parts_of`."""
        return parts_of(self.pixels)


class NoData:
    """Where maps have regions but no values: the slices of it that were looked at last."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, tuple[Any, SlicePicture | None]] = WeakKeyDictionary()
        self._lack: WeakKeyDictionary[Any, tuple[Any, bool]] = WeakKeyDictionary()

    def anywhere(self, layer: Any, component: int = 0) -> bool:
        """Whether the map of a layer lacks any region."""
        values, view = _one_map(layer, component)
        if view is None:
            return False
        if view.lacking is not None:
            return True
        key, known = (Same(shown(layer)), component), self._lack.get(layer)
        if known is None or known[0] != key:
            known = self._lack[layer] = key, bool(np.isnan(values).any())
        return known[1]

    def slice(self, layer: Any, component: int, axis: int, mm: float) -> SlicePicture | None:
        """Return the slice at `mm` along `axis`, solid where there is no data; None for nowhere.

        The same slice is the same picture when it is asked for again.
        """
        if not self.anywhere(layer, component):
            return None
        key, known = (Same(shown(layer)), component, axis, mm), self._known.get(layer)
        if known is None or known[0] != key:
            known = self._known[layer] = key, self._made(layer, component, axis, mm)
        return known[1]

    def _made(self, layer: Any, component: int, axis: int, mm: float) -> SlicePicture | None:
        values, view = _one_map(layer, component)
        scale, translate = layer.scale[-3:], layer.translate[-3:]
        index = round((mm - translate[axis]) / scale[axis])
        if view is None or not 0 <= index < view.labels.shape[axis]:
            return None
        missing = np.append(False, np.isnan(values))[view.labels.take(index, axis=axis)]
        if view.lacking is not None:
            missing |= view.lacking.take(index, axis=axis)
        if not missing.any():
            return None
        rgba = np.repeat(np.uint8(255) * missing[..., None], 4, axis=-1)
        left = [other for other in range(3) if other != axis]
        return SlicePicture(rgba, translate[left], scale[left])


def _one_map(layer: Any, component: int) -> tuple[np.ndarray, Any]:
    """Return a number for each sample, and where samples lie; None for what has no values."""
    what = shown(layer)
    if what is None or what.values is None or what.view is None:
        return np.empty(0), None
    values = what.values
    if values.ndim == 1:
        return values, what.view
    return values[:, component if what.kind != "composite" else 0], what.view


class SliceSource(Protocol):
    """What has a picture for each slice, as a template or an outline of the brain has."""

    def slice(self, axis: int, mm: float) -> SlicePicture | None:
        """Return the picture of the slice at `mm` along `axis` (0, 1, 2 for z, y, x), or None."""


@dataclass(frozen=True, eq=False)
class ImageSlices:
    """Slices of a volume of few values, each with a colour."""

    data: np.ndarray
    """Shape (z, y, x), of bool or uint8."""
    scale: np.ndarray
    translate: np.ndarray
    """`scale`, `translate`: size of a voxel and middle of the first one, in mm (z, y, x). Shape
    (3,)."""
    colors: np.ndarray
    """RGBA of each value. Of uint8, shape (n, 4)."""
    smooth: bool = False
    """Blend neighbouring voxels."""
    _last: dict[tuple[int, int], SlicePicture | None] = field(default_factory=dict, repr=False)

    def slice(self, axis: int, mm: float) -> SlicePicture | None:
        """Return the picture of a slice; None outside the volume or of nothing.

        The slice that was asked for last is the same picture when it is asked for again.
        """
        index = round((mm - self.translate[axis]) / self.scale[axis])
        if (axis, index) not in self._last:
            made = self._made(axis, index)
            self._last.clear()
            self._last[axis, index] = made
        return self._last[axis, index]

    @cached_property
    def _multiplied(self) -> np.ndarray:
        return premultiplied(self.colors)

    def _made(self, axis: int, index: int) -> SlicePicture | None:
        if not 0 <= index < self.data.shape[axis]:
            return None
        pixels = self._multiplied[self.data.take(index, axis=axis).astype(np.uint8)]
        if not pixels[..., 3].any():
            return None
        left = [other for other in range(3) if other != axis]
        return SlicePicture(pixels, self.translate[left], self.scale[left], self.smooth)
