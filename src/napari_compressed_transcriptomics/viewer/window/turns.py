"""Long work in the window's thread, a step in each turn of the event loop."""

from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar


class Turns:
    """Does steps one in a turn of the event loop of a viewer's window, which answers in between.

    Others that have steps to do wait for their turn. Without a window steps are done at once; a
    window that is closed ends them.
    """

    _line: ClassVar[list["Turns"]] = []
    """Those that have steps to do, the next one first."""
    _drawing: ClassVar[bool] = False

    def __init__(self, viewer: Any):
        self._steps: Iterator[None] | None = None
        window = getattr(viewer, "window", None)
        self._window = None if window is None else window.main_menu

    def start(self, steps: Iterator[None]) -> None:
        """Begin, after what was begun before is done."""
        self.finish()
        self._steps = steps
        if self._window is None:
            self.finish()
        else:
            self._line.append(self)
            _timer().start(0)

    @property
    def busy(self) -> bool:
        """Whether there are steps to do."""
        return self._steps is not None

    def finish(self) -> None:
        """Do all that is left now."""
        steps, self._steps = self._steps, None
        if self in self._line:
            self._line.remove(self)
        for _ in steps or ():
            pass

    @classmethod
    def _on_time(cls) -> None:
        """Do a step in every other turn: Qt draws what it changed in the one between."""
        from qtpy.compat import isalive

        line = cls._line
        line[:] = [one for one in line if isalive(one._window)]
        cls._drawing = bool(line) and not cls._drawing
        try:
            if line and not cls._drawing:
                line.pop(0)._turn()
        finally:
            if line:
                _timer().start(0)

    def _turn(self) -> None:
        done, before = object(), len(self._line)
        if self._steps is None or next(self._steps, done) is done:
            self.finish()
        elif self not in self._line:
            self._line.insert(before, self)  # what this turn began comes after the next of this


@cache
def _timer() -> Any:
    """Return the timer of all windows."""
    from qtpy.QtCore import QCoreApplication, QTimer

    timer = QTimer(QCoreApplication.instance())
    timer.setSingleShot(True)  # a step may handle events
    timer.timeout.connect(Turns._on_time)
    return timer


def timer_of(viewer: Any) -> Any:
    """Return a QTimer that goes with the viewer's window; None where it has none."""
    if getattr(viewer, "window", None) is None:
        return None
    from qtpy.QtCore import QTimer

    return QTimer(viewer.window.main_menu)
