"""Long work as generators: yield a `Progress` after each block, return the result.

Whoever drives the generator decides what progress looks like, and cancels by not asking
for the next block (`Generator.close`).
"""

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
