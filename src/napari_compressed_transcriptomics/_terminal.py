"""What the command line says on standard error: notes, and progress on a terminal."""

import sys
import time
from collections.abc import Iterable

from .core.progress import Progress, TimeLeft


def tell_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def clear_line() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


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
            line = f"{progress.stage} {progress.done}/{progress.total} {left}"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
