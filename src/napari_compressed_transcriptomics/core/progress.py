"""Long work tells a `Report` how far it is after each block; the report may raise to end it.

Work that takes long has a last argument ``report``, `silent` unless given. Two exceptions that a
report may raise end the work within a block:

- `Stop`: early. Work that has something to keep (training: the best model so far) catches it
  and returns that, after some more progress; all other work lets it through.
- `Cancelled`, its base: nothing comes back. Nobody catches it but whoever raised it, and work
  that saves what was done before.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Progress:
    """How far a piece of work has come."""

    stage: str
    """What is being done, in a few words ("Encoding")."""
    done: int
    total: int
    """`done`, `total`: blocks (or epochs) done, and expected in all; `total` is an upper bound."""
    message: str = ""
    """Something that the user should know (a fall-back to smaller blocks), else empty."""
    values: dict[str, float] | None = None
    """Numbers worth showing as they come (``{"train": .., "validation": ..}``)."""


Report = Callable[[Progress], object]
Result = TypeVar("Result")


class Cancelled(Exception):
    """Raised by a report: the work ends, and nothing comes back."""


class Stop(Cancelled):
    """Raised by a report: end early, and return what is worth keeping."""


def silent(progress: Progress) -> None:
    """Report to nobody."""


def stopping(report: Report, asked: Callable[[], bool]) -> Report:
    """Return a report that raises `Stop`, once, when `asked` returns True."""
    has_stopped = False

    def report_or_stop(progress: Progress) -> None:
        nonlocal has_stopped
        report(progress)
        if not has_stopped and asked():
            has_stopped = True
            raise Stop

    return report_or_stop


def dropping(report: Report) -> Report:
    """Return a report whose `Stop` cancels the work, for what is of no use half done."""

    def report_or_cancel(progress: Progress) -> None:
        try:
            report(progress)
        except Stop:
            raise Cancelled from None

    return report_or_cancel


class Finishing:
    """A report that lets work go on when it is to stop.

    Attributes
    ----------
    asked : bool
        Whether the work was asked to stop meanwhile.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self.asked = False

    def __call__(self, progress: Progress) -> None:
        """Report, and remember a `Stop`."""
        try:
            self._report(progress)
        except Stop:
            self.asked = True


class TimeLeft:
    """Estimates the time left of the current stage from the pace so far.

    A stage of another name that counts on (of the same total) is no other one.
    """

    def __init__(self) -> None:
        self._stage = ""
        self._began = 0.0
        self._first = self._done = self._total = 0

    def after(self, progress: Progress) -> str:
        """Return e.g. ``up to 12 s left``, or nothing while there is no basis for it."""
        now = time.monotonic()
        counts_on = progress.total == self._total and progress.done >= self._done
        another = progress.stage != self._stage and not counts_on
        self._stage, self._done, self._total = progress.stage, progress.done, progress.total
        if another:
            self._began, self._first = now, progress.done
            return ""
        done = progress.done - self._first
        if done <= 0 or progress.done >= progress.total:
            return ""
        seconds = (now - self._began) / done * (progress.total - progress.done)
        return f"up to {duration(seconds)} left"  # work may end before its total


def duration(seconds: float) -> str:
    """Return a time in words: ``12 s``, ``3 min``, ``2 h``."""
    units = ((3600, "h"), (60, "min"), (1, "s"))
    size, unit = next((u for u in units if seconds >= 1.5 * u[0]), units[-1])
    return f"{max(1, seconds / size):.0f} {unit}"
