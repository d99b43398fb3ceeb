"""A button that tells the chosen result on one page of HTML."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.viewer.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.progress import Report
    from napari_compressed_transcriptomics.core.regions import Regions
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction
    from napari_compressed_transcriptomics.widgets.shared.region_choice import RegionChoice
    from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice


class SaveReport(RunBar):
    """Asks for a file and writes the report there, with progress and Cancel.

    Parameters
    ----------
    results : ResultChoice
        Tells which result.
    regions : RegionChoice, optional
        Tells the regions for the error by region; a region table's own where not given.
    """

    def __init__(self, results: "ResultChoice", regions: "RegionChoice | None" = None):
        super().__init__("Report")
        self._results, self._regions = results, regions
        self.run.setText("Save &report…")
        self.run.setToolTip(
            "Slices and 3-D views of error and components, the plots, the best and worst genes "
            "and samples, and how it was made, as one HTML page that needs nothing else (Alt+R)."
        )
        self.clicked.connect(self._ask)
        self.succeeded.connect(lambda path: self.status.setText(f"Saved {path}"))
        self.ended.connect(self._refresh)
        results.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        self.allow("" if self._results.result is not None else "Run Compress first.")

    def _ask(self) -> None:
        from napari_compressed_transcriptomics.io.writers.report_file import check_report_path

        result = self._results.result
        assert result is not None
        name = f"{result.expression.name}_{result.codec.id}_{result.codec.latent_size}.html"
        path, _ = QFileDialog.getSaveFileName(self, "Save report", name, "Web pages (*.html)")
        if not path:
            return
        with user_errors_shown():
            check_report_path(path, {"source": result.expression.source})
            regions = None
            if self._regions is not None and self._regions.layer is not None:
                regions = self._regions.regions(result)
            self.start(partial(_save, result, regions, Path(path)))


def _save(
    result: "Reconstruction", regions: "Regions | None", path: Path, report: "Report"
) -> Path:
    from napari_compressed_transcriptomics.figures.report.page import report_of
    from napari_compressed_transcriptomics.io.writers.report_file import write_report

    return write_report(path, report_of(result, regions=regions, report=report))
