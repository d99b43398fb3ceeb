"""A window that changes in many ways at once is painted once, when all has its place."""

from typing import Any


def paint_later(viewer: Any) -> None:
    """Have canvas, sliders and controls painted in the next turn of the event loop, not before.

    napari makes room beside the canvas for sliders and controls; each time Qt would paint it at
    once, in the midst of a change.
    """
    window = getattr(viewer, "window", None)
    if window is None:
        return
    from qtpy.compat import isalive
    from qtpy.QtCore import QTimer

    place = window.main_menu.window().centralWidget()
    if place.updatesEnabled():
        place.setUpdatesEnabled(False)
        # Qt does what has no delay before it asks for the user's events, and paints right after it.
        QTimer.singleShot(1, lambda: isalive(place) and place.setUpdatesEnabled(True))
