"""What a result is and what made it, as it is written beside every output."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.models.methods_paragraph import methods_paragraph
from napari_compressed_transcriptomics.codecs.models.model_card import model_card
from napari_compressed_transcriptomics.core.provenance import array_sha256, versions

from .values_elsewhere import known_sha256

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Parcellation

    from .reconstruction import Reconstruction


def provenance_of(
    reconstruction: "Reconstruction", parameters: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a reconstruction is and what made it, JSON-safe (NaN as None).

    Keys: rmse, r2, n_samples, n_genes, latent_size, codec, device, seconds, versions, source
    (paths and SHA-256 of the inputs), data_sha256 (of the values; None where there are latents
    alone), model_sha256 (of the
    codec's tensors), training, parameters, excluded, filled, notes, novelty (how much is
    unlike the training data, see `core.novelty.Novelty.summary`; None where not known), held_out
    (the held-out error, see `core.held_out_error.HeldOutError.summary`; None where it
    was not measured).
    """
    expression, codec = reconstruction.expression, reconstruction.codec
    tensors, novelty = codec.tensors(), reconstruction.novelty
    held_out = reconstruction.held_out
    return {
        "rmse": _json_number(reconstruction.rmse),
        "r2": _json_number(reconstruction.r2),
        "n_samples": expression.n_samples,
        "n_genes": expression.n_genes,
        "latent_size": int(codec.latent_size),
        "codec": codec.id,
        "device": reconstruction.device,
        "seconds": _json_number(reconstruction.seconds),
        "versions": versions(),
        "source": expression.source,
        "data_sha256": known_sha256(expression),
        "model_sha256": array_sha256(*(np.asarray(tensors[name]) for name in sorted(tensors))),
        "training": codec.training,
        "parameters": parameters or {},
        "excluded": list(expression.excluded),
        "filled": list(expression.filled),
        **surface_of(expression.parcellation),
        "notes": [*expression.notes, *reconstruction.notes],
        "novelty": novelty.summary() if novelty is not None else None,
        "held_out": held_out.summary(reconstruction.rmse) if held_out is not None else None,
    }


def surface_of(parcellation: "Parcellation") -> dict[str, Any]:
    """Return ``{"surface": ...}``, mesh and vertices per side, of vertices; nothing of voxels."""
    from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation

    if not isinstance(parcellation, SurfaceParcellation):
        return {}
    left, right = parcellation.sizes
    return {"surface": {"mesh": parcellation.mesh, "left": left, "right": right}}


def summary_of(
    reconstruction: "Reconstruction",
    parameters: dict[str, Any] | None = None,
    provenance: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return `provenance_of` (or `provenance`, where it is known) and what tells it in words.

    Further keys: data (its name), methods (a paragraph) and model_card.
    """
    return {
        "data": reconstruction.expression.name,
        **(provenance or provenance_of(reconstruction, parameters)),
        "methods": methods_paragraph(reconstruction.codec),
        "model_card": model_card(reconstruction.codec),
    }


IN_SAMPLE = "on the data it was fitted to"
"""What must be said of every error that flatters its codec."""


def _json_number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def result_line(result: "Reconstruction") -> str:
    """Return what a result is in one line, and its held-out error in another.

    A seed that is not 0 is told: forms remember it, and numbers differ by it.
    """
    held_out = "" if result.held_out is None else f"\n{result.held_out.in_words(result.rmse)}"
    size = f"{result.expression.n_samples:,} samples × {result.expression.n_genes:,} genes"
    codec, seed = result.codec, result.codec.training.get("seed")
    name = f"{codec.id}, k = {codec.latent_size}{f', seed {seed}' if seed else ''}"
    if not result.has_errors:
        return f"{name}: {size}, error unknown"
    return (
        f"{name}: RMSE {result.rmse:.4f}, "
        f"R² {result.r2:.3f}{f' {IN_SAMPLE}' if result.in_sample else ''}, "
        f"{size}, {result.seconds:.1f} s on {result.device}{held_out}"
    )
