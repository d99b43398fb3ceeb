"""The status bar has room for napari's sign of work before there is any.

It would grow by a pixel with the first one, for which all of the window is laid out and drawn anew.
"""

from typing import Any

from qtpy.QtWidgets import QLabel


def keep_room_for_sign(viewer: Any) -> None:
    """Make the status bar of a window as high as it is while work goes on."""
    bar = viewer.window.main_menu.window().statusBar()
    for sign in bar.findChildren(QLabel):
        if sign.movie() is None:
            continue
        sign.movie().jumpToFrame(0)  # it has no size before
        taller = sign.sizeHint().height() - sign.parentWidget().sizeHint().height()
        bar.setMinimumHeight(bar.sizeHint().height() + max(0, taller))
