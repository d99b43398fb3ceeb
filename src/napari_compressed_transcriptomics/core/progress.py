"""Long work as generators: yield a `Progress` after each block, return the result.

Whoever drives the generator decides what progress looks like, and cancels by not asking
for the next block (`Generator.close`).
"""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Progress:
    """How far a piece of work has come.

    Attributes
    ----------
    stage : str
        What is being done, in a few words ("Encoding").
    done, total : int
        Blocks (or epochs) done, and expected in all; `total` is an upper bound.
    message : str
        Something that the user should know (a fall-back to smaller blocks), else empty.
    values : dict
        Numbers worth showing as they come (``{"train": .., "validation": ..}``).
    """

    stage: str
    done: int
    total: int
    message: str = ""
    values: dict[str, float] | None = None


Result = TypeVar("Result")


def finish(
    steps: Generator[Progress, None, Result],
    report: Callable[[Progress], object] | None = None,
) -> Result:
    """Run `steps` to its end and return its result, calling `report` with each progress."""
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            return stop.value
        if report is not None:
            report(progress)


class TimeLeft:
    """Estimates the time left of the current stage from the pace so far."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = 0.0
        self._first = 0

    def after(self, progress: Progress) -> str:
        """Return e.g. ``about 12 s left``, or nothing while there is no basis for it."""
        now = time.monotonic()
        if progress.stage != self._stage:
            self._stage, self._began, self._first = progress.stage, now, progress.done
            return ""
        done = progress.done - self._first
        if done <= 0 or progress.done >= progress.total:
            return ""
        seconds = (now - self._began) / done * (progress.total - progress.done)
        return (
            f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
        )
