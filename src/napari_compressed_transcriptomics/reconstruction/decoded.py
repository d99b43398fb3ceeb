"""A reconstruction of latents alone: without the expression that they stand for."""

from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.lazy_values import LazyValues

from .reconstruction import Reconstruction
from .values_elsewhere import Origin, ValuesElsewhere

NO_EXPRESSION = (
    "{name} are latents without their expression, so there are no originals and no errors; open "
    "and encode it to see these"
)


def decoded(
    codec: Codec,
    latents: np.ndarray,
    parcellation: Parcellation,
    samples: tuple[str, ...],
    *,
    name: str = "latents",
    source: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> Reconstruction:
    """Return what a codec makes of latents: any gene, components, a latent space, and no error.

    Nothing is decoded until it is asked for, see `Reconstruction.gene`. All errors are NaN, and
    `Reconstruction.has_errors` is False; reading ``expression.values`` raises `UserError`.

    Parameters
    ----------
    codec : Codec
        What the latents were encoded with.
    latents : ndarray of float32, shape (n_samples, latent_size)
    parcellation : Parcellation
        Where the samples lie.
    samples : tuple of str
        Their names.
    name : str
        Short, for layers and messages.
    source : dict, optional
        Paths and SHA-256 of what was read, as `Expression.source`.
    notes : tuple of str, optional
        What the user should know.

    Raises
    ------
    UserError
        Another number of components than the codec's, or values that are not finite numbers.
    """
    latents = np.ascontiguousarray(latents, np.float32)
    k = codec.latent_size
    if latents.ndim != 2 or latents.shape[1] != k:
        raise UserError(
            f"{name} has {latents.shape[-1]} component(s) and the model {k}; choose the model that "
            "encoded these latents"
        )
    if not np.isfinite(latents).all():
        raise UserError(f"{name} has components that are not numbers; leave these samples out")
    expression = without_values(
        codec.genes, parcellation, samples, NO_EXPRESSION.format(name=name), name=name,
        source=source or {},
    )  # fmt: skip
    unknown: dict[str, Any] = {"rmse": float("nan"), "r2": float("nan")}
    unknown |= dict.fromkeys(("rmse_samples", "r2_samples"), np.full(len(latents), np.nan))
    of_genes = ("rmse_genes", "r2_genes", "mean_genes", "sd_genes")
    unknown |= dict.fromkeys(of_genes, np.full(len(codec.genes), np.nan))
    how: dict[str, Any] = {"device": "cpu", "seconds": 0.0, "notes": notes}
    return Reconstruction(codec, expression, latents, **unknown, **how)


def without_values(
    genes: tuple[str, ...],
    parcellation: Parcellation,
    samples: tuple[str, ...],
    why: str,
    *,
    name: str,
    sha256: str = "",
    origin: Origin | None = None,
    **more: Any,
) -> Expression:
    """Return an expression of which all is known but its values, see `ValuesElsewhere`.

    Parameters
    ----------
    genes, parcellation, samples, name
        As of `Expression`; `more` is the rest of it.
    why, sha256, origin
        As of `ValuesElsewhere`.
    """
    matrix = ValuesElsewhere(name, (len(samples), len(genes)), why, sha256, origin)
    return Expression(LazyValues(matrix), genes, samples, parcellation, name=name, **more)
