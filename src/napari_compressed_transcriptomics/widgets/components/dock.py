"""Dock widget Components: what each component of a compression means."""

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_compressed_transcriptomics.viewer import grid
from napari_compressed_transcriptomics.widgets.shared.fields import form_layout
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice

from .component_change import ComponentChange
from .component_colors import ComponentColors
from .component_table import ComponentTable

if TYPE_CHECKING:
    import napari


class Components(QWidget):
    """Sliders for latents, the genes that follow each, and three at once in colour.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: "napari.Viewer"):
        super().__init__()
        grid.attach(napari_viewer)
        self.results = ResultChoice(napari_viewer)
        self.change = ComponentChange(napari_viewer, self.results)
        self.genes = ComponentTable(napari_viewer, self.results)
        self.colors = ComponentColors(napari_viewer, self.results)
        self.tabs = QTabWidget()
        for title, tab in (
            ("Change", self.change),
            ("Genes", self.genes),
            ("Colours", self.colors),
        ):
            self.tabs.addTab(tab, title)
        form = form_layout()
        form.addRow("Result", self.results)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.tabs)
