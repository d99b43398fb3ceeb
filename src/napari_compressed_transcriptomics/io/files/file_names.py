"""Names for files from names that users gave."""

import re
import unicodedata

LONGEST_STEM = 120
"""Bytes: with what is put before and after it, every file system takes the name."""


def safe_stem(name: str, fill: str = "-", longest: int = LONGEST_STEM) -> str:
    """Return a name for a file without its ending: `fill` where a file system may not take it.

    It has at most `longest` bytes and is cut between characters.
    """
    stem = re.sub(r"[^\w.=+-]+", fill, unicodedata.normalize("NFC", name))
    return stem.encode()[:longest].decode("utf-8", "ignore").strip(f".-{fill}") or "target"


def distinct_stems(names: list[str]) -> list[str]:
    """Return `safe_stem` of each name, with a number after it where it is not the first."""
    stems: list[str] = []
    taken: set[str] = set()
    for name in names:
        stem, number = safe_stem(name), 2
        while stem.casefold() in taken:
            stem, number = f"{safe_stem(name, longest=LONGEST_STEM - 8)}-{number}", number + 1
        taken.add(stem.casefold())
        stems.append(stem)
    return stems
