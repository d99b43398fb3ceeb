"""Tab Overall: how well all values are given back, and where they are not."""

from functools import partial
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.figures.plots import density_plot, error_histogram
from napari_compressed_transcriptomics.reconstruction.joint_histogram import (
    JointHistogram,
    density_of,
)
from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import why_elsewhere
from napari_compressed_transcriptomics.viewer.window.notices import report, sentence
from napari_compressed_transcriptomics.widgets.shared.dock import open_dock
from napari_compressed_transcriptomics.widgets.shared.fields import push_button, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.job import Job
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, scrolled
from napari_compressed_transcriptomics.widgets.shared.plot_section import PLOT_WIDTH, PlotSection

from .region_errors import RegionErrors

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction
    from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice


_MEANING = (
    "RMSE: root of the mean squared difference between original and reconstruction over all "
    "samples and genes, in the units of the data. 0 is perfect.\n"
    "R²: 1 minus the sum of squared differences over the sum of squares about each gene's mean. "
    "1 is perfect; 0 is no better than each gene's mean everywhere.\n"
    "Samples are voxels, or the rows of a region table."
)


class OverallTab(Tab):
    """Shows one result as a whole: all values, all samples, and all regions."""

    def __init__(self, viewer: Any, results: "ResultChoice"):
        super().__init__(viewer, results)
        self._result: Reconstruction | None = None
        self._job: Job | None = None
        self.summary = wrapping_label()
        self.summary.setToolTip(_MEANING)
        self.worst = push_button("Go to the &worst sample", "Where the error is largest (Sample)")
        self.held_out = push_button(
            "Measure held-out error…",
            "Go to Compress, which then measures the error of samples it was not fitted to, too",
        )
        self.density = PlotSection("All values", "original_and_reconstruction", FigureView(viewer))
        self.histogram = PlotSection("Error by sample", "error_by_sample", FigureView(viewer))
        self.by_region = RegionErrors(viewer)

        self.density.view.canvas.setFixedHeight(285)
        self.histogram.view.canvas.setFixedHeight(200)

        parts = (
            self.summary,
            self.held_out,
            self.worst,
            self.density,
            self.histogram,
            self.by_region,
        )
        self.column = scrolled(self, *parts, 1, width=PLOT_WIDTH)

        results.changed.connect(self._refresh)
        self.by_region.went_to.connect(self._scroll_to)
        self.held_out.clicked.connect(self._go_to_held_out)
        self._show(None)

    def showEvent(self, event: Any) -> None:
        """Catch up with what changed while another tab was in front."""
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        """Show the result chosen; nothing while nobody looks."""
        result = self._chosen.result if self.isVisible() else None
        if result is not self._result:
            self._show(result)

    def _show(self, result: "Reconstruction | None") -> None:
        self._result = result
        self._drop_job()
        self.summary.setText("Run Compress first." if result is None else _summary(result))
        in_sample = result is not None and result.in_sample and result.held_out is None
        self.held_out.setVisible(in_sample)
        measured = result is not None and result.has_errors
        self.worst.setVisible(measured)
        for widget in (self.density, self.histogram, self.by_region):
            widget.setVisible(measured)
        self.by_region.show_result(result if measured else None)
        if result is None or not measured:
            self.density.show_plot(None)
            self.histogram.show_plot(None)
        else:
            self.histogram.show_plot(partial(error_histogram, result.rmse_samples))
            if result.density is None and not result.has_originals:
                self.density.show_plot(None, why_elsewhere(result.expression))
                return
            self.density.show_plot(None, "Counting…")
            self._job = Job(
                lambda report: density_of(result, report=report), "Counting values", parent=self
            )
            self._job.succeeded.connect(self._show_density)
            self._job.failed.connect(self._on_failure)
            self._job.start()

    def _show_density(self, density: JointHistogram) -> None:
        assert self._result is not None
        self._drop_job()
        self.density.show_plot(partial(density_plot, density, self._result.rmse))

    def _on_failure(self, error: BaseException) -> None:
        self._drop_job()
        self.density.show_plot(None, sentence(error))
        report(error, "Inspect reconstruction")

    def _drop_job(self) -> None:
        """End the counting, if it goes on; what comes of it is of no interest any more."""
        job, self._job = self._job, None
        if job is not None:
            job.blockSignals(True)
            job.cancel()
            job.deleteLater()

    def _go_to_held_out(self) -> None:
        compress = open_dock(self._viewer, "Compress")
        if compress is not None:
            compress.held_out.setChecked(True)

    def _scroll_to(self, y: int) -> None:
        content = self.column.widget()
        assert content is not None
        self.column.ensureVisible(0, self.by_region.mapTo(content, self.rect().topLeft()).y() + y)


def _summary(result: "Reconstruction") -> str:
    expression = result.expression
    if not result.has_errors:
        size = f"{expression.n_samples:,} samples × {expression.n_genes:,} genes"
        return f"{size}<br>{why_elsewhere(expression)}"
    filled = f" ({len(expression.filled):,} filled in, left out)" if expression.filled else ""
    unseen = "" if result.held_out is None else f"{result.held_out.in_words(result.rmse)}<br>"
    where = f" {IN_SAMPLE}" if result.in_sample else ""
    return (
        f"<b>RMSE {result.rmse:.4f}, R² {result.r2:.3f}</b>{where}<br>{unseen}"
        f"{expression.n_samples:,} samples × {expression.n_genes:,} genes{filled}"
    )
