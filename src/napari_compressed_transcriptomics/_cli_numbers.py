"""Numbers on the command line: whole ones within a range."""

import argparse
from collections.abc import Callable

from .core import limits


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a function that reads a whole number from `least` to `most`, in digits 0 to 9."""

    def read(text: str) -> int:
        # The length first: of thousands of digits Python makes no number.
        digits = text.isascii() and text.isdecimal() and len(text.lstrip("0")) <= len(str(most))
        value = int(text) if digits else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least:,} to {most:,}"
            )
        return value

    return read


components = whole(1, limits.MOST_COMPONENTS)
folds = whole(2, limits.MOST_FOLDS)
processes = whole(1, limits.MOST_PROCESSES)
repeats = whole(1, limits.MOST_REPEATS)
seed = whole(0, limits.MOST_SEED)
surrogates = whole(0, limits.MOST_DRAWS)
permutations = whole(limits.FEWEST_PERMUTATIONS, limits.MOST_DRAWS)
