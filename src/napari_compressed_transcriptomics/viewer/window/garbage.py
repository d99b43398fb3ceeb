"""Garbage is collected in the window's thread, while other threads work beside it.

Python collects circles of references in whichever thread makes one object too many. Among them
are widgets that were closed, and Qt's objects end the process where another thread destroys them.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from weakref import WeakSet

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtGui import QGuiApplication

_MILLISECONDS = 100
_SOON = 10_000  # milliseconds without the mouse or a key, as it takes some 700
_MANY = 100  # modules
_OF_USERS = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.KeyPress,
)


class Garbage(QObject):
    """Collects by a timer from `begin` to `end`, which may nest, and leaves it to Python after.

    To look through modules, which stay for good, takes a third of a second once torch is there, and
    napari does it whenever a layer goes, once for each of four views, which are themselves as much
    to look through as all else that is not modules. So all that lives when many were imported, or
    four views opened, is left out from then on. When something `goes` that was there, all is looked
    through once, when no work goes on and the user has left mouse and keys alone for a moment.
    """

    def __init__(self) -> None:
        super().__init__()
        self._working = 0
        self._was_on = True
        self._leaves_out = False
        self._modules = 0
        self._came: WeakSet[Any] = WeakSet()
        self._timer = QTimer(self)
        self._timer.setInterval(_MILLISECONDS)
        self._timer.timeout.connect(self._collect)
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(_SOON)
        self._looking.timeout.connect(self._look)
        self._watched: list[Any] = []

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
            if self._looking.isActive():
                self._looking.start()  # not when what was made is about to be shown
            self.leave_out()
            if self._was_on:
                gc.enable()

    def _collect(self) -> None:
        """Collect the oldest generation that Python would collect now."""
        self.leave_out()
        due = [n > limit for n, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        if any(due):
            gc.collect(max(generation for generation, is_due in enumerate(due) if is_due))

    def leave_out(self, much_is_new: bool = False) -> None:
        """Leave all that there is out of collections, if much is new since that was done.

        So it is where many modules were imported. What another has frozen stays so, and nothing is
        done; nor while there is something to look for, so that no garbage is kept.
        """
        much_is_new = much_is_new or len(sys.modules) >= self._modules + _MANY
        if self._looking.isActive() or not much_is_new:
            return
        if not self._leaves_out and gc.get_freeze_count():
            return
        self._leaves_out, self._modules = True, len(sys.modules)
        self._came.clear()
        gc.freeze()

    @contextmanager
    def none_expected(self) -> Iterator[None]:
        """Have whoever collects meanwhile find nothing: nothing has gone."""
        if self._leaves_out or gc.get_freeze_count():
            yield
            return
        gc.freeze()
        try:
            yield
        finally:
            gc.unfreeze()

    def comes(self, thing: Any) -> None:
        """Take note of a layer, view, dock or result that is new: when it goes it will be found."""
        self._came.add(thing)

    def goes(self, thing: Any) -> None:
        """Look through all, soon, if a thing was left out: what it holds may be garbage then."""
        if self._leaves_out and thing not in self._came:
            self._look_soon()

    def take_in(self) -> None:
        """Leave nothing out, as a window closes; what stays is left out again, soon."""
        if self._leaves_out:
            gc.unfreeze()
            self._leaves_out = False
            self._look_soon()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Wait as long as the user does something."""
        if event.type() in _OF_USERS and self._looking.isActive():
            self._looking.start()
        return False

    def _look_soon(self) -> None:
        self._looking.start()
        self._watch(QGuiApplication.allWindows())

    def _watch(self, windows: list[Any]) -> None:
        """Be told what the user does in windows."""
        for window in filter(isalive, self._watched):
            window.removeEventFilter(self)
        self._watched = windows
        for window in windows:
            window.installEventFilter(self)

    def _look(self) -> None:
        if self._working:  # not in the midst of it
            self._looking.start()
            return
        self._watch([])
        if self._leaves_out:
            gc.unfreeze()
        gc.collect()
        self._leaves_out, self._modules = False, 0
        self.leave_out()


@cache
def garbage() -> Garbage:
    """Return the one of the window."""
    return Garbage()
