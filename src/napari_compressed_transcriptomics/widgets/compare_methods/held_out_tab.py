"""Tab Held-out error of the dock Compare methods: how well methods give back unseen samples."""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size
from napari_compressed_transcriptomics.io.writers.comparison import (
    compare_into_folder,
    save_comparison,
)
from napari_compressed_transcriptomics.io.writers.reopen.studies import SavedComparison
from napari_compressed_transcriptomics.repeat.command import Repeat, results_in
from napari_compressed_transcriptomics.repeat.studies import compare_again
from napari_compressed_transcriptomics.study.compare import (
    CompareProgress,
    Comparison,
    compare_methods,
)
from napari_compressed_transcriptomics.study.compare_outlook import Outlook, outlook
from napari_compressed_transcriptomics.study.compare_request import CompareRequest, Fit
from napari_compressed_transcriptomics.study.compare_score import Score
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.background import Background
from napari_compressed_transcriptomics.widgets.shared.fields import push_button, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.following import soon
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, scrolled
from napari_compressed_transcriptomics.widgets.shared.plot_section import PlotSection
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar
from napari_compressed_transcriptomics.widgets.shared.session import session

from .held_out_form import HeldOutForm
from .method_table import MethodTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_compressed_transcriptomics.core.progress import Progress

_MILLISECONDS_BETWEEN_DRAWINGS = 500
_TIMES_DRAWING = 10  # a tenth of the time is for drawing at most
_PANEL_HEIGHT, _LEGEND_HEIGHT = 210, 40


class HeldOutTab(Tab):
    """Fits methods to part of the samples and shows their error on the rest, as it comes.

    What was measured of the same data, seed and folds stays, and is not fitted again.
    """

    def __init__(self, viewer: Any, layer: LayerChoice):
        super().__init__(viewer, layer)
        self._request: CompareRequest | None = None
        self._scores: dict[Fit, Score] = {}
        self._notes: tuple[str, ...] = ()
        self._unforeseen: list[str] = []
        self._complete = False
        self._opened = ""
        self._directory: Path | None = None
        self.form = HeldOutForm(layer)
        self.outlook = wrapping_label()
        self.bar = RunBar("Compare methods", "&Compare", keep_best=True, tells=False)
        view = FigureView(viewer, (240, _PANEL_HEIGHT + _LEGEND_HEIGHT))
        self.plot = PlotSection("Error on held-out samples", "held_out_error", view)
        self.table = MethodTable()
        self.save = push_button(
            "S&ave comparison…",
            "Table (CSV), settings (JSON) and figure (PNG) to a folder",
            self._save,
        )
        self._arrange()

        self._background = Background(self)
        self._background.answered.connect(self._on_outlook)
        self._soon = soon(self, self._show, _MILLISECONDS_BETWEEN_DRAWINGS)
        self.form.changed.connect(self._refresh)
        self.bar.calls(self._start, self._on_compared, self._on_ended, self._again)
        self.bar.progressed.connect(self._on_progress)
        self._work = session(viewer).work
        self._work.study_opened.connect(self._on_opened)
        if self._work.comparison is not None:  # of a dock that was closed
            self._take(self._work.comparison)
        self._refresh()
        self._show()

    def _on_opened(self) -> None:
        if self._work.comparison is not None and self.bar.job is None:
            self._take(self._work.comparison)
            self._on_ended()

    def _take(self, comparison: Comparison | SavedComparison) -> None:
        if isinstance(comparison, SavedComparison):
            self._request, self._opened = None, comparison.words
        else:
            self._request, self._complete = comparison.request, comparison.complete
        self._notes = comparison.notes
        self._scores = {score.fit: score for score in comparison.scores}

    def _arrange(self) -> None:
        parts = self.form, self.bar, self.outlook, self.plot, self.table, self.save
        scrolled(self, *parts, 0, margins=2)

    def _refresh(self) -> None:
        """Say what Run would do now, or why it cannot."""
        try:
            request = self.form.request()
        except UserError as error:
            self._on_outlook(Outlook(str(error)))
            return
        known = set(self._scores) if self._holds_for(request) else set[Fit]()
        self.bar.allow("")
        self._background.ask(partial(outlook, request, known))

    def _on_outlook(self, answer: Outlook) -> None:
        self.form.methods.offer(answer.impossible)
        self.outlook.setText("\n".join([*answer.notes, *([answer.cost] if answer.cost else [])]))
        if answer.problem:
            self.bar.allow(answer.problem)

    def _again(self) -> Repeat:
        request = self.form.request()
        out = self.form.directory or results_in(request.expression.name, "compared")
        return compare_again(request, out)

    def _holds_for(self, request: CompareRequest) -> bool:
        """Whether what is measured already need not be for this request."""
        return self._request is not None and request.comparable_with(self._request)

    def _start(self) -> None:
        with user_errors_shown():
            request, directory = self.form.request(), self.form.directory
            self._directory = directory
            if not self._holds_for(request):
                self._scores = {}
            self._request, self._complete = request, False
            self._notes, self._unforeseen = (), []
            known = dict(self._scores)
            self._show()
            if directory is None:
                self.bar.start(partial(compare_methods, request, known))
            else:
                self.bar.start(
                    lambda report: compare_into_folder(
                        request, directory, known.values(), report=report
                    )
                )

    def _on_progress(self, progress: "Progress") -> None:
        foreseen = False
        if isinstance(progress, CompareProgress):
            foreseen = progress.foreseen
            new = [*progress.known, *([progress.score] if progress.score else [])]
            self._scores |= {score.fit: score for score in new}
        if progress.message:
            self._notes += (progress.message,)
            if not foreseen:
                self._unforeseen.append(f"{progress.message}.")
        if (progress.message or progress.values) and not self._soon.isActive():
            self._soon.start()

    def _on_compared(self, comparison: Comparison) -> None:
        self._work.keep_study("comparison", comparison, self._directory)
        self._take(comparison)
        self._show()
        words = "Compared." if comparison.complete else f"{comparison.notes[-1]}."
        kept = f" Kept in {self._directory}" if self._directory is not None else ""
        self.bar.status.setText(words + kept)

    def _on_ended(self) -> None:
        self._show()
        self._refresh()

    def _show(self) -> None:
        """Show the scores there are."""
        self._soon.stop()
        scores = list(self._scores.values())
        panels = len({score.split for score in scores})
        self.plot.view.canvas.setMinimumHeight(_PANEL_HEIGHT * max(1, panels) + _LEGEND_HEIGHT)
        self.plot.show_plot(partial(self._plot, scores) if scores else None, self._note())
        self.table.setVisible(bool(scores))
        self.table.show_scores(scores)
        known = self._request is not None  # else it lies in the folder that it was opened from
        self.save.setEnabled(bool(scores) and known and self.bar.job is None)

    def _plot(self, scores: list[Score], **how: Any) -> "Figure":
        begun = time.perf_counter()
        figure = error_by_size(scores, **how)
        took = 1000 * (time.perf_counter() - begun)
        self._soon.setInterval(int(max(_MILLISECONDS_BETWEEN_DRAWINGS, _TIMES_DRAWING * took)))
        return figure

    def _note(self) -> str:
        if self._request is None:
            return self._opened
        data = self._request.expression
        size = f"{data.name}: {data.n_samples:,} samples × {data.n_genes:,} genes."
        return "\n".join([size, *self._unforeseen])

    def _save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the comparison")
        if folder and self._request is not None:
            scores = tuple(self._scores.values())
            with user_errors_shown():
                comparison = Comparison(self._request, scores, self._notes, self._complete)
                save_comparison(comparison, folder)
                self._work.keep_study("comparison", comparison, Path(folder))
                self.bar.status.setText(f"Saved in {folder}")
