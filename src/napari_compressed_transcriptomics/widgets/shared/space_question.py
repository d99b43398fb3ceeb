"""A bar that asks once which space the data lie in, where nothing tells it."""

from typing import Any

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_compressed_transcriptomics.core.brain_space import SPACES
from napari_compressed_transcriptomics.viewer.brain_space import (
    layers_of_unknown_space,
    record_space,
)

from .fields import choice, wrapping_label
from .following import follow

_ASK = "Is this brain in MNI space?"


class SpaceQuestion(QWidget):
    """Asks, while there is data whose space is not known; the answer is recorded with the data.

    Parameters
    ----------
    viewer : napari.Viewer
    view : BrainView
        Whose template comes with the answer.
    """

    def __init__(self, viewer: Any, view: Any):
        super().__init__()
        self._viewer, self._view = viewer, view
        words = wrapping_label(_ASK)
        self.answer = choice(
            {"": "not told", **SPACES},
            "Recorded with the data and all that is saved of them; in MNI space the template is "
            "shown under the slices",
        )
        self.answer.activated.connect(self._tell)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(words, 1)
        layout.addWidget(self.answer, 1)
        events = viewer.layers.events
        follow(self, (events.inserted, events.removed), self._ask)
        self._ask()

    def _ask(self, event: Any = None) -> None:
        self.setVisible(bool(layers_of_unknown_space(self._viewer)))

    def _tell(self) -> None:
        space = self.answer.currentData()
        if not space:
            return
        record_space(self._viewer, space)
        self.answer.setCurrentIndex(0)  # for the next data
        self._view.background.update()
        self._ask()
