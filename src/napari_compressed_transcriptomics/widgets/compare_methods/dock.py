"""Dock widget Compare methods: which method tells most about the user's own data."""

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_compressed_transcriptomics.viewer import grid
from napari_compressed_transcriptomics.widgets.shared.fields import form_layout
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice

from .held_out_tab import HeldOutTab
from .latents_tab import LatentsTab

if TYPE_CHECKING:
    import napari


class CompareMethods(QWidget):
    """Compare methods on one expression layer; each tab follows the layer chosen on top.

    A tab is a widget made from the viewer and the `LayerChoice`, in a file of its own.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: "napari.Viewer"):
        super().__init__()
        grid.attach(napari_viewer)
        self.layer = LayerChoice(napari_viewer)
        self.tabs = QTabWidget()
        self.held_out = HeldOutTab(napari_viewer, self.layer)
        self.tabs.addTab(self.held_out, "Held-o&ut error")
        self.latents = LatentsTab(napari_viewer, self.layer)
        self.tabs.addTab(self.latents, "Latents")
        form = form_layout()
        form.addRow("E&xpression", self.layer)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.tabs)
