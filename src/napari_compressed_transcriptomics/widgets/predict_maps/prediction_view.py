"""Result of a prediction: bars, a table, plot and maps of a row, and files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QFileDialog, QMessageBox, QPlainTextEdit, QWidget

from napari_compressed_transcriptomics.core.progress import Progress, Report
from napari_compressed_transcriptomics.figures.prediction_plots import (
    predicted_against_target,
    utility_bars,
)
from napari_compressed_transcriptomics.io.files.overwriting import check_targets
from napari_compressed_transcriptomics.io.readers.targets import notes_on
from napari_compressed_transcriptomics.io.writers.prediction import (
    prediction_files,
    save_prediction,
    sources,
)
from napari_compressed_transcriptomics.viewer.prediction_layers import show_prediction
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.back import back
from napari_compressed_transcriptomics.widgets.shared.fields import push_button, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.layouts import stack
from napari_compressed_transcriptomics.widgets.shared.plot_section import PlotSection
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar
from napari_compressed_transcriptomics.widgets.shared.session import session

from .score_table import ScoreTable

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.predict import Prediction


class PredictionView(QWidget):
    """Shows a prediction, plots the row chosen, puts its maps into the viewer, and saves."""

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = viewer
        self.prediction: Prediction | None = None
        self.figure = FigureView(viewer)
        self.doubt = wrapping_label()
        self.table = ScoreTable()
        self.show_maps = push_button(
            "Show &maps",
            "The target of the row chosen, its prediction and its error side by side; other "
            "layers are hidden (Enter in the table does the same)",
            self._show_maps,
        )
        self.save = RunBar("Save prediction", "Sa&ve…")
        self.save.run.setToolTip("Tables, figure, predicted maps and their errors into a folder")
        self.save.cancel.hide()  # all files or none, at once
        self.row = PlotSection("Samples of this row", "prediction", FigureView(viewer, (240, 220)))
        self.notes = QPlainTextEdit()
        self.notes.setReadOnly(True)
        self.notes.setTabChangesFocus(True)
        self.notes.setMinimumHeight(70)
        self.notes.setMaximumHeight(130)
        below = self.show_maps, self.row, self.notes, self.save
        stack(self, self.figure, self.doubt, (self.table, 1), *below)
        self.table.chosen.connect(self._refresh)
        self.table.wanted.connect(self._show_maps)
        self.save.calls(self._ask, self._on_saved, self._refresh)
        self._refresh()

    def show_prediction(self, prediction: "Prediction") -> None:
        """Show another prediction."""
        self.prediction = prediction
        panels = {(score.regressor, score.split) for score in prediction.scores}
        bars = {(score.method, score.latent_size) for score in prediction.scores}
        self.figure.canvas.setFixedHeight(60 + len(panels) * (40 + 24 * max(3, len(bars))))
        self.figure.draw(lambda figure, foreground: utility_bars(prediction, figure, foreground))
        known = prediction.compartments
        doubt = known.note if known is not None and known.doubtful else ""
        self.doubt.setText(f"p: {doubt}." if doubt else "")
        self.doubt.setVisible(bool(doubt))
        self.table.set_scores(prediction.scores, doubt)
        notes = _notes(prediction)
        self.notes.setPlainText("\n".join(notes))
        self.notes.setVisible(bool(notes))
        self.save.status.clear()
        self._refresh()

    def _refresh(self) -> None:
        score, there = self.table.score, self.prediction is not None
        self.show_maps.setEnabled(score is not None)
        self.table.setVisible(there)
        self.figure.setVisible(there)
        self.notes.setVisible(there and bool(self.notes.toPlainText()))
        self.save.allow("" if there else "Press Run to predict maps.")
        self.row.setVisible(score is not None)
        if score is not None and self.prediction is not None:
            n = int(np.isfinite(self.prediction.predicted(score)).sum())
            words = f"{n} of {self.prediction.request.expression.n_samples} samples"
            self.row.show_plot(partial(predicted_against_target, self.prediction, score), words)

    def _show_maps(self) -> None:
        if self.prediction is not None and self.table.score is not None:
            back(self._viewer).remember()
            show_prediction(self._viewer, self.prediction, self.table.score)

    def _ask(self) -> None:
        prediction = self.prediction
        folder = QFileDialog.getExistingDirectory(self, "Folder for tables, figure and maps")
        if not folder or prediction is None:
            return
        with user_errors_shown():
            names = prediction_files(list(dict.fromkeys(s.target for s in prediction.scores)))
            check_targets(folder, names, sources(prediction.request))
            there = [name for name in names if (Path(folder) / name).exists()]
            if not there or _may_replace(self, folder, len(there)):
                self.save.start(partial(_save, prediction, folder))

    def _on_saved(self, saved: "tuple[Prediction, str]") -> None:
        prediction, folder = saved
        self.save.status.setText(f"Saved to {folder}")
        work = session(self._viewer).work
        if work.prediction is prediction:
            work.keep_study("prediction", prediction, Path(folder))


def _save(prediction: "Prediction", folder: str, report: Report) -> "tuple[Prediction, str]":
    report(Progress("Saving", 0, 1))
    save_prediction(prediction, folder)
    return prediction, folder


def _may_replace(parent: QWidget, folder: str, n: int) -> bool:
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    words = f"{folder} holds {n} files of an earlier prediction. Replace them?"
    return QMessageBox.question(parent, "Save prediction", words, yes | no, no) == yes


def _notes(prediction: "Prediction") -> list[str]:
    """Return what was noticed, the same of many files once."""
    request = prediction.request
    said = {note for target in request.targets for note in target.notes}
    others = [note for note in prediction.notes if note not in said]
    return [*others, *notes_on(request.targets), *request.expression.notes]
