"""Dock widget Compare methods: which method tells most about the user's own data."""

from typing import Any

from napari_compressed_transcriptomics.widgets.shared.dock import Dock
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.layouts import tabs

from .held_out_tab import HeldOutTab
from .latents_tab import LatentsTab


class CompareMethods(Dock):
    """Compare methods on one expression layer; each tab follows the layer chosen on top.

    A tab is a widget made from the viewer and the `LayerChoice`, in a file of its own.
    """

    recalls = True
    not_recalled = ("held_out.form.device.combo",)

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.layer = LayerChoice(napari_viewer)
        self.held_out = HeldOutTab(napari_viewer, self.layer)
        self.latents = LatentsTab(napari_viewer, self.layer)
        self.tabs = tabs({"Held-o&ut error": self.held_out, "Latents": self.latents})
        self.lay_out((self.tabs, 1), chosen=("E&xpression", self.layer))
