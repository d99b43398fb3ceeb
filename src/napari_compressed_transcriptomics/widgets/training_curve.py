"""The training curve, drawn as it grows."""

from typing import Any

from matplotlib.figure import Figure

from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.figures.plots import training_curve

from .shared.figure_view import FigureView
from .shared.following import soon

_MILLISECONDS_BETWEEN_DRAWINGS = 300
_SIZE = 300, 190  # holds the title


class TrainingCurve(FigureView):
    """Collects the errors of epochs from progress and draws them now and then.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme gives the colour of text.
    """

    def __init__(self, viewer: Any):
        super().__init__(viewer, _SIZE)
        self.train: list[float] = []
        self.validation: list[float] = []
        self._timer = soon(self, self.redraw, _MILLISECONDS_BETWEEN_DRAWINGS)
        self.draw(self._curve)

    def clear(self) -> None:
        """Begin anew."""
        self.train, self.validation = [], []
        self.redraw()

    def add(self, progress: Progress) -> None:
        """Take the errors of an epoch that is done; other progress is passed over."""
        values = progress.values or {}
        if "validation" in values and progress.done == len(self.train) + 1:
            self.train.append(values["train"])
            self.validation.append(values["validation"])
            if not self._timer.isActive():
                self._timer.start()

    def _curve(self, figure: Figure, foreground: str) -> None:
        training_curve(self.train, self.validation, figure, foreground)
