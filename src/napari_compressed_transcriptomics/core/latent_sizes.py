"""How many components there may be."""

LATENT_SIZES = (2, 4, 8, 16, 32, 64, 128)
"""Those of the published models."""


def latent_size_problem(
    codec_id: str, latent_size: int, n_samples: int, n_genes: int
) -> str | None:
    """Return why data cannot carry so many components, in a sentence, or None if it can.

    PCA has as many components as the smaller of samples and genes. The autoencoder needs
    fewer components than samples (with as many it could give each sample one of its own) and
    no more than genes.
    """
    if latent_size < 1:
        return f"{latent_size} components are none; choose one of {LATENT_SIZES}"
    most_by_samples = n_samples if codec_id == "pca" else n_samples - 1
    if latent_size > most_by_samples:
        return (
            f"{latent_size} components are too many for {n_samples} samples; "
            f"at most {most_by_samples} can be fitted"
        )
    if latent_size > n_genes:
        return f"{latent_size} components are too many for {n_genes} genes; at most {n_genes}"
    return None
