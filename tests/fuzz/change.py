"""What was done to a file, and what of it a reader cannot see."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

Mutator = Callable[[Path, Random], "Change"]


@dataclass(frozen=True)
class Change:
    """A change of a file.

    A reader may always refuse it in a clear sentence, read what the valid file holds, or say in
    a note what is different. Whatever else it reads must be declared here, as nobody could see it
    (a changed digit in a table without a hash).
    """

    said: str
    """What was done."""
    unseen: frozenset[str] = frozenset()
    """Kinds of entries of a reading that may differ without a word (``"value"``)."""
    most: int = 10**9
    """How many of them may."""
    among: frozenset[str] = frozenset()
    """Where given, only entries that one of these names belongs to may differ."""
    renames: bool = False
    """One name may have become another wherever it stands."""
    reorders: bool = False
    """Rows stand in another order: harmless, unless their order is all that tells which is
    which."""
    columns: bool = False
    """What columns there are, or what they are called, is another."""
    must: Literal["", "equal", "refuse"] = ""
    """The one outcome that is right: harmless changes are read, hostile ones are refused."""


NOTHING: frozenset[str] = frozenset()
VALUES = frozenset({"value"})
PLACES = frozenset({"value", "place", "affine"})
EVERYTHING = frozenset({"*"})
