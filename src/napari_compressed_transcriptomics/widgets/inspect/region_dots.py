"""Error by region as dots, which the mouse and the arrow keys choose from."""

from typing import Any

from matplotlib.patches import Rectangle
from qtpy.QtCore import Qt, Signal

from napari_compressed_transcriptomics.figures.plots import VERMILION
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView


class RegionDots(FigureView):
    """Shows what `core.plots.region_dots` draws: row ``i`` from the top lies at ``y = i``.

    A click on a row chooses it; the arrow keys, Home and End choose from the marked one on.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme gives the colour of text.
    """

    chosen = Signal(int)
    """The row that was clicked, or gone to by key."""

    def __init__(self, viewer: Any):
        super().__init__(viewer)
        self.tips: list[str] = []
        self.marked: int | None = None
        self._plain: Any = None  # the picture without the mark
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.canvas.setCursor(Qt.CursorShape.PointingHandCursor)
        self.canvas.mpl_connect("draw_event", self._on_drawn)
        self.canvas.mpl_connect("button_press_event", self._on_click)
        self.canvas.mpl_connect("motion_notify_event", self._on_motion)
        self.canvas.mpl_connect("key_press_event", self._on_key)

    def set_rows(self, tips: list[str], height: float) -> None:
        """Say what the rows' tooltips are, and the height of the plot in inches."""
        self.tips, self.marked = tips, None
        dots = self.figure.get_dpi() / self.canvas.device_pixel_ratio
        self.canvas.setFixedHeight(int(height * dots))

    def mark(self, row: int | None) -> None:
        """Put a band over a row, or take them away."""
        if row != self.marked:
            self.marked = row
            if self._plain is not None and self.figure.axes:
                self.canvas.restore_region(self._plain)
                self._draw_mark()
                self.canvas.blit(self.figure.bbox)

    def middle_of(self, row: int) -> int:
        """Return how far below the upper edge a row is, in pixels of the window."""
        _, y = self.figure.axes[0].transData.transform((0, row))
        return int(self.canvas.height() - y / self.canvas.device_pixel_ratio)

    def _row_at(self, event: Any) -> int | None:
        if not self.figure.axes:
            return None
        _, y = self.figure.axes[0].transData.inverted().transform((event.x, event.y))
        row = round(y)
        return row if 0 <= row < len(self.tips) else None

    def _on_click(self, event: Any) -> None:
        row = self._row_at(event)
        if event.button == 1 and row is not None:
            self.chosen.emit(row)

    def _on_motion(self, event: Any) -> None:
        row = self._row_at(event)
        self.canvas.setToolTip("" if row is None else self.tips[row])

    def _on_key(self, event: Any) -> None:
        if not self.tips:
            return
        last, at = len(self.tips) - 1, -1 if self.marked is None else self.marked
        rows = {"down": min(at + 1, last), "up": max(at - 1, 0), "home": 0, "end": last}
        if event.key in rows:
            self.chosen.emit(rows[event.key])

    def _on_drawn(self, event: Any) -> None:
        self._plain = self.canvas.copy_from_bbox(self.figure.bbox)
        self._draw_mark()

    def _draw_mark(self) -> None:
        """Draw the mark alone: to draw all names anew would take a fraction of a second."""
        if self.marked is not None and self.figure.axes:
            axes = self.figure.axes[0]
            across = axes.get_yaxis_transform()  # x in widths of the axes, names among them
            place = (-5, self.marked - 0.45), 7, 0.9
            axes.draw_artist(Rectangle(*place, transform=across, color=VERMILION, alpha=0.25))
