"""Buttons that write the chosen result as HTML: a report, or a page that decodes any gene."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.progress import Report
    from napari_compressed_transcriptomics.core.regions import Regions
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction
    from napari_compressed_transcriptomics.widgets.shared.region_choice import RegionChoice
    from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice


class SaveReport(RunBar):
    """Asks for a file and writes the report or the page there, with progress and Cancel.

    Parameters
    ----------
    results : ResultChoice
        Tells which result.
    regions : RegionChoice, optional
        Tells the regions for the error by region; a region table's own where not given.
    """

    def __init__(self, results: "ResultChoice", regions: "RegionChoice | None" = None):
        self.page = QPushButton("Save pa&ge…")
        super().__init__("Report", others=[self.page])
        self._results, self._regions = results, regions
        self.run.setText("Save &report…")
        self.run.setToolTip(
            "Slices and 3-D views of error and components, the plots, the best and worst genes "
            "and samples, and how it was made, as one HTML page that needs nothing else (Alt+R)."
        )
        self.page.setToolTip(
            "Any gene's reconstruction in slices and in 3-D, its error, and the components, in one "
            "HTML file that opens in any browser without a network (Alt+G)."
        )
        self.clicked.connect(self._ask)
        self.page.clicked.connect(self._ask_for_page)
        self.succeeded.connect(lambda path: self.status.setText(f"Saved {path}"))
        self.ended.connect(self._refresh)
        results.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        self.allow("" if self._results.result is not None else "Run Compress first.")

    def _ask(self) -> None:
        result = self._results.result
        assert result is not None
        path = self._path("Save report", result)
        if path is None:
            return
        with user_errors_shown():
            regions = None
            if self._regions is not None and self._regions.layer is not None:
                regions = self._regions.regions(result)
            self.start(partial(_save, result, regions, path))

    def _ask_for_page(self) -> None:
        result = self._results.result
        assert result is not None
        path = self._path("Save page", result, "_genes")
        if path is not None:
            self.start(partial(_save_page, result, path))

    def _path(self, title: str, result: "Reconstruction", ending: str = "") -> Path | None:
        """Ask for a file; return it if it can be written."""
        from napari_compressed_transcriptomics.io.writers.report_file import check_report_path

        codec = result.codec
        name = f"{result.expression.name}_{codec.id}_{codec.latent_size}{ending}.html"
        path, _ = QFileDialog.getSaveFileName(self, title, name, "Web pages (*.html)")
        if path:
            with user_errors_shown():
                check_report_path(path, {"source": result.expression.source})
                return Path(path)
        return None


def _save(
    result: "Reconstruction", regions: "Regions | None", path: Path, report: "Report"
) -> Path:
    from napari_compressed_transcriptomics.figures.report.page import report_of
    from napari_compressed_transcriptomics.io.writers.report_file import write_report

    return write_report(path, report_of(result, regions=regions, report=report))


def _save_page(result: "Reconstruction", path: Path, report: "Report") -> Path:
    from napari_compressed_transcriptomics.io.writers.page_file import write_page

    return write_page(result, path, report=report)
