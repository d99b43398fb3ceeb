"""Tab Held-out error of the dock Compare methods: how well methods give back unseen samples."""

from typing import Any

from qtpy.QtWidgets import QWidget

from .layer_choice import LayerChoice


class HeldOutTab(QWidget):
    """Fits methods to part of the samples and shows their error on the rest.

    Parameters
    ----------
    viewer : napari.Viewer
    layer : LayerChoice
        Tells which data.
    """

    def __init__(self, viewer: Any, layer: LayerChoice):
        super().__init__()
