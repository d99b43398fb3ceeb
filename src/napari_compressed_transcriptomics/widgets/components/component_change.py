"""Tab Change: move the latents of one sample, and see which genes change."""

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QPushButton, QScrollArea, QWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.component_plots import change_bars
from napari_compressed_transcriptomics.reconstruction.components import check_rows_are_alone
from napari_compressed_transcriptomics.reconstruction.latent_change import (
    decoded_change,
    usual_range,
)
from napari_compressed_transcriptomics.widgets.shared.fields import choice, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.following import soon
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, form, stack
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.session import Pick, session

from .latent_sliders import LatentSliders

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_STARTS = {"mean": "Mean of all samples", "picked": "Sample clicked"}
_HEIGHT_OF_EIGHT = 170
_MILLISECONDS_BETWEEN_PLOTS = 60


class ComponentChange(Tab):
    """Sliders for the latents, and the genes that change most against the start."""

    def __init__(self, viewer: Any, results: ResultChoice):
        super().__init__(viewer, results)
        self._session = session(viewer)
        self._start_latents: np.ndarray | None = None
        self.start = choice(_STARTS)
        self.where = wrapping_label()
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.sliders: LatentSliders | None = None
        self.reset = QPushButton("&Reset to the start")
        self.view = FigureView(viewer, (240, 300))
        self._timer = soon(self, self._plot, _MILLISECONDS_BETWEEN_PLOTS)  # at the plot's own pace
        start = form(("&Start from", self.start))
        stack(self, start, self.where, (self.area, 1), self.reset, (self.view, 2))
        results.changed.connect(self._on_result)
        self.start.currentIndexChanged.connect(self._begin)
        self._session.picked.connect(self._on_pick)
        self.reset.clicked.connect(self._begin)
        self._on_result()

    def _on_result(self) -> None:
        """Make sliders for the result, if there is one that can be taken apart."""
        result, self.sliders = self._chosen.result, None
        problem = "" if result is not None else "Run Compress first."
        if result is not None:
            try:
                check_rows_are_alone(result.codec)
                self.sliders = LatentSliders(usual_range(result.latents))
                self.sliders.moved.connect(self._on_moved)
            except UserError as error:
                problem = str(error)
        self.area.setWidget(self.sliders or QWidget())
        needed = self.sliders.sizeHint().height() + 4 if self.sliders is not None else 0
        self.area.setMinimumHeight(min(max(needed, 90), _HEIGHT_OF_EIGHT))
        self.area.setMaximumHeight(max(needed, 90))
        self.start.setEnabled(self.sliders is not None)
        self._begin()
        if problem:
            self.where.setText(problem)

    def _on_pick(self, pick: Pick) -> None:
        if self.start.currentData() == "picked":
            self._begin()

    def _begin(self) -> None:
        """Set the sliders to where they start."""
        result, pick = self._chosen.result, self._session.pick
        self._start_latents, words = None, ""
        if result is not None and self.sliders is not None:
            if self.start.currentData() == "mean":
                self._start_latents = result.latents.mean(axis=0)
            elif pick is not None and pick.parcellation is result.expression.parcellation:
                self._start_latents = result.latents[pick.sample]
                place = ", ".join(f"{mm:.0f}" for mm in pick.position)
                words = f"{result.expression.samples[pick.sample]} at {place} mm"
            else:
                words = "Click a sample of this result in the brain."
        self.where.setText(words)
        self.where.setVisible(bool(words) or self.sliders is None)
        self.reset.setEnabled(self._start_latents is not None)
        if self.sliders is not None:
            self.sliders.setEnabled(self._start_latents is not None)
            if self._start_latents is not None:
                self.sliders.show_latents(self._start_latents)
        self._plot()

    def _on_moved(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _plot(self) -> None:
        self._timer.stop()
        result, start, sliders = self._chosen.result, self._start_latents, self.sliders
        if result is None or start is None or sliders is None:
            self.view.draw(None)
            return
        change = np.zeros(len(result.codec.genes), np.float32)
        if not np.array_equal(start, sliders.latents):
            change = decoded_change(result.codec, start, sliders.latents.astype(np.float32))
        self.view.draw(lambda figure, color: _bars(result, change, figure, color))


def _bars(result: "Reconstruction", change: np.ndarray, figure: "Figure", color: str) -> None:
    change_bars(result.codec.genes, change, figure, color)
    if not figure.axes:
        words = "Move a slider:\nthe genes that change most\nappear here"
        figure.text(0.5, 0.6, words, color=color, ha="center", va="center", fontsize=9)
