"""What the command line says on standard error: notes, and progress on a terminal."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from .core.progress import Progress, TimeLeft


def tell_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def clear_line() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@contextmanager
def first_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C was pressed; pressed again, it interrupts."""
    asked = threading.Event()

    def on_interrupt(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        # not print: the handler may run in the middle of one
        os.write(2, b"\nnote: ends here and saves the best so far; Ctrl-C again leaves at once\n")

    before = signal.getsignal(signal.SIGINT)
    listens = before is signal.default_int_handler  # else it is ignored, or somebody else's
    if listens and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, on_interrupt)
    else:
        listens = False
    try:
        yield asked.is_set
    finally:
        if listens:
            signal.signal(signal.SIGINT, before)


class Report:
    """Shows progress as one rewritten line where standard error is a terminal."""

    def __init__(self) -> None:
        self._clock = TimeLeft()
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        left = self._clock.after(progress)
        if progress.message:
            clear_line()
            print(f"note: {progress.message}", file=sys.stderr)
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > 0.1:
            self._last = now
            errors = [f"{name} RMSE {value:.4f}" for name, value in (progress.values or {}).items()]
            line = "  ".join([f"{progress.stage} {progress.done}/{progress.total}", *errors, left])
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
