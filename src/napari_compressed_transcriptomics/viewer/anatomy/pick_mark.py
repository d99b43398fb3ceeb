"""A ring in the viewer around the place that was picked."""

from typing import Any
from weakref import proxy

import numpy as np

from napari_compressed_transcriptomics.viewer.itself import OnePerViewer, itself
from napari_compressed_transcriptomics.viewer.layer_content import shown

NAME = "picked place"
_SIZE_MM = 10.0


class PickMark:
    """Rings the picked place, in 2-D on its slice and in 3-D through everything.

    It is a Points layer on the grid of the layer that was picked, made at the first pick and
    again if the user deletes it. In grid mode it hides, where it would take a cell of its own.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    """

    def __init__(self, viewer: Any):
        self._viewer = proxy(itself(viewer))
        self._layer: Any = None
        viewer.canvas.grid.events.enabled.connect(self._on_grid)

    def show(self, pick: Any) -> None:
        """Move the ring to a `Pick`."""
        viewer = self._viewer
        under = next((x for x in viewer.layers if _shows(x, pick.parcellation)), None)
        if under is None:
            return
        scale, translate = under.scale[-3:], under.translate[-3:]
        index = (np.asarray(pick.position)[::-1] - translate) / scale
        if self._layer is not None and self._layer not in viewer.layers:
            self._layer = None
        if self._layer is None:
            self._layer = self._add(np.stack([index, index]), scale, translate)
            return
        # The layer's step is the sliders', so it takes the grid of what was picked.
        self._layer.data = np.stack([index, index])
        self._layer.scale, self._layer.translate = scale, translate
        self._layer.size = _SIZE_MM / scale[-1]

    def _add(self, data: np.ndarray, scale: np.ndarray, translate: np.ndarray) -> Any:
        viewer = self._viewer
        selected, active = set(viewer.layers.selection), viewer.layers.selection.active
        layer = viewer.add_points(
            data,
            name=NAME,
            scale=scale,
            translate=translate,
            units=("mm",) * 3,
            axis_labels=("z", "y", "x"),
            size=_SIZE_MM / scale[-1],
            symbol="disc",
            face_color="transparent",
            border_color=["black", "white"],  # one of them stands out from any colour
            border_width=[0.3, 0.12],
            canvas_size_limits=(0, 60),  # more than 0 would show where no point is, too
            blending="translucent_no_depth",
            visible=not viewer.canvas.grid.enabled,
        )
        layer.editable = False
        viewer.layers.selection = selected
        viewer.layers.selection.active = active
        return layer

    def _on_grid(self) -> None:
        if self._layer is not None:
            self._layer.visible = not self._viewer.canvas.grid.enabled


pick_mark = OnePerViewer(PickMark)
"""The mark of a viewer, which all its docks share."""


def _shows(layer: Any, parcellation: Any) -> bool:
    what = shown(layer)
    return what is not None and what.parcellation is parcellation
