"""The training curve, drawn as it grows, in the colours of napari's theme."""

from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_compressed_transcriptomics.core.plots import training_curve
from napari_compressed_transcriptomics.core.progress import Progress

_MILLISECONDS_BETWEEN_DRAWINGS = 300


class TrainingCurve(QWidget):
    """Collects the errors of epochs from progress and draws them now and then.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme gives the colour of text.
    """

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = viewer
        self.train: list[float] = []
        self.validation: list[float] = []
        self.figure = training_curve([], [])
        self._canvas = FigureCanvasQTAgg(self.figure)
        self._canvas.setStyleSheet("background: transparent")
        self._canvas.setMinimumSize(240, 190)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._canvas)
        self._timer = QTimer(self)
        self._timer.setInterval(_MILLISECONDS_BETWEEN_DRAWINGS)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.draw)
        theme, draw = viewer.events.theme, self.draw
        theme.connect(draw)
        self.destroyed.connect(lambda: theme.disconnect(draw))  # the viewer outlives its docks
        self.draw()

    def clear(self) -> None:
        """Begin anew."""
        self.train, self.validation = [], []
        self.draw()

    def add(self, progress: Progress) -> None:
        """Take the errors of an epoch that is done; other progress is passed over."""
        values = progress.values or {}
        if "validation" in values and progress.done == len(self.train) + 1:
            self.train.append(values["train"])
            self.validation.append(values["validation"])
            if not self._timer.isActive():
                self._timer.start()

    def draw(self, event: Any = None) -> None:
        """Draw what there is."""
        from napari.utils.theme import get_theme

        foreground = get_theme(self._viewer.theme).text.as_hex()
        training_curve(self.train, self.validation, self.figure, foreground)
        self._canvas.draw_idle()
