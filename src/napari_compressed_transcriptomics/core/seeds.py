"""Which seeds there are."""

from .errors import UserError

LARGEST_SEED = 2**32 - 1  # all that NumPy and scikit-learn take


def check_seed(seed: int) -> None:
    """Raise a `UserError` unless all libraries that draw at random take `seed`."""
    if not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise UserError(
            f"The seed {seed!r} is none; choose a whole number from 0 to {LARGEST_SEED:,}"
        )
