"""Numbers on the command line: whole ones within a range, and distances."""

import argparse
import math
from collections.abc import Callable

from napari_compressed_transcriptomics.core import limits


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


def millimetres(text: str) -> float:
    """Read a distance of 0 mm or more."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no distance in mm, 0 or more")
    return value


def add_buffer(add: Callable, default: float | None = None) -> None:
    """Add the option of the buffer of blocks; without a default it is found in the data."""
    found = (
        "where the correlation of samples has fallen to one half, less where fewer than half of "
        "the samples would be left to train on"
    )
    words = found if default is None else f"{default:g}"
    add(
        "--buffer",
        type=millimetres,
        metavar="MM",
        default=default,
        help=f"of blocks; default: {words}",
    )


components = whole(1, limits.MAX_COMPONENTS)
folds = whole(2, limits.MAX_FOLDS)
processes = whole(1, limits.MAX_PROCESSES)
repeats = whole(1, limits.MAX_REPEATS)
seed = whole(0, limits.MAX_SEED)
surrogates = whole(0, limits.MAX_DRAWS)
permutations = whole(limits.MIN_PERMUTATIONS, limits.MAX_DRAWS)
