"""What the command line says on standard error: notes, and progress on a terminal."""

import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from napari_compressed_transcriptomics.core.errors import LONGEST_MESSAGE, printable, shortened
from napari_compressed_transcriptomics.core.progress import (
    Cancelled,
    Progress,
    TimeLeft,
    stopping,
)

from .signals import first_interrupt
from .streams import say


def tell_notes(notes: Iterable[str]) -> None:
    """Say notes, a line each."""
    for note in notes:
        clear_line()
        say(f"note: {shortened(printable(note), LONGEST_MESSAGE)}")


def clear_line() -> None:
    """Remove what stands on the terminal's line."""
    if sys.stderr.isatty():
        say("\r\x1b[K", end="")


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

    before, logging.lastResort = logging.lastResort, Listener(logging.WARNING)  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show
            yield
    finally:
        logging.lastResort = before


class Report:
    """Shows progress as one rewritten line where standard error is a terminal.

    Parameters
    ----------
    asked : callable, optional
        Once it returns True the work is to end early.
    """

    def __init__(self, asked: Callable[[], bool] = lambda: False) -> None:
        self.asked = asked
        self._report = stopping(self._show, asked)
        self._clock = TimeLeft()
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        """Show a progress."""
        self._report(progress)

    def _show(self, progress: Progress) -> None:
        left = self._clock.after(progress)
        if progress.message:
            tell_notes([progress.message])
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > 0.1:
            self._last = now
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
