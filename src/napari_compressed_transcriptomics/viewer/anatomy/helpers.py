"""Layers that help to find the way: they belong to the view, not to the data."""

from typing import Any

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
    layers = viewer.layers
    selected, active = set(layers.selection), layers.selection.active
    layer = getattr(viewer, f"add_{kind}")(
        data, units=("mm",) * 3, axis_labels=("z", "y", "x"), metadata={_KEY: True}, **attributes
    )
    if below:
        layers.move(len(layers) - 1, 0)
    layers.selection = selected
    layers.selection.active = active
    return layer


def is_helper(layer: Any) -> bool:
    """Whether a layer only helps to find the way."""
    return bool(layer.metadata.get(_KEY))
