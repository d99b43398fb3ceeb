"""The least and most that can be asked for; more would be a slip, and would not end."""

from .errors import UserError

MAX_SEED = 2**32 - 1  # all that NumPy and scikit-learn take
MAX_COMPONENTS = 100_000
MAX_FOLDS = 1000
MAX_REPEATS = 1000
MAX_PROCESSES = 1000
MAX_DRAWS = 1_000_000
"""Surrogate maps or permutations: p-values down to a millionth."""
MIN_PERMUTATIONS = 19
"""Of fewer no p-value is as low as 0.05."""


def check_range(what: str, number: int, least: int, most: int) -> None:
    """Raise a `UserError` where a number of something is not from `least` to `most`."""
    if not least <= number <= most:
        raise UserError(f"{number:,} {what} cannot be; choose from {least:,} to {most:,}")


def check_seed(seed: int) -> None:
    """Raise a `UserError` unless all libraries that draw at random take `seed`."""
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise UserError(f"The seed {seed!r} is none; choose a whole number from 0 to {MAX_SEED:,}")
