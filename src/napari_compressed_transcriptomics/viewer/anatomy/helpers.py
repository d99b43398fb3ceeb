"""Layers that help to find the way: they belong to the view, not to the data."""

from typing import Any

from napari_compressed_transcriptomics.viewer.selected_layers import selection_kept

_KEY = "compressed_transcriptomics_helper"


def add_helper(viewer: Any, kind: str, data: Any, *, below: bool, **attributes: Any) -> Any:
    """Add a layer below or above all others; what was selected stays so.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    kind : str
        Of layer: ``image``, ``vectors``, ``surface``, ...
    data : as that layer has it, axes (z, y, x)
    below : bool
    attributes
        Of the layer; it lies in mm.
    """
    add = getattr(viewer, f"add_{kind}")
    attributes |= {"units": ("mm",) * 3, "axis_labels": ("z", "y", "x"), "metadata": {_KEY: True}}
    with selection_kept(viewer):
        layer = add(data, **attributes)
        if below:
            viewer.layers.move(len(viewer.layers) - 1, 0)
    return layer


def is_helper(layer: Any) -> bool:
    """Whether a layer only helps to find the way."""
    return bool(layer.metadata.get(_KEY))
