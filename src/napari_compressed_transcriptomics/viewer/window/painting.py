"""A window that changes in many ways at once is painted once, when all has its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def paint_later(viewer: Any) -> None:
    """Have canvas, sliders and controls painted in the next turn of the event loop, not before.

    napari makes room beside the canvas for sliders and controls; each time Qt would paint it at
    once, in the midst of a change.
    """
    with painted_after(viewer):
        pass


@contextmanager
def painted_after(viewer: Any) -> Iterator[None]:
    """Have them painted in the turn after all that is done within, be it in several turns."""
    window = getattr(viewer, "window", None)
    place = None if window is None else window.main_menu.window().centralWidget()
    if place is None or not place.updatesEnabled():
        yield
        return
    from qtpy.compat import isalive
    from qtpy.QtCore import QTimer

    place.setUpdatesEnabled(False)
    try:
        yield
    finally:
        # Qt does what has no delay before it asks for the user's events, and paints right after it.
        QTimer.singleShot(1, lambda: isalive(place) and place.setUpdatesEnabled(True))


def paint_once_turned(viewer: Any) -> Any:
    """Have the canvas painted once for each change between 2-D and 3-D; return what to keep.

    napari shows a slider at the beginning of that, before it tells anyone else; where it hides one
    the canvas gets its room when all have been told.
    """
    from qtpy.QtCore import QEvent, QObject

    canvas, dims = viewer.window._qt_viewer.canvas.native, viewer.dims

    class Resizes(QObject):
        ndisplay = dims.ndisplay

        def eventFilter(self, watched: Any, event: Any) -> bool:
            if event.type() == QEvent.Type.Resize and dims.ndisplay != self.ndisplay:
                paint_later(viewer)
            return False

        def turned(self) -> None:
            self.ndisplay = dims.ndisplay
            paint_later(viewer)

    resizes = Resizes(canvas)
    canvas.installEventFilter(resizes)
    dims.events.ndisplay.connect(resizes.turned)
    return resizes
