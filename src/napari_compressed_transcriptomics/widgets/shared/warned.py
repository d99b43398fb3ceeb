"""What Python warns of in the threads of jobs, kept to be told once."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from napari_compressed_transcriptomics.core.errors import printable, shortened

_FOR_DEVELOPERS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
_MAX_TOLD = 5
_MAX_KEPT = 100
_LONGEST = 200


class Warned:
    """Collects the warnings of one job; those of other threads go where they went before.

    What is done with a warning is a setting of the process. It is changed and put back in the
    window's thread alone, when the first job begins and the last one ends: threads that each put
    back what they found would leave the settings of another.
    """

    _running: ClassVar[set["Warned"]] = set()
    _of_thread: ClassVar[dict[int, "Warned"]] = {}
    _settings: ClassVar[warnings.catch_warnings | None] = None
    _show_others: ClassVar[Any] = None

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}  # in order, each once

    def begin(self) -> None:
        """Listen, from the window's thread; a warning told by an earlier job is told again."""
        if not Warned._running:
            Warned._show_others = warnings.showwarning
            Warned._settings = warnings.catch_warnings()
            Warned._settings.__enter__()
            warnings.simplefilter("always")
            warnings.showwarning = _show
        Warned._running.add(self)

    @contextmanager
    def here(self) -> Iterator[None]:
        """Collect what the thread that is in this context warns of."""
        # napari's worker has set a function of its own, which tells each by itself.
        warnings.showwarning = _show
        Warned._of_thread[threading.get_ident()] = self
        try:
            yield
        finally:
            del Warned._of_thread[threading.get_ident()]

    def end(self) -> list[str]:
        """Listen no more, from the window's thread; return lines that tell what was heard."""
        if self in Warned._running:
            Warned._running.remove(self)
            if not Warned._running and Warned._settings is not None:
                Warned._settings.__exit__(None, None, None)
        lines = list(self._texts)
        rest = len(lines) - _MAX_TOLD
        return lines[:_MAX_TOLD] + ([f"and {rest} more warnings"] if rest > 0 else [])

    def hear(self, warning: Warning | str, category: type[Warning]) -> None:
        """Keep a warning, if it is meant for the user."""
        if len(self._texts) < _MAX_KEPT:
            text = shortened(printable(str(warning)), _LONGEST)
            self._texts[f"{category.__name__}: {text}"] = None


def _show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
    """Stand in for `warnings.showwarning`."""
    if issubclass(category, _FOR_DEVELOPERS):  # shown, if at all, for want of a finer filter
        return
    warned = Warned._of_thread.get(threading.get_ident())
    if warned is not None:
        warned.hear(message, category)
    else:
        Warned._show_others(message, category, *where, **more)
