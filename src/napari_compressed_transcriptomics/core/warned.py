"""What Python warns of in one thread: kept to be told once, or left unsaid.

What is done with a warning is a setting of the process, which `warnings.catch_warnings` changes
and puts back for all threads: two of them that overlap leave each other's settings behind.
"""

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .errors import printable, shortened

_FOR_DEVELOPERS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
_MAX_TOLD = 5
_MAX_KEPT = 100
_LONGEST = 200

_lock = threading.Lock()
_listeners: dict[int, list[Callable[[Warning | str, type[Warning]], None]]] = {}
"""Of each thread; the last one hears."""
_held = 0
_before = warnings.catch_warnings()
_show_others: Any = None


@contextmanager
def quietly() -> Iterator[None]:
    """Leave unsaid what this thread warns of."""
    with _heard(lambda warning, category: None):
        yield


class Warned:
    """Collects the warnings of one job; those of other threads go where they went before."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}  # in order, each once
        self._listens = False

    def begin(self) -> None:
        """Listen; a warning told by an earlier job is told again.

        From the window's thread, as `end`: what others there change and put back lies within.
        """
        self._listens = True
        _hold()

    @contextmanager
    def here(self) -> Iterator[None]:
        """Collect what the thread that is in this context warns of."""
        with _heard(self._hear):
            yield

    def end(self) -> list[str]:
        """Listen no more; return lines that tell what was heard."""
        if self._listens:
            self._listens = False
            _let_go()
        lines = list(self._texts)
        rest = len(lines) - _MAX_TOLD
        return lines[:_MAX_TOLD] + ([f"and {rest} more warnings"] if rest > 0 else [])

    def _hear(self, warning: Warning | str, category: type[Warning]) -> None:
        if len(self._texts) < _MAX_KEPT:
            text = shortened(printable(str(warning)), _LONGEST)
            self._texts[f"{category.__name__}: {text}"] = None


@contextmanager
def _heard(hear: Callable[[Warning | str, type[Warning]], None]) -> Iterator[None]:
    """Give the warnings of this thread to `hear`."""
    listeners = _listeners.setdefault(threading.get_ident(), [])
    listeners.append(hear)
    _hold()
    try:
        yield
    finally:
        _let_go()
        listeners.pop()
        if not listeners:
            del _listeners[threading.get_ident()]


def _hold() -> None:
    """Have all warnings of the process come to `_show`, until `_let_go` was called as often."""
    global _held, _before, _show_others
    with _lock:
        if not _held:
            _show_others = warnings.showwarning
            _before = warnings.catch_warnings()
            _before.__enter__()
            warnings.simplefilter("always")
        _held += 1
        warnings.showwarning = _show  # others may have set a function of their own


def _let_go() -> None:
    global _held
    with _lock:
        _held -= 1
        if not _held:
            _before.__exit__(None, None, None)


def _show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
    """Stand in for `warnings.showwarning`."""
    listeners = _listeners.get(threading.get_ident())
    if issubclass(category, _FOR_DEVELOPERS):  # shown, if at all, for want of a finer filter
        return
    if listeners:
        listeners[-1](message, category)
    else:
        _show_others(message, category, *where, **more)
