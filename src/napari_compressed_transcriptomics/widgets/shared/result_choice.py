"""A list of the compressions that the viewer's layers come from."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox

from napari_compressed_transcriptomics.viewer.layer_content import shown

from .fields import narrow
from .following import follow

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


class ResultChoice(QComboBox):
    """Follows the viewer's layers.

    Parameters
    ----------
    viewer : napari.Viewer
    newest : bool
        Take a new result at once; else keep what is chosen as long as it is there.
    """

    changed = Signal()

    def __init__(self, viewer: Any, newest: bool = True):
        super().__init__()
        self._newest = newest
        self._viewer = viewer
        self._results: list[Reconstruction] = []
        narrow(self)
        self.setPlaceholderText("Run Compress first")
        events = viewer.layers.events
        follow(self, (events.inserted, events.removed), self._fill)
        self.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._fill()

    @property
    def result(self) -> "Reconstruction | None":
        """The result chosen, or None while there is none."""
        index = self.currentIndex()
        return self._results[index] if index >= 0 else None

    def _fill(self, event: Any = None) -> None:
        before = self.result
        found: list[Reconstruction] = []
        for layer in self._viewer.layers:
            what = shown(layer)
            result = what.reconstruction if what is not None else None
            if result is not None and not any(result is other for other in found):
                found.append(result)
        new = [result for result in found if not any(result is old for old in self._results)]
        if len(found) == len(self._results) and not new:
            return
        chosen = before
        if new and (self._newest or before is None):
            chosen = new[-1] if self._newest else new[0]
        titles = [title(result) for result in found]
        self.blockSignals(True)
        self.clear()
        self._results = found
        for i, name in enumerate(titles):
            number = titles[: i + 1].count(name)
            self.addItem(name if number == 1 else f"{name} ({number})")
        index = next((i for i, result in enumerate(found) if result is chosen), len(found) - 1)
        self.setCurrentIndex(index)
        self.blockSignals(False)
        if self.result is not before:
            self.changed.emit()


def title(result: "Reconstruction") -> str:
    """Name a result: what was compressed, how, into how many components."""
    return f"{result.expression.name}: {result.codec.id} k={result.codec.latent_size}"
