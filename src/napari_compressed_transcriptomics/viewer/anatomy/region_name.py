"""The region under the mouse, told in the status bar."""

from typing import Any
from weakref import proxy

import numpy as np

from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.region_layers import label_names


class RegionName:
    """Tells which region the mouse is over, in slices, at the right end of the status bar.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
        Where the mouse is.
    told : napari.Viewer or napari.components.ViewerModel
        Whose status bar tells it.
    """

    def __init__(self, viewer: Any, told: Any):
        self._viewer: Any = proxy(viewer)
        self._told: Any = proxy(told)
        self._name = ""
        viewer.cursor.events.position.connect(self._on_move)

    def _on_move(self, event: Any = None) -> None:
        viewer = self._viewer
        name = region_at(viewer.layers, viewer.cursor.position) if viewer.dims.ndisplay == 2 else ""
        if name != self._name:
            self._name = self._told.help = name


def region_at(layers: Any, position: Any) -> str:
    """Return the name of the region at a place, empty where there is none.

    The topmost visible map of regions tells it, else the topmost Labels layer whose features
    name its labels, visible or not.

    Parameters
    ----------
    layers : napari.components.LayerList
    position : sequence of float
        World coordinates, the last three in mm (z, y, x).
    """
    place = np.asarray(position, float)[-3:]
    if len(place) < 3:
        return ""
    named = [layer for layer in reversed(layers) if layer.visible and shown(layer) is not None]
    for layer in named:
        what = shown(layer)
        if what is None or what.view is None or what.expression is None:
            continue
        if int(what.view.voxels_per_sample.max(initial=0)) > 1:
            sample = _value(what.view.labels, layer, place) - 1
            if 0 <= sample < len(what.expression.samples):
                return what.expression.samples[sample]
    for layer in reversed(layers):
        if getattr(layer, "features", None) is not None and hasattr(layer, "contour"):
            names = label_names(layer)
            if names and layer.ndim == 3 and not layer.multiscale:
                name = names.get(_value(layer.data, layer, place), "")
                if name:
                    return name
    return ""


def _value(labels: np.ndarray, layer: Any, place: np.ndarray) -> int:
    """Return the label of a layer's grid at a place, 0 beyond its edges."""
    index = np.rint((place - layer.translate[-3:]) / layer.scale[-3:]).astype(int)
    if (index < 0).any() or (index >= labels.shape).any():
        return 0
    return int(labels[tuple(index)])
