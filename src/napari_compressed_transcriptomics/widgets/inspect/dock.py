"""Dock widget Inspect reconstruction: where, and in which genes, a compression fails."""

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_compressed_transcriptomics.viewer import grid
from napari_compressed_transcriptomics.widgets.shared.fields import form_layout
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.save_report import SaveReport

from .genes_tab import GenesTab
from .overall_tab import OverallTab
from .sample_tab import SampleTab

if TYPE_CHECKING:
    import napari


class InspectReconstruction(QWidget):
    """Look closely at one compression; each tab follows the result that is chosen on top.

    A tab is a widget made from the viewer and the `ResultChoice`, in a file of its own.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: "napari.Viewer"):
        super().__init__()
        grid.attach(napari_viewer)
        self.results = ResultChoice(napari_viewer)
        self.tabs = QTabWidget()
        overall = OverallTab(napari_viewer, self.results)
        self.tabs.addTab(overall, "Overall")
        self.tabs.addTab(GenesTab(napari_viewer, self.results), "Genes")
        self.tabs.addTab(SampleTab(napari_viewer, self.results), "Sample")
        self.report = SaveReport(self.results, overall.by_region.choice)
        form = form_layout()
        form.addRow("Result", self.results)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.tabs)
        layout.addWidget(self.report)
