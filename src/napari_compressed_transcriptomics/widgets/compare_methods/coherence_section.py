"""Part of the tab Latents: how anatomical the latents shown are, as a table and a figure."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.coherence_plots import coherence_dots
from napari_compressed_transcriptomics.repeat.command import Repeat, results_in
from napari_compressed_transcriptomics.repeat.studies import coherence_again
from napari_compressed_transcriptomics.study.coherence_of_methods import (
    CoherenceRequest,
    MeasuredCoherence,
    cost_sentence,
    measure_coherence,
)
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.fields import count, push_button
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.following import on_change
from napari_compressed_transcriptomics.widgets.shared.layouts import form, stack
from napari_compressed_transcriptomics.widgets.shared.plot_section import PlotSection
from napari_compressed_transcriptomics.widgets.shared.region_choice import (
    CompartmentChoice,
    RegionChoice,
)
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar
from napari_compressed_transcriptomics.widgets.shared.session import session

if TYPE_CHECKING:
    import pandas as pd

    from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents

_HEADINGS = ("Method", "k", "Comp.", "Measure", "Value", "p")
_MEANING = (
    "regions: share of a component's variance that regions explain, 0 to 1\n"
    "p: share of maps as smooth and as symmetric of which they explain as much\n"
    "moran: Moran's I, likeness of neighbours; about 0 where there is no order\n"
    "symmetry: correlation of the hemispheres, -1 to 1\n"
    "Any smooth symmetric map has the last two: they describe, and show no anatomy."
)


class CoherenceSection(QWidget):
    """Measures the latents shown, with regions of a Labels layer where one is chosen.

    Parameters
    ----------
    viewer : napari.Viewer
    latents : callable
        Returns the latents shown.
    """

    def __init__(self, viewer: Any, latents: "Callable[[], tuple[NamedLatents, ...]]"):
        super().__init__()
        self._latents = latents
        self._measured: MeasuredCoherence | None = None
        self.regions = RegionChoice(viewer)
        self.regions.setItemText(0, "None")
        self.regions.setToolTip(
            "A Labels layer whose regions hold several samples each: an atlas, lobes, networks"
        )
        self.compartments = CompartmentChoice(viewer)
        self.permutations = count(tip="Surrogate maps for p; the least p is 1 / (this + 1)")
        self.permutations.setRange(19, 99_999)
        self.permutations.setValue(999)
        self.bar = RunBar("Anatomical coherence", "&Measure", keep_best=True)
        self.table = QTableWidget()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)  # Tab goes on to the next field
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setToolTip(_MEANING)
        self.table.setMinimumHeight(180)
        rows = self.table.verticalHeader()
        assert rows is not None
        rows.hide()
        self.plot = PlotSection("Coherence", "coherence", FigureView(viewer))
        self.plot.heading.hide()
        self.save = push_button(
            "Save coherence…",
            "Table (CSV), settings (JSON) and figure (PNG) to a folder",
            self._save,
        )
        heading = QLabel("<b>Anatomical coherence of the latents shown</b>")
        heading.setToolTip(_MEANING)
        heading.setWordWrap(True)
        settings = form(
            ("Re&gions", self.regions),
            ("Com&partments", self.compartments),
            ("Surroga&tes", self.permutations),
        )
        stack(self, heading, settings, self.bar, self.table, self.plot, self.save, margins=0)
        self.setContentsMargins(0, 12, 0, 0)
        self.bar.calls(self._measure, self._on_measured, self._on_ended, self._again)
        on_change(self.refresh, self.regions, self.compartments, self.permutations)
        self._work = session(viewer).work
        self._show()
        self.refresh()

    def request(self) -> CoherenceRequest:
        """Return what Measure would do now; a `UserError` says why it cannot."""
        return CoherenceRequest(
            latents=self._latents(),
            regions=self.regions.volume(),
            n_permutations=self.permutations.value(),
            compartments=self.compartments.volume(),
        )

    def _again(self) -> Repeat:
        request = replace(
            self.request(),
            regions=self.regions.saved_volume(),
            compartments=self.compartments.saved_volume(),
        )
        of_fits = [one.expression for one in request.latents if one.expression is not None]
        data = of_fits[0] if of_fits else self._work.current_data
        if data is None or not request.latents:
            raise UserError("Open the data that methods are fitted to, and show or open latents.")
        return coherence_again(request, data.source, results_in(data.name, "coherence"))

    def refresh(self) -> None:
        """Say whether there is something to measure, and how long it takes."""
        if self.bar.job is not None:
            return
        with user_errors_shown():
            request = self.request()
            self.bar.allow("" if request.latents else "Show or open latents first.")
            if request.latents:
                self.bar.status.setText(f"{cost_sentence(request).capitalize()}.")

    def _measure(self) -> None:
        with user_errors_shown():
            request = self.request()
            for name in ("regions", "compartments"):  # layers may be painted in meanwhile
                if (volume := getattr(request, name)) is not None:
                    request = replace(request, **{name: volume.copy()})
            self.bar.start(partial(measure_coherence, request))

    def _on_measured(self, measured: MeasuredCoherence) -> None:
        self._measured = measured
        self._show()

    def _on_ended(self) -> None:
        words = self.bar.status.text()
        self.refresh()
        if words:
            self.bar.status.setText(words)

    def _show(self) -> None:
        measured = self._measured
        for widget in (self.table, self.plot, self.save):
            widget.setVisible(measured is not None)
        if measured is None:
            return
        table = measured.table()
        _fill(self.table, table)
        figure_rows = len(measured.rows) * table["measure"].nunique()
        self.plot.view.canvas.setMinimumHeight(90 + 26 * figure_rows)
        self.plot.show_plot(partial(coherence_dots, table), "\n".join(_sentences(measured)))

    def _save(self) -> None:
        from napari_compressed_transcriptomics.io.writers.coherence import save_coherence

        folder = QFileDialog.getExistingDirectory(self, "Folder for the measures of coherence")
        if folder and self._measured is not None:
            with user_errors_shown():
                save_coherence(self._measured, folder)
                self.bar.status.setText(f"Saved in {folder}")


def _sentences(measured: MeasuredCoherence) -> list[str]:
    return [f"{note}." for note in measured.notes]


def _fill(widget: QTableWidget, table: "pd.DataFrame") -> None:
    widget.clear()
    widget.setRowCount(len(table))
    widget.setColumnCount(len(_HEADINGS))
    widget.setHorizontalHeaderLabels(list(_HEADINGS))
    for row, values in enumerate(table.itertuples(index=False)):
        p = "" if np.isnan(values[5]) else f"{values[5]:.3g}"
        texts = [*map(str, values[:4]), f"{values[4]:.3f}", p]
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(f"{text}\n{_MEANING}" if column == 0 else _MEANING)
            if column not in (0, 3):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            widget.setItem(row, column, item)
    widget.resizeColumnsToContents()
    header = widget.horizontalHeader()
    assert header is not None
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)  # numbers come first
