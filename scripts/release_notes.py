"""Print what CHANGELOG.md says of a version: `python scripts/release_notes.py v0.1.0`."""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parent.parent / "CHANGELOG.md"


def notes(version: str, text: str) -> str:
    """Return the section of a version; a `SystemExit` says that it is missing or has no date.

    Parameters
    ----------
    version : str
        As ``0.1.0``, or a tag as ``v0.1.0``.
    text : str
        The changelog.
    """
    number = version.removeprefix("v")
    heading = rf"^## \[{re.escape(number)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## \[|^\[|\Z)"
    found = re.search(heading, text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise SystemExit(f"CHANGELOG.md has no dated entry of {number}; add it before the tag")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    print(notes(sys.argv[1], CHANGELOG.read_text(encoding="utf-8")), end="")
