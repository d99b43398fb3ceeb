"""Dock widget Latent space: samples as points of two components, linked to the brain."""

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_compressed_transcriptomics.reconstruction.latent_space import Coloring
from napari_compressed_transcriptomics.viewer import selection
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.viewer.window.worker import Worker

from .color_choice import ColorChoice
from .scatter_view import ScatterView
from .shared.dock import Dock
from .shared.fields import Choice, push_button, wrapping_label
from .shared.following import follow
from .shared.layouts import form, row
from .shared.result_choice import ResultChoice
from .shared.session import Pick, session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Parcellation

_HOW = (
    "Click a point to see it in the brain, drag around points to select them; with Shift they "
    "add to those selected, Escape clears."
)


class LatentSpace(Dock):
    """Scatter of two components; what is selected or clicked in it shows in the brain.

    The selection stays when another compression of the same data is chosen, so that two can be
    compared. A click in the brain marks the point.
    """

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._session = session(napari_viewer)
        self._parcellation: Parcellation | None = None
        self._selected: np.ndarray | None = None
        self._layer: Any = None
        self._coloring: Coloring | None = None
        self.results = ResultChoice(napari_viewer)
        self.across, self.up = Choice(), Choice()
        for combo in (self.across, self.up):
            combo.setMinimumContentsLength(3)
        self.across.setToolTip("Component along the horizontal axis; type its number.")
        self.up.setToolTip("Component along the vertical axis; type its number.")
        self.color = ColorChoice(napari_viewer)
        self.plot = ScatterView(napari_viewer)
        self.plot.describe = self._describe
        self.plot.setToolTip(f"{_HOW} Arrow keys walk to neighbours, + - zoom, 0 shows all.")
        self.status = wrapping_label()
        # The plot must not move when the text changes.
        self.status.setMinimumHeight(4 * self.status.fontMetrics().lineSpacing())
        self.status.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.clear = push_button("Clear", "Select nothing (Escape)")

        self._gene_label = QLabel("Gene")
        settings = form(
            ("Components", row((self.across, 1), QLabel("×"), (self.up, 1))),
            ("Colour by", self.color),
            (self._gene_label, self.color.gene),
        )
        below = row((self.status, 1), self.clear)
        below.setAlignment(self.clear, Qt.AlignmentFlag.AlignTop)
        self.lay_out(settings, (self.plot, 1), below, 0, chosen=("Result", self.results))

        self.results.changed.connect(self._take_result)
        self.across.currentIndexChanged.connect(lambda _: self._draw())
        self.up.currentIndexChanged.connect(lambda _: self._draw())
        self.color.changed.connect(self._recolor)
        self.plot.clicked.connect(self._look_at)
        self.plot.lassoed.connect(self._select)
        self.clear.clicked.connect(self.select_nothing)
        self._session.picked.connect(self._mark)
        follow(self, [napari_viewer.layers.events.removed], self._forget)
        self._take_result()
        Worker(selection.prepare).start()

    def _take_result(self) -> None:
        result = self.results.result
        parcellation = result.expression.parcellation if result is not None else None
        if parcellation is not self._parcellation:
            self.select_nothing()
        self._parcellation = parcellation
        k = result.codec.latent_size if result is not None else 0
        self._fill_components(k)
        self.color.gene.offer(result.expression.genes if result is not None else ())
        for part in (self.across, self.up, self.color, self.color.gene):
            part.setEnabled(k > 0)
        self._recolor()
        if self._session.pick is not None:
            self._mark(self._session.pick)

    def _fill_components(self, k: int) -> None:
        """Offer all components, and keep those chosen where they are there."""
        for combo, usual in ((self.across, 0), (self.up, min(1, k - 1))):
            index = combo.currentIndex() if 0 <= combo.currentIndex() < k else usual
            if k != combo.count():
                combo.blockSignals(True)
                combo.clear()
                combo.addItems([str(i + 1) for i in range(k)])
                combo.setCurrentIndex(index)
                combo.blockSignals(False)

    def _recolor(self) -> None:
        """Take the colours that are chosen, if they are clear, and draw."""
        for part in (self._gene_label, self.color.gene):
            part.setVisible(self.color.by_gene)
        result = self.results.result
        if result is None:
            self._coloring = None
        else:
            with user_errors_shown():
                found = self.color.coloring(result)
                if found is not None:
                    self._coloring = found
        self._draw()

    def _draw(self) -> None:
        result = self.results.result
        if result is None or self._coloring is None:
            self.plot.clear()
        else:
            components = self.across.currentIndex(), self.up.currentIndex()
            self.plot.show_points(result.latents[:, components], self._coloring, components)
        self._tell()

    def _tell(self) -> None:
        """Say how many samples are selected, or what can be done."""
        result, selected = self.results.result, self._selected
        self.clear.setEnabled(selected is not None)
        if result is None:
            self.status.setText("Compress expression first: its latents show here.")
        elif self.color.by_gene and self.color.gene.gene is None:
            typed = self.color.gene.text().strip()
            text = f"There is no gene “{typed}” in this result; " if typed else ""
            self.status.setText(f"{text}type a part of a gene's symbol and choose one.")
        elif selected is None:
            self.status.setText(_HOW)
        else:
            text = f"{selected.sum():,} of {len(selected):,} samples selected"
            if result.has_errors:
                rmse = float(np.sqrt(np.mean(np.square(result.rmse_samples[selected]))))
                text += f", RMSE {rmse:.4f} (all: {result.rmse:.4f})"
            self.status.setText(text)

    def _describe(self, sample: int) -> str:
        result = self.results.result
        assert result is not None
        assert self._coloring is not None
        value = self._coloring.describe(sample)
        return f"{result.expression.samples[sample]}\n{self._coloring.title}: {value}"

    def _look_at(self, sample: int) -> None:
        if self._parcellation is not None:
            self._session.look_at(self._parcellation, sample)

    def _mark(self, pick: Pick) -> None:
        """Mark the sample picked, or the one that lies where other data were picked."""
        here = self._parcellation
        if here is None or pick.parcellation is here:
            self.plot.mark(None if here is None else pick.sample)
        else:
            self.plot.mark(here.sample_at(pick.position))

    def _select(self, inside: np.ndarray, adds: bool) -> None:
        """Select samples, bool (n,), and show them in the brain."""
        if adds and self._selected is not None:
            inside = inside | self._selected
        if not inside.any():
            self.select_nothing()
            return
        assert self._parcellation is not None
        self._selected = inside
        self.plot.select(inside)
        self._layer = selection.show_selection(self._viewer, self._parcellation, inside)
        self._tell()

    def select_nothing(self) -> None:
        """Clear the selection, and take its layer away."""
        self._selected, layer, self._layer = None, self._layer, None
        self.plot.select(None)
        if layer is not None and layer in self._viewer.layers and layer.name == selection.NAME:
            self._viewer.layers.remove(layer)
        self._tell()

    def keyPressEvent(self, event: Any) -> None:
        """Clear the selection on Escape, wherever in the dock the keyboard is."""
        if event.key() == Qt.Key.Key_Escape:
            self.select_nothing()
        else:
            super().keyPressEvent(event)

    def _forget(self, event: Any) -> None:
        """Clear the selection when the user deletes its layer."""
        if event.value is self._layer:
            self._layer = None
            self.select_nothing()
