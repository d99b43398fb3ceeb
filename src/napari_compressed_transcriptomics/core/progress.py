"""Long work as generators: yield a `Progress` after each block, return the result.

Whoever drives the generator decides what progress looks like, and how the work ends early:

- `Generator.close`: it is cancelled, nothing comes back.
- ``steps.throw(Stop())``, once: it ends at the next block. Work that has something to keep
  (training: the best model so far) catches `Stop` and returns that, after some more progress;
  all other work lets `Stop` through, which means cancelled. `finish` does this with `stop`.
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


class Stop(Exception):
    """Thrown into the generator of some work: end early, and return what is worth keeping."""


def finish(
    steps: Generator[Progress, None, Result],
    report: Callable[[Progress], object] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Result:
    """Run `steps` to its end and return its result, calling `report` with each progress.

    Parameters
    ----------
    steps : generator of Progress
        The work.
    report : callable, optional
        Called with each progress.
    stop : callable, optional
        Asked after each progress; once it returns True the work is asked to end early.

    Raises
    ------
    Stop
        If it was asked to end early and has nothing worth keeping.
    """
    asked = False
    while True:
        try:
            if not asked and stop is not None and stop():
                asked = True
                progress = steps.throw(Stop())
            else:
                progress = next(steps)
        except StopIteration as end:
            return end.value
        if report is not None:
            report(progress)


def to_the_end(
    steps: Generator[Progress, None, Result],
) -> Generator[Progress, None, tuple[Result, bool]]:
    """Run `steps` to their end; return their result, and whether `Stop` was thrown meanwhile."""
    asked = False
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return end.value, asked
        try:
            yield progress
        except Stop:
            asked = True


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
