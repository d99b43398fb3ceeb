"""What the command line says on standard error: notes, and progress, for people or programs.

Programs (``--json``) get an object a line: ``{"event": "note", "text": ...}``, ``{"event":
"error", "text": ..., "code": ...}``, ``{"event": "end", "text": ..., "code": ...}`` where it was
ended from outside, or ``{"event": "progress", "stage": ..., "done": ...,
"total": ..., "left": ..., "values": ...}``; people see progress as one line that changes.
"""

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from napari_compressed_transcriptomics.core.errors import LONGEST_MESSAGE, printable, shortened
from napari_compressed_transcriptomics.core.progress import Cancelled, Progress, TimeLeft, stopping

from . import signals
from .signals import first_interrupt
from .streams import say

_json = False
_SECONDS_BETWEEN = {True: 1.0, False: 0.1}
"""Between two lines of progress, for programs and for people."""


def speak_json(wanted: bool) -> None:
    """Say everything from now on as a JSON object a line, or as people read it."""
    global _json
    _json = wanted
    signals.speak_json(wanted)


def _event(kind: str, **more: object) -> None:
    say(json.dumps({"event": kind, **more}))


def tell_end(prog: str, words: str, code: int) -> None:
    """Say that a command was ended from outside."""
    clear_line()
    if _json:
        _event("end", text=words, code=code)
    else:
        say(f"{prog}: {words}")


def tell_error(prog: str, words: str, code: int) -> None:
    """Say why a command ends."""
    clear_line()
    words = shortened(printable(words), LONGEST_MESSAGE)
    if _json:
        _event("error", text=words, code=code)
    else:
        say(f"{prog}: error: {words}")


def tell_notes(notes: Iterable[str]) -> None:
    """Say notes, a line each."""
    for note in notes:
        words = shortened(printable(note), LONGEST_MESSAGE)
        if _json:
            _event("note", text=words)
            continue
        clear_line()
        say(f"note: {words}")


def clear_line() -> None:
    """Remove what stands on the terminal's line."""
    if sys.stderr.isatty() and not _json:
        say("\r\x1b[K", end="")


_NOWHERE = logging.NullHandler()


@contextmanager
def warnings_reported(kept: list[str]) -> Iterator[None]:
    """Say what libraries warn of, or log that nobody listens to, as notes, each once.

    `kept` gets warnings with their place in the code.
    """
    reported: set[str] = set()

    def tell(text: str) -> None:
        if text not in reported:
            reported.add(text)
            tell_notes([text])

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        kept.append(warnings.formatwarning(message, category, filename, lineno))
        tell(str(message))

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(record.getMessage())

    # what asyncio logs of requests to a server that failed comes late, and the error is told
    logging.getLogger("asyncio").addHandler(_NOWHERE)
    before, logging.lastResort = logging.lastResort, Listener(logging.WARNING)  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show
            yield
    finally:
        logging.lastResort = before


class Report:
    """Shows progress as one rewritten line where standard error is a terminal, or as JSON.

    Parameters
    ----------
    asked : callable, optional
        Once it returns True the work is to end early.
    """

    def __init__(self, asked: Callable[[], bool] = lambda: False) -> None:
        self.asked = asked
        self._report = stopping(self._show, asked)
        self._clock = TimeLeft()
        self._last = -1.0

    def __call__(self, progress: Progress) -> None:
        """Show a progress."""
        self._report(progress)

    def _show(self, progress: Progress) -> None:
        left = self._clock.after(progress)
        if progress.message:
            tell_notes([progress.message])
        now = time.monotonic()
        if not (_json or sys.stderr.isatty()) or now - self._last <= _SECONDS_BETWEEN[_json]:
            return
        self._last = now
        if _json:
            _event("progress", stage=progress.stage, done=progress.done, total=progress.total,
                   left=left, values=progress.values or {})  # fmt: skip
        else:
            errors = [f"{name} RMSE {value:.4f}" for name, value in (progress.values or {}).items()]
            line = "  ".join([f"{progress.stage} {progress.done}/{progress.total}", *errors, left])
            say(f"\r\x1b[K{printable(line)}", end="")


@contextmanager
def stoppable() -> Iterator[Report]:
    """Give a report by which the first Ctrl-C ends the work early, with what is worth keeping.

    Raises
    ------
    KeyboardInterrupt
        Where nothing is, and at the second Ctrl-C.
    """
    with first_interrupt() as asked:
        try:
            yield Report(asked)
        except Cancelled:
            raise KeyboardInterrupt from None
