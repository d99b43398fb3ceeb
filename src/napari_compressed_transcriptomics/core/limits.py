"""The least and most that can be asked for; more would be a slip, and would not end."""

from .errors import UserError

LATENT_SIZES = (2, 4, 8, 16, 32, 64, 128)
"""Those of the published models."""

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
        raise UserError(f"{number:,} {what} cannot be used; choose from {least:,} to {most:,}")


def check_seed(seed: int) -> None:
    """Raise a `UserError` unless all libraries that draw at random take `seed`."""
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise UserError(
            f"The seed {seed!r} is not possible; choose a whole number from 0 to {MAX_SEED:,}"
        )


def latent_size_problem(
    codec_id: str, latent_size: int, n_samples: int, n_genes: int
) -> str | None:
    """Return why data cannot carry so many components, in a sentence, or None if it can.

    PCA has as many components as the smaller of samples and genes. The autoencoder needs
    fewer components than samples (with as many it could give each sample one of its own) and
    no more than genes.
    """
    if latent_size < 1:
        return f"{latent_size} components are not possible; choose one of {LATENT_SIZES}"
    most_by_samples = n_samples if codec_id == "pca" else n_samples - 1
    if latent_size > most_by_samples:
        return (
            f"{latent_size} components are too many for {n_samples} samples; "
            f"at most {most_by_samples} can be fitted"
        )
    if latent_size > n_genes:
        return f"{latent_size} components are too many for {n_genes} genes; at most {n_genes}"
    return None
