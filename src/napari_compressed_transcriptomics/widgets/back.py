"""Back: what the viewer showed before a comparison, a prediction or an earlier result was shown."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakSet, proxy

from qtpy.QtCore import QObject, Signal

from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.itself import OnePerViewer
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view

_MOST = 20


@dataclass
class _Before:
    visible: WeakSet
    cells: Any


class Back(QObject):
    """Remembers which layers were seen, and in which grid."""

    changed = Signal()

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = proxy(viewer)
        self._view = brain_view.attach(viewer)
        self._surface = surface_view(viewer)
        self._before: list[_Before] = []

    @property
    def possible(self) -> bool:
        """Whether there is something to go back to."""
        return bool(self._before)

    def remember(self) -> None:
        """Remember what is seen now, before something else is shown in its place.

        Where a surface stands in for the volumes, these are shown before.
        """
        self._view.turns.finish()
        self._surface.leave()
        seen = WeakSet(layer for layer in self._viewer.layers if layer.visible)
        before = _Before(seen, self._view.cells.state())
        self._before = [*self._before[1 - _MOST :], before]
        self.changed.emit()

    def go(self) -> None:
        """Show what was seen before, as far as it is still there."""
        if not self._before:
            return
        self._view.turns.finish()
        before = self._before.pop()
        with self._view.at_once():
            for layer in self._viewer.layers:
                layer.visible = layer in before.visible
            self._view.cells.restore(before.cells)
        self.changed.emit()


back = OnePerViewer(Back)
"""The way back of a viewer."""
