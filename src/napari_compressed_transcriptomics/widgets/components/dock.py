"""Dock widget Components: what each component of a compression means."""

from typing import Any

from napari_compressed_transcriptomics.widgets.shared.dock import Dock
from napari_compressed_transcriptomics.widgets.shared.layouts import tabs
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice

from .component_change import ComponentChange
from .component_colors import ComponentColors
from .component_table import ComponentTable


class Components(Dock):
    """Sliders for latents, the genes that follow each, and three at once in colour."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.results = ResultChoice(napari_viewer)
        self.change = ComponentChange(napari_viewer, self.results)
        self.genes = ComponentTable(napari_viewer, self.results)
        self.colors = ComponentColors(napari_viewer, self.results)
        self.tabs = tabs({"Change": self.change, "Genes": self.genes, "Colours": self.colors})
        self.lay_out((self.tabs, 1), chosen=("Result", self.results))
