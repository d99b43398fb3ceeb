"""Dock widget Real samples: real brains to begin with, fetched on the terms of their sources."""

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.io.readers.samples.real import SAMPLES, RealSample
from napari_compressed_transcriptomics.repeat.reading import sample_again
from napari_compressed_transcriptomics.viewer import settings
from napari_compressed_transcriptomics.viewer.adding import add_expression, read_for_layer
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

from .shared.dock import Dock, open_dock
from .shared.fields import check_box, choice, push_button, wrapping_label
from .shared.layouts import form
from .shared.run_bar import RunBar

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression


class RealSamples(Dock):
    """Says what a sample is and on whose terms; fetches it once, reads it, and adds it."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.sample = choice({key: sample.title for key, sample in SAMPLES.items()})
        self.terms = wrapping_label()
        self.terms.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.accept = check_box("I accept these terms", "They are those of the data's sources.")
        self.from_folder = push_button(
            "Take from a folder…",
            "Where the files cannot be fetched: choose a folder that holds them.",
            self._take,
        )
        self.bar = RunBar("Real samples")
        self._here = False
        parts = self.terms, self.accept, self.bar, self.from_folder
        self.lay_out(form(("Sample", self.sample)), *parts, 1)
        self.sample.currentIndexChanged.connect(self._look)
        self.accept.toggled.connect(self._refresh)
        self.bar.calls(self.start, self._show, self._look)
        self.bar.repeat.offer(lambda: sample_again(self.sample.currentData()))
        self._look()

    @property
    def chosen(self) -> RealSample:
        """The sample chosen."""
        return SAMPLES[self.sample.currentData()]

    def offer(self, key: str) -> None:
        """Choose a sample, and read it at once where it is here."""
        self.sample.setCurrentIndex(self.sample.findData(key))
        if self._here:
            self.start()

    def request(self) -> RealSample:
        """Return what would be read; a `UserError` says why it cannot."""
        if not (self._here or self.accept.isChecked()):
            raise UserError("Read the terms and accept them; then it can be fetched.")
        return self.chosen

    def start(self) -> None:
        """Fetch the sample chosen where it is not here, and read it."""
        cache, accepted = settings.preferences().cache_folder, self.accept.isChecked()
        self.bar.start(partial(read_for_layer, _get, self.request(), cache, accepted))

    def _look(self) -> None:
        """Find out whether the sample chosen is here."""
        with user_errors_shown():
            self._here = self.chosen.is_here(settings.preferences().cache_folder)
        self.accept.setChecked(False)
        self.accept.setVisible(not self._here)
        self.from_folder.setVisible(not self._here)
        to_fetch = f"{self.chosen.megabytes:.1f} MB will be fetched."
        size = "Already on this computer." if self._here else to_fetch
        self.terms.setText(f"{self.chosen.terms}\n\n{size}")
        self.bar.run.setText("Open" if self._here else "Fetch and open")
        self._refresh()

    def _refresh(self) -> None:
        self.bar.check(self.request)

    def _show(self, expression: "Expression") -> None:
        add_expression(self._viewer, expression)

    def _take(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with the files of the sample")
        if folder:
            with user_errors_shown():
                self.chosen.take(folder, settings.preferences().cache_folder)
            self._look()


def open_sample(viewer: Any, key: str) -> None:
    """Open the dock on a sample."""
    open_dock(viewer, "Real samples").offer(key)


def _get(sample: RealSample, cache: str, accepted: bool, report: Report) -> "Expression":
    sample.get(cache, terms_accepted=accepted, report=report)
    return sample.read(cache, report)
