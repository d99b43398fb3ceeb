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
