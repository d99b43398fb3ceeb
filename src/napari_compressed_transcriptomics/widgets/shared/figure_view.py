"""A matplotlib figure in a dock, in the colours of napari's theme."""

from collections.abc import Callable
from functools import cache
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QWidget

from napari_compressed_transcriptomics.viewer.window.qt_bindings import require_one_qt

from .following import follow
from .layouts import stack

require_one_qt()  # before matplotlib takes one
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg  # noqa: E402

Draw = Callable[[Figure, str], object]
"""Draws into a figure that was cleared, with a colour (hex) for text and axes."""


class _Layout(ConstrainedLayoutEngine):
    """Finds places for what a figure holds, unless they are known."""

    known = False

    def execute(self, figure: Figure) -> None:
        if not self.known:
            super().execute(figure)
            figure.stale = False


class _Canvas(FigureCanvasQTAgg):
    """Waits for its turn to be drawn; leaves the mouse wheel to the dock, which scrolls."""

    _resized = False

    def __init__(self, figure: Figure, make: Callable[[], bool]):
        self._layout, self._make = _Layout(), make
        figure.set_layout_engine(self._layout)
        super().__init__(figure)

    def wheelEvent(self, event: Any) -> None:
        event.ignore()

    def resizeEvent(self, event: Any) -> None:
        """Have what is seen already in its new size at once; not what waits for its turn."""
        self._resized = self.isVisible() and not _turns().has(self)
        super().resizeEvent(event)
        self._resized = False

    def draw_idle(self) -> None:
        if self._resized:
            super().draw_idle()
        else:
            _turns().add(self)

    def prepare(self) -> bool:
        """Do a step of what comes before drawing, and tell whether there was one."""
        if self._make():
            return True
        figure = self.figure
        unknown = figure.stale and figure.axes and figure.get_layout_engine() is self._layout
        if unknown:  # others set places themselves
            self._layout.execute(figure)
        return bool(unknown)

    def draw(self) -> None:
        """Draw; before matplotlib looks for places, it has the figure say that it changed."""
        self._make()
        self._layout.known = not self.figure.stale
        try:
            super().draw()
        finally:
            self._layout.known = False

    def draw_next(self) -> None:
        """Be drawn in the next turn of the event loop."""
        super().draw_idle()


class _Turns(QObject):
    """Has canvases drawn, one in a turn of the event loop, after what comes before in others.

    A page has several, and each takes about a tenth of a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[_Canvas, None] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._next)

    def add(self, canvas: _Canvas) -> None:
        self._waiting[canvas] = None
        self._timer.start(0)

    def has(self, canvas: _Canvas) -> bool:
        return canvas in self._waiting

    def _next(self) -> None:
        canvas = next(iter(self._waiting))
        alive = isalive(canvas)
        if not (alive and canvas.prepare()):
            del self._waiting[canvas]
            if alive:
                canvas.draw_next()
        if self._waiting:
            self._timer.start(0)


@cache
def _turns() -> _Turns:
    return _Turns()


class FigureView(QWidget):
    """Shows what a function draws, and draws it anew when the theme changes.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme gives the colour of text.
    size : (int, int)
        Least width and height in pixels.
    """

    def __init__(self, viewer: Any, size: tuple[int, int] = (240, 190)):
        super().__init__()
        self._viewer = viewer
        self._draw: Draw | None = None
        self._behind = False
        # Qt asks the figure how large the dock should be.
        self._figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100)
        self._figure.patch.set_alpha(0)
        self.canvas = _Canvas(self._figure, self._make)
        self.canvas.setStyleSheet("background: transparent")
        self.canvas.setMinimumSize(*size)
        stack(self, self.canvas, margins=0)
        follow(self, [viewer.events.theme], self.redraw)

    @property
    def figure(self) -> Figure:
        """What is shown; made now where it waits for its turn."""
        self._make()
        return self._figure

    @property
    def foreground(self) -> str:
        """Colour of text in napari's theme, hex."""
        from napari.utils.theme import get_theme

        return get_theme(self._viewer.theme).text.as_hex()

    def draw(self, draw: Draw | None) -> None:
        """Show what `draw` draws from now on; None for nothing."""
        self._draw = draw
        self.redraw()

    def redraw(self, event: Any = None) -> None:
        """Draw anew."""
        self._behind = True
        self.draw_soon()

    def make(self, figure: Figure) -> None:
        """Make the figure anew."""
        figure.clear()
        if self._draw is not None:
            self._draw(figure, self.foreground)

    def _make(self) -> bool:
        behind, self._behind = self._behind, False
        if behind:
            self.make(self._figure)
        return behind

    def draw_soon(self) -> None:
        """Bring the figure to the screen, if it is to be seen there, or when it will be."""
        if self.isVisible():
            self.canvas.draw_idle()

    def showEvent(self, event: Any) -> None:
        """Catch up with what was drawn while nobody looked."""
        super().showEvent(event)
        self.canvas.draw_idle()
