"""Error by region: choose what tells regions, see the worst, go there."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QPoint, Signal
from qtpy.QtWidgets import QCheckBox, QWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.figures.plots import (
    region_dots,
    region_dots_height,
    worst_first,
)
from napari_compressed_transcriptomics.widgets.shared.following import soon
from napari_compressed_transcriptomics.widgets.shared.layouts import form, stack
from napari_compressed_transcriptomics.widgets.shared.plot_section import PlotSection
from napari_compressed_transcriptomics.widgets.shared.region_choice import RegionChoice
from napari_compressed_transcriptomics.widgets.shared.session import session

from .region_dots import RegionDots

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

MAX_REGIONS = 40
"""Regions drawn unless all are asked for: each name costs a few milliseconds."""


class RegionErrors(QWidget):
    """Shows the RMSE of each region, the worst on top.

    A click on a region goes to its worst sample; a click in the brain marks its region.
    """

    went_to = Signal(int)
    """How far below the upper edge of this widget the region lies that was gone to, in pixels."""

    def __init__(self, viewer: Any):
        super().__init__()
        self._session = session(viewer)
        self._result: Reconstruction | None = None
        self._regions: Regions | None = None
        self._rows: np.ndarray = np.empty(0, int)  # the region in each row of the dots
        self.choice = RegionChoice(viewer)
        self.all_regions = QCheckBox()
        self.dots = RegionDots(viewer)
        controls = QWidget()
        controls.setLayout(form(("Regions", self.choice), self.all_regions))
        self.section = PlotSection("Error by region", "error_by_region", self.dots, controls)
        stack(self, self.section, margins=0)

        # painting a label layer tells of every stroke
        self._soon = soon(self, self._show, 50)
        self.choice.changed.connect(self._soon.start)
        self.all_regions.toggled.connect(self._show)
        self.dots.chosen.connect(self._go_to)
        self._session.picked.connect(self._mark)
        self._show()

    def show_result(self, result: "Reconstruction | None") -> None:
        """Show another result, or none."""
        self._result = result
        self._show()

    def _show(self) -> None:
        self._regions, self._rows = None, np.empty(0, int)
        self.all_regions.hide()
        try:
            regions = self.choice.regions(self._result)
        except UserError as error:
            self._show_nothing(str(error))
            return
        if self._result is None:
            self._show_nothing("")
        elif regions is None:
            self._show_nothing("Open or draw a Labels layer (an atlas) to see error by region.")
        elif not len(regions.ids):
            self._show_nothing("No sample lies in a region of this layer; choose another.")
        else:
            self._show_errors(self._result, regions)

    def _show_nothing(self, why: str) -> None:
        self.dots.set_rows([], 0)
        self.section.show_plot(None, why)

    def _show_errors(self, result: "Reconstruction", regions: Regions) -> None:
        values, counts = regions.root_mean_square(result.rmse_samples), regions.counts
        most = None if self.all_regions.isChecked() else MAX_REGIONS
        self.all_regions.setText(f"All {len(values):,} regions")
        self.all_regions.setVisible(len(values) > MAX_REGIONS)
        self._regions, self._rows = regions, worst_first(values, most)
        tips = [
            f"{regions.names[i]}\nRMSE {values[i]:.4f}, samples: {counts[i]:,}\n"
            "Click, or arrow keys: go to its worst sample"
            for i in self._rows
        ]
        self.dots.set_rows(tips, region_dots_height(len(self._rows)))
        outside = int((regions.of_sample < 0).sum())
        note = f"{outside:,} of {len(regions.of_sample):,} samples lie in no region."
        plot = partial(
            region_dots,
            regions.names,
            values,
            counts if counts.max() > 1 else None,
            overall=result.rmse,
            most=most,
        )
        self.section.show_plot(plot, note if outside else "")
        if self._session.pick is not None:
            self._mark(self._session.pick)

    def _go_to(self, row: int) -> None:
        """Go to the worst sample of the region in a row."""
        result, regions = self._result, self._regions
        if result is None or regions is None:
            return
        inside = np.flatnonzero(regions.of_sample == self._rows[row])
        worst = inside[np.nanargmax(result.rmse_samples[inside])]
        self._session.look_at(result.expression.parcellation, int(worst))
        middle = QPoint(0, self.dots.middle_of(row))
        self.went_to.emit(self.dots.canvas.mapTo(self, middle).y())

    def _mark(self, pick: Any) -> None:
        """Mark the row of the region that a sample lies in."""
        result, regions = self._result, self._regions
        if result is None or regions is None:
            return
        region = -1
        if pick.parcellation is result.expression.parcellation:
            region = regions.of_sample[pick.sample]
        rows = np.flatnonzero(self._rows == region)
        self.dots.mark(int(rows[0]) if len(rows) else None)
