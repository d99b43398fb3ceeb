"""A line of the table; imports nothing, so that measures can start before torch does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    value: str
    target: str
    reached: bool | None = None
