"""A scatter plot to click on: a lasso, marks and names of points, without drawing it anew.

Lasso and mark are drawn over a kept picture of the points, which takes about 1 ms; all 29,300
points in other colours take 30 ms. Measured in turns on a virtual display with two busy cores,
pyqtgraph needs 65 to 90 ms for other colours (5 ms for the same ones), vispy's markers 44 ms in
software, and matplotlib's own `scatter` 100 ms.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from qtpy.QtCore import QEvent, QPoint, Qt, Signal
from qtpy.QtWidgets import QToolTip

from napari_compressed_transcriptomics.figures.latent_plot import latent_scatter
from napari_compressed_transcriptomics.reconstruction.latent_space import (
    Coloring,
    inside_polygon,
    nearest_point,
    next_point,
)

from .shared.figure_view import FigureView

_NEAR = 8  # pixels
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_ZOOMS = {Qt.Key.Key_Plus: 0.8, Qt.Key.Key_Equal: 0.8, Qt.Key.Key_Minus: 1.25, Qt.Key.Key_0: None}


class ScatterView(FigureView):
    """Shows samples in the plane of two components, and tells what is done to them.

    A click on a point picks it, a drag draws a lasso; with the keyboard on it the arrow keys go
    to neighbours of the marked point, + and - (or Ctrl and the mouse wheel) zoom, 0 shows all.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme gives the colours.

    Attributes
    ----------
    selected : ndarray of bool, shape (n,), or None
        The points that do not fade; None where nothing is selected.
    marked : int or None
        The point that is looked at.
    describe : function of a point's row
        Returns what to say of it under the mouse.
    """

    clicked = Signal(int)
    """The point (its row) that was clicked or gone to."""
    lassoed = Signal(object, bool)
    """Which points, bool (n,), lie in the lasso; and whether they add to those selected."""

    def __init__(self, viewer: Any):
        super().__init__(viewer, (260, 320))
        self.describe: Callable[[int], str] = str
        self._points = np.zeros((0, 2))
        self._pixels = np.zeros((0, 2))
        self._coloring: Coloring | None = None
        self._components = (0, 1)
        self.selected: np.ndarray | None = None
        self.marked: int | None = None
        self._lasso: list[tuple[float, float]] = []
        self._zoomed: Any = None
        self._kept: Any = None
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.canvas.installEventFilter(self)
        connect = self.canvas.mpl_connect
        connect("draw_event", self._on_drawn)
        connect("resize_event", self.redraw)
        connect("button_press_event", self._on_press)
        connect("motion_notify_event", self._on_move)
        connect("button_release_event", self._on_release)

    def show_points(
        self, points: np.ndarray, coloring: Coloring, components: tuple[int, int]
    ) -> None:
        """Draw points (n, 2); the part that was zoomed to stays where only colours change."""
        if not np.array_equal(points, self._points):
            self._zoomed = None
        self._points, self._coloring, self._components = points, coloring, components
        self.redraw()

    def clear(self) -> None:
        """Show nothing."""
        self._points, self._coloring, self._kept = np.zeros((0, 2)), None, None
        self.selected = self.marked = None
        self.redraw()

    def select(self, selected: np.ndarray | None) -> None:
        """Let all points but these, bool (n,), fade; None for no selection."""
        self.selected = selected
        self.redraw()

    def mark(self, sample: int | None) -> None:
        """Mark the point that is looked at."""
        self.marked = sample
        self._draw_over()

    def make(self, figure: Figure) -> None:
        """Make all anew, in the size and theme that are now."""
        if self._coloring is None:
            figure.clear()
            return
        latent_scatter(
            self._points,
            self._coloring,
            self._components,
            figure,
            self.foreground,
            self.selected,
        )
        if self._zoomed is not None:
            figure.axes[0].set(xlim=self._zoomed[0], ylim=self._zoomed[1])

    def resizeEvent(self, event: Any) -> None:
        """Stay about square, with room for the legend."""
        self.setMaximumHeight(self.width() + 90)
        super().resizeEvent(event)

    def _on_drawn(self, event: Any) -> None:
        if self._coloring is None:
            return
        self._kept = self.canvas.copy_from_bbox(self.figure.bbox)
        self._pixels = self.figure.axes[0].transData.transform(self._points)
        self._draw_over(now=False)

    def _draw_over(self, now: bool = True) -> None:
        """Draw mark and lasso over the picture that is kept."""
        if self._kept is None:
            return
        self.canvas.restore_region(self._kept)
        axes = self.figure.axes[0]
        for line in self._lines(axes):
            axes.draw_artist(line)
        if now:
            self.canvas.blit(self.figure.bbox)

    def _lines(self, axes: Any) -> list[Any]:
        from matplotlib.lines import Line2D
        from matplotlib.transforms import IdentityTransform

        ring: dict[str, Any] = {"marker": "o", "linestyle": "", "markerfacecolor": "none"}
        marked = self._pixels[[self.marked] if self.marked is not None else []]
        corners = np.reshape(self._lasso, (-1, 2))
        lines = [
            Line2D(*marked.T, markersize=12, markeredgecolor="black", markeredgewidth=2, **ring),
            Line2D(*marked.T, markersize=9, markeredgecolor="white", markeredgewidth=2, **ring),
            Line2D(*corners.T, color=self.foreground, linewidth=1.2),
        ]
        for line in lines:
            line.set_figure(self.figure)
            line.set_transform(IdentityTransform())
            line.set_clip_box(axes.bbox)
        return lines

    def _on_press(self, event: Any) -> None:
        if event.button == 1 and self._coloring is not None:
            self._lasso = [(event.x, event.y)]

    def _on_move(self, event: Any) -> None:
        if self._coloring is None:
            return
        if self._lasso:
            self._lasso.append((event.x, event.y))
            self._draw_over()
            return
        sample = self._near(event)
        place = QPoint(round(event.guiEvent.position().x()), round(event.guiEvent.position().y()))
        text = self.describe(sample) if sample is not None else ""
        QToolTip.showText(self.canvas.mapToGlobal(place), text, self.canvas)

    def _on_release(self, event: Any) -> None:
        if event.button != 1 or not self._lasso:
            return
        corners, self._lasso = np.array([*self._lasso, (event.x, event.y)]), []
        self._draw_over()
        if np.abs(corners - corners[0]).max() > _NEAR / 2:
            adds = bool(event.guiEvent.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.lassoed.emit(inside_polygon(self._pixels, corners), adds)
        elif (sample := self._near(event)) is not None:
            self.clicked.emit(sample)

    def _near(self, event: Any) -> int | None:
        return nearest_point(self._pixels, np.array([event.x, event.y]), _NEAR)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Zoom on Ctrl and the mouse wheel, and do what keys say."""
        if getattr(self, "_coloring", None) is None:  # Python may have emptied it before Qt ends it
            return False
        if event.type() == QEvent.Type.Wheel:
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                ratio = self.canvas.device_pixel_ratio
                x, y = event.position().x(), self.canvas.height() - event.position().y()
                self._zoom(0.8 if event.angleDelta().y() > 0 else 1.25, (x * ratio, y * ratio))
                return True
        elif event.type() == QEvent.Type.KeyPress:
            if event.key() in _ARROWS and self.marked is not None:
                step = next_point(self._pixels, self.marked, _ARROWS[event.key()])
                self.clicked.emit(step)
                return True
            if event.key() in _ZOOMS:
                self._zoom(_ZOOMS[event.key()])
                return True
            if event.key() == Qt.Key.Key_Escape:  # which matplotlib would keep from the dock
                event.ignore()
                return True
        return False

    def _zoom(self, factor: float | None, pixel: tuple[float, float] | None = None) -> None:
        """Scale about a pixel (the middle if not said), or show all points where None."""
        if factor is None:
            self._zoomed = None
        else:
            axes = self.figure.axes[0]
            box = axes.bbox.get_points()
            centre = np.array(pixel or box.mean(axis=0))
            self._zoomed = axes.transData.inverted().transform(centre + (box - centre) * factor).T
        self.redraw()
