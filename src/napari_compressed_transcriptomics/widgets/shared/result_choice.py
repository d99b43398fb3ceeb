"""A list of the results of a viewer, of which one can be chosen."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from .fields import Choice
from .session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


class ResultChoice(Choice):
    """Follows the session's results; what is chosen in one list is chosen in all.

    Parameters
    ----------
    viewer : napari.Viewer
    follows : bool
        Show and choose the session's current result; else a choice of its own, which begins with
        the oldest result and stays as long as that is there.
    """

    changed = Signal()

    def __init__(self, viewer: Any, follows: bool = True):
        super().__init__()
        self._work = session(viewer).work
        self._follows = follows
        self._results: list[Reconstruction] = []
        self.setPlaceholderText("Run Compress first")
        self._work.results_changed.connect(self._fill)
        if follows:
            self._work.result_chosen.connect(self._fill)
        self._work.originals_came.connect(self._on_originals)
        self.currentIndexChanged.connect(self._on_index)
        self._fill()

    @property
    def result(self) -> "Reconstruction | None":
        """The result chosen, or None while there is none."""
        index = self.currentIndex()
        return self._results[index] if index >= 0 else None

    def choose(self, result: "Reconstruction") -> None:
        """Choose a result, if it is there."""
        for index, other in enumerate(self._results):
            if other is result:
                self.setCurrentIndex(index)

    def _on_index(self) -> None:
        if self._follows:
            self._work.choose_result(self.result)
        self.changed.emit()

    def _on_originals(self, result: "Reconstruction") -> None:
        """Let those who show the result show it anew."""
        if result is self.result:
            self.changed.emit()

    def _fill(self) -> None:
        before, found = self.result, list(self._work.results)
        chosen = self._work.current_result if self._follows else before
        self.blockSignals(True)
        if [id(one) for one in found] != [id(one) for one in self._results]:
            self._results = found
            self.clear()
            self.addItems(self._work.titles())
        usual = -1 if self._follows or not found else 0
        index = next((i for i, result in enumerate(found) if result is chosen), usual)
        self.setCurrentIndex(index)
        self.setToolTip(self.currentText())
        self.blockSignals(False)
        if self.result is not before:
            self.changed.emit()
