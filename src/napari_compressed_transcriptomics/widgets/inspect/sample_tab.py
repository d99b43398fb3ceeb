"""Tab Sample: one voxel or region closely, as picked in the brain or by its error."""

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSpinBox

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.sample_plots import latents_plot, profile_plot
from napari_compressed_transcriptomics.reconstruction.sample_profile import (
    profile_without_original,
    samples_by_error,
    with_original,
)
from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import (
    on_server,
    why_elsewhere,
)
from napari_compressed_transcriptomics.widgets.shared.background import Background
from napari_compressed_transcriptomics.widgets.shared.fields import wrapping_label
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, form, row, scrolled
from napari_compressed_transcriptomics.widgets.shared.plot_section import PLOT_WIDTH, PlotSection
from napari_compressed_transcriptomics.widgets.shared.region_choice import RegionChoice
from napari_compressed_transcriptomics.widgets.shared.session import Pick, session
from napari_compressed_transcriptomics.widgets.shared.shortcut_button import shortcut_button

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction
    from napari_compressed_transcriptomics.reconstruction.sample_profile import SampleProfile
    from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice

_MEANING = (
    "RMSE: root of the mean squared difference between original and reconstruction over this "
    "sample's genes, in the units of the data. 0 is perfect.\n"
    "R²: 1 minus the sum of squared differences over the sum of squares about this sample's "
    "mean. 1 is perfect; below 0 the mean alone would be closer.\n"
    "Rank: place among all samples by RMSE; 1 is the worst."
)


class SampleTab(Tab):
    """Shows the sample that was picked, and walks through samples from the worst to the best."""

    def __init__(self, viewer: Any, results: "ResultChoice"):
        super().__init__(viewer, results)
        self._session = session(viewer)
        self._stale = True
        self._profile: SampleProfile | None = None
        self.regions = RegionChoice(viewer)
        self.facts = wrapping_label()
        self.facts.setToolTip(_MEANING)
        self.facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.worst, self.worse, self.better = (
            shortcut_button(self, label, keys, tip)
            for label, keys, tip in (
                ("Worst", "Alt+Home", "Go to the sample with the largest error"),
                ("◀ Larger error", "Alt+PgUp", "Step back to the next larger error"),
                ("Smaller error ▶", "Alt+PgDown", "Step on to the next smaller error"),
            )
        )
        self.rank = QSpinBox()
        self.rank.setKeyboardTracking(False)
        self.rank.setToolTip("Rank by error; 1 is the worst. The arrow keys step through.")
        self.profile = PlotSection("Genes", "genes_of_sample", FigureView(viewer))
        self.latents = PlotSection("Latents", "latents_of_sample", FigureView(viewer))
        self.profile.view.canvas.setFixedHeight(280)
        self.latents.view.canvas.setFixedHeight(150)
        self._reading = Background(self)
        self._lay_out()

        for button, step in ((self.worst, None), (self.worse, -1), (self.better, 1)):
            button.clicked.connect(partial(self._step, step))
        self.rank.valueChanged.connect(self._go_to_rank)
        self._session.picked.connect(self._on_pick)
        self._reading.answered.connect(self._on_answer)
        self._reading.failed.connect(lambda: self.profile.show_plot(None, "It was not read."))
        results.changed.connect(self._refresh)
        self.regions.changed.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        choices = form(("Regions", self.regions), ("Rank by error", self.rank))
        buttons = row(self.worst, self.worse, self.better)
        parts = choices, buttons, self.facts, self.profile, self.latents
        scrolled(self, *parts, 1, width=PLOT_WIDTH)

    def showEvent(self, event: Any) -> None:
        """Catch up with what was picked while another tab was in front."""
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def _on_pick(self, pick: Pick) -> None:
        self._refresh()

    def _refresh(self) -> None:
        self._stale = not self.isVisible()
        if self._stale:
            return
        result, pick = self._chosen.result, self._session.pick
        for widget in (self.worst, self.worse, self.better, self.rank):
            widget.setEnabled(result is not None and result.has_errors)
        profile = None
        if result is None:
            words = "Run Compress first."
        elif pick is None:
            words = "Click in the brain to look at a voxel or region, or press Worst."
        elif pick.parcellation is not result.expression.parcellation:
            words = "The picked place is of other data than this result: choose its result above."
        else:
            profile = profile_without_original(result, pick.sample)
            words = self._words(profile, pick)
        self._profile = profile
        self.facts.setText(words)
        self._show_rank(profile)
        for section in (self.profile, self.latents):
            section.setVisible(profile is not None)
        self.latents.show_plot(partial(latents_plot, profile) if profile else None)
        if profile is None or result is None:
            self.profile.show_plot(None)
        elif not result.has_originals:
            self.profile.show_plot(None, why_elsewhere(result.expression))
        elif on_server(result.expression.values):
            self.profile.show_plot(None, f"Reading from the server of {result.expression.name}…")
            self._reading.ask(partial(_read, result, profile))
        else:
            self._on_answer(_read(result, profile))

    def _on_answer(self, answer: "tuple[SampleProfile, SampleProfile | str]") -> None:
        """Show the genes, or why they were not read, unless another sample was picked since."""
        asked, found = answer
        if asked is not self._profile:
            return
        if isinstance(found, str):
            self.profile.show_plot(None, found)
        else:
            self.profile.show_plot(partial(profile_plot, found))

    def _words(self, profile: "SampleProfile", pick: Pick) -> str:
        regions = self.regions.regions(self._chosen.result)
        region = regions.name(pick.sample) if regions is not None else ""
        head = f"<b>{region or profile.name}</b>"
        if region and region != profile.name:
            head += f"<br>sample {profile.name}"
        elif regions is not None and not region:
            head += f", in no region of “{self.regions.currentText()}”"
        x, y, z = pick.position
        result = self._chosen.result
        where = f" {IN_SAMPLE}" if result is not None and result.in_sample else ""
        head += f"<br>x {x:.1f}, y {y:.1f}, z {z:.1f} mm"
        if result is not None and not result.has_errors:
            return head
        return (
            f"{head}<br>"
            f"RMSE {profile.rmse:.4f}, R² {profile.r2:.3f}{where}<br>"
            f"rank {profile.rank:,} of {profile.n_samples:,} (1 is the worst)"
        )

    def _show_rank(self, profile: "SampleProfile | None") -> None:
        self.rank.blockSignals(True)
        result = self._chosen.result
        self.rank.setRange(1, result.expression.n_samples if result is not None else 1)
        if profile is not None:
            self.rank.setValue(profile.rank)
        self.rank.blockSignals(False)

    def _step(self, by: int | None, checked: bool = False) -> None:
        pick, result = self._session.pick, self._chosen.result
        here = (
            pick is not None
            and result is not None
            and (pick.parcellation is result.expression.parcellation)
        )
        self._go_to_rank(self.rank.value() + by if by is not None and here else 1)

    def _go_to_rank(self, rank: int) -> None:
        result = self._chosen.result
        if result is not None:
            rank = min(max(rank, 1), result.expression.n_samples)
            sample = int(samples_by_error(result)[rank - 1])
            self._session.look_at(result.expression.parcellation, sample)


def _read(
    result: "Reconstruction", profile: "SampleProfile"
) -> "tuple[SampleProfile, SampleProfile | str]":
    """Return a profile, and it with its original, or why that cannot be read."""
    try:
        return profile, with_original(result, profile)
    except UserError as error:  # a server that fails, or a damaged store
        return profile, f"{error}."
