"""One plot of a dock: its heading, a button that saves it, and a line where there is none."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QLabel, QWidget

from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

from .fields import push_button, wrapping_label
from .figure_view import FigureView
from .layouts import row, stack

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Plot = Callable[..., "Figure"]
"""A function of `core.plots` that still wants ``figure`` and ``foreground``."""

PLOT_WIDTH = 290
"""In pixels, at which every name and number of the plots can be read."""


class PlotSection(QWidget):
    """Shows a plot of `core.plots`, and saves it as it would be printed: black on white.

    Parameters
    ----------
    heading : str
        What stands above.
    file_name : str
        What the button proposes, without an ending.
    view : FigureView
        Where it is drawn.
    controls : QWidget, optional
        What stands between heading and plot.
    """

    def __init__(
        self, heading: str, file_name: str, view: FigureView, controls: QWidget | None = None
    ):
        super().__init__()
        self._file_name = file_name
        self._plot: Plot | None = None
        self.heading = QLabel(f"<b>{heading}</b>")
        self.save = push_button("Save figure…", "Save this plot as PNG, SVG or PDF, black on white")
        self.save.clicked.connect(self._ask_and_save)
        self.note = wrapping_label()
        self.view = view
        more = [] if controls is None else [controls]
        stack(self, row((self.heading, 1), self.save), *more, self.note, view, margins=0)
        self.show_plot(None)

    def show_plot(self, plot: Plot | None, note: str = "") -> None:
        """Show a plot, or nothing, and a line that says why or what is missing in it."""
        self._plot = plot
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.save.setEnabled(plot is not None)
        self.view.setVisible(plot is not None)
        if plot is None:
            self.view.draw(None)
        else:
            self.view.draw(lambda figure, color: plot(figure=figure, foreground=color))

    def _ask_and_save(self) -> None:
        from napari.utils.notifications import show_info

        from napari_compressed_transcriptomics.io.files.figure_file import save_figure

        plot: Any = self._plot
        path, _ = QFileDialog.getSaveFileName(
            self, "Save figure", f"{self._file_name}.png", "Figures (*.png *.svg *.pdf)"
        )
        if path and plot is not None:
            with user_errors_shown():
                save_figure(plot(), path)
                show_info(f"Saved {path}")
