"""Long work in the window's thread, a step in each turn of the event loop."""

from collections.abc import Iterator
from typing import Any


class Turns:
    """Does steps one in a turn of the event loop of a viewer's window, which answers in between.

    Without a window they are done at once; a window that is closed ends them.
    """

    def __init__(self, viewer: Any):
        self._steps: Iterator[None] | None = None
        self._drawing = False
        self._timer = timer_of(viewer)
        if self._timer is not None:
            self._timer.setSingleShot(True)  # a step may handle events
            self._timer.timeout.connect(self._on_time)

    def start(self, steps: Iterator[None]) -> None:
        """Begin, after what was begun before is done."""
        self.finish()
        self._steps = steps
        if self._timer is None:
            self.finish()
        else:
            self._timer.start(0)

    def finish(self) -> None:
        """Do all that is left now."""
        steps, self._steps = self._steps, None
        for _ in steps or ():
            pass

    def _on_time(self) -> None:
        """Do a step in every other turn: Qt draws what it changed in the one between."""
        self._drawing = not self._drawing
        if self._drawing:
            self._timer.start(0)
        else:
            self._turn()

    def _turn(self) -> None:
        if self._steps is None:
            return
        done = object()
        if next(self._steps, done) is done:
            self._steps = None
        else:
            self._timer.start(0)


def timer_of(viewer: Any) -> Any:
    """Return a QTimer that goes with the viewer's window; None where it has none."""
    if getattr(viewer, "window", None) is None:
        return None
    from qtpy.QtCore import QTimer

    return QTimer(viewer.window.main_menu)
