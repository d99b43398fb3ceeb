"""Lines through the place that is looked at."""

from typing import Any
from weakref import proxy

import numpy as np

from .background import grid_of
from .helpers import add_helper, is_helper

NAME = "crosshair"
_COLOR = "#39d353"
_WIDTH = 0.6  # mm


class Crosshair:
    """Keeps lines along the three axes at the place, in 2-D and 3-D.

    They are a layer on the grid of the topmost map, from its first voxel to its last, so that
    the sliders stay as they were.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    """

    def __init__(self, viewer: Any):
        self._viewer = proxy(viewer)
        self._layer: Any = None

    def show(self, place: np.ndarray) -> None:
        """Draw it, or move it, at a place (x, y, z) in RAS mm."""
        viewer = self._viewer
        under = next((x for x in reversed(viewer.layers) if x.ndim >= 3 and not is_helper(x)), None)
        if under is None or not hasattr(under, "contrast_limits") or len(place) < 3:
            return
        grid = grid_of(under)
        last = np.array(grid.shape) - 1
        at = np.subtract(place[::-1], grid.translate) / grid.scale
        lines = np.zeros((3, 2, 3), np.float32)
        lines[:, 0] = np.clip(at, 0, last)
        lines[range(3), 0, range(3)] = 0
        lines[range(3), 1, range(3)] = last
        if self._layer is not None and self._layer not in viewer.layers:
            self._layer = None
        if self._layer is None:
            self._layer = add_helper(
                viewer,
                "vectors",
                lines,
                below=False,
                name=NAME,
                scale=grid.scale,
                translate=grid.translate,
                vector_style="line",
                edge_color=_COLOR,
                edge_width=_WIDTH / min(grid.scale),
                opacity=0.8,
                blending="translucent_no_depth",
            )
            return
        layer = self._layer
        if tuple(layer.scale) != grid.scale or tuple(layer.translate) != grid.translate:
            layer.scale, layer.translate = grid.scale, grid.translate
        with layer.events.extent.blocker():  # the lines' ends stay, and to look takes napari long
            layer.data = lines

    def remove(self) -> None:
        """Take it away."""
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
