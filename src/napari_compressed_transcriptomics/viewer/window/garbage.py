"""Garbage is collected in the window's thread, while other threads work beside it.

Python collects circles of references in whichever thread makes one object too many. Among them
are widgets that were closed, and Qt's objects end the process where another thread destroys them.
"""

import gc
from functools import cache

from qtpy.QtCore import QObject, QTimer

_MILLISECONDS = 100


class Garbage(QObject):
    """Collects by a timer from `begin` to `end`, which may nest, and leaves it to Python after."""

    def __init__(self) -> None:
        super().__init__()
        self._working = 0
        self._was_on = True
        self._timer = QTimer(self)
        self._timer.setInterval(_MILLISECONDS)
        self._timer.timeout.connect(self._collect)

    def begin(self) -> None:
        """Call this in the window's thread before another thread starts."""
        self._working += 1
        if self._working == 1:
            self._was_on = gc.isenabled()
            gc.disable()
            self._timer.start()

    def end(self) -> None:
        """Call this in the window's thread when another thread has ended."""
        self._working -= 1
        if not self._working:
            self._timer.stop()
            if self._was_on:
                gc.enable()

    def _collect(self) -> None:
        """Collect the oldest generation that Python would collect now."""
        due = [n > limit for n, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        if any(due):
            gc.collect(max(generation for generation, is_due in enumerate(due) if is_due))


@cache
def garbage() -> Garbage:
    """Return the one of the window."""
    return Garbage()
