"""Following a viewer, which outlives its docks, for as long as a widget lives, and events."""

from collections.abc import Callable, Iterable
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

_CHANGES = ("changed", "currentIndexChanged", "toggled", "valueChanged", "textChanged")
"""Signals of fields, the first first."""


def follow(widget: QWidget, events: Iterable[Any], callback: Callable[..., Any]) -> None:
    """Connect events of napari to a method of a widget until Qt destroys the widget.

    Parameters
    ----------
    widget : QWidget
    events : iterable of napari's EventEmitter
    callback : callable
        A method of the widget.
    """
    followed = tuple(events)
    for event in followed:
        event.connect(callback)
    at_end(widget, lambda: [event.disconnect(callback) for event in followed])


def on_change(call: Callable[..., Any], *fields: QWidget) -> None:
    """Call whenever one of several fields changes, by the signal that its kind has for that."""
    for field in fields:
        next(getattr(field, name) for name in _CHANGES if hasattr(field, name)).connect(call)


def at_end(widget: QWidget, do: Callable[[], Any]) -> None:
    """Call a function when Qt destroys a widget.

    Not where Python's garbage collector does: it may have emptied the function before, and
    calling that kills the process. Nothing is lost, as napari holds methods weakly. Qt must
    therefore know a method (which is held weakly, too), and not the function itself.
    """
    end = _End(do)
    widget.__dict__.setdefault("_ends", []).append(end)
    widget.destroyed.connect(end.come)


def soon(parent: QWidget, call: Callable[[], Any], milliseconds: int = 0) -> QTimer:
    """Return a timer that calls a function once for all that `start` it in that time."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer


class _End:
    """Calls a function at the end of a widget, and lives as long as that."""

    def __init__(self, do: Callable[[], Any]):
        self._do = do

    def come(self) -> None:
        self._do()
