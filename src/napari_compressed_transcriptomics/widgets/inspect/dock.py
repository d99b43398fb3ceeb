"""Dock widget Inspect reconstruction: where, and in which genes, a compression fails."""

from typing import Any

from napari_compressed_transcriptomics.widgets.shared.dock import Dock
from napari_compressed_transcriptomics.widgets.shared.layouts import tabs
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice

from .genes_tab import GenesTab
from .overall_tab import OverallTab
from .sample_tab import SampleTab
from .save_report import SaveReport


class InspectReconstruction(Dock):
    """Look closely at one compression; each tab follows the result that is chosen on top.

    A tab is a widget made from the viewer and the `ResultChoice`, in a file of its own.
    """

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.results = ResultChoice(napari_viewer)
        overall = OverallTab(napari_viewer, self.results)
        genes = GenesTab(napari_viewer, self.results)
        sample = SampleTab(napari_viewer, self.results)
        self.tabs = tabs({"Overall": overall, "Genes": genes, "Sample": sample})
        overall.worst.clicked.connect(lambda: self._show_worst(sample))
        self.report = SaveReport(self.results, overall.by_region.choice)
        self.lay_out((self.tabs, 1), self.report, chosen=("Result", self.results))

    def _show_worst(self, sample: SampleTab) -> None:
        self.tabs.setCurrentWidget(sample)
        sample.worst.click()
