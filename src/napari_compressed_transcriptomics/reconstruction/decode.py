"""Latents of files decoded: any gene of them, without the expression that they stand for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import record_space
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

from .decoded import decoded
from .latent_scale import is_scaled, spread_known, unscaled, with_ranges
from .training_distance import SIZEABLE, novelty_line

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.io.readers.latents.read import Latents

    from .reconstruction import Reconstruction

PUBLISHED = "published"
"""The model that stands for the published weights of as many components as there are."""
_METHODS = {"ae": "autoencoder", "t-sne": "tsne", "kpca": "kernel-pca"}
_ROWS = 256


@dataclass(frozen=True)
class DecodeRequest:
    """Everything that decides the outcome of decoding.

    Attributes
    ----------
    latents : tuple of Path
        See `io.readers.latents.read.read_latents`.
    model : Path or str
        Model file, or ``published``.
    ranges : tuple of (float, float)
        Least and largest value of each component before it was scaled to 0..1, where that is known.
    reading : dict
        How tables are read, see `io.read_expression`.
    space : str
        Template space, one of `core.brain_space.SPACES`; empty if not known.
    cache : Path or None
        Folder for published weights.
    """

    latents: tuple[Path, ...]
    model: Path | str
    ranges: tuple[tuple[float, float], ...] = ()
    reading: dict[str, Any] = field(default_factory=dict)
    space: str = ""
    cache: Path | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the settings, JSON-safe."""
        return {"model": str(self.model), "ranges": [list(pair) for pair in self.ranges]}


def decode_latents(request: DecodeRequest, report: Report = silent) -> "Reconstruction":
    """Read latents and a model, and return what the model makes of them.

    Nothing is decoded until it is asked for, see `Reconstruction.gene`. Latents that are scaled to
    0..1, as published ones are, are brought back as far as that can be told, see `latent_scale`;
    `notes` say what was guessed.

    Parameters
    ----------
    request : DecodeRequest
        What to decode, and how.
    report : callable, optional
        Called with each `Progress`; may raise `Cancelled`.

    Raises
    ------
    UserError
        Latents or model are faulty, do not match (another number of components, another
        method by the files' names), or are scaled, and nothing tells from which range.
    """
    from napari_compressed_transcriptomics.io.readers.latents.read import read_latents

    report(Progress("Reading latents", 0, 1))
    latents = read_latents(request.latents, **request.reading)
    k = latents.values.shape[1]
    codec, sample = _model(request, k, report)
    _check_method(latents, codec)
    if codec.latent_size != k:
        raise UserError(
            f"{latents.name} has {k} component(s) and the model {codec.latent_size}; choose the "
            "model that encoded these latents"
        )
    if not codec.is_network or codec.cannot_decode(k):
        raise UserError(
            codec.cannot_decode(k) or f"A model of kind {codec.id} cannot decode single genes"
        )
    values, notes = _raw(latents, codec, request, sample, report)
    result = decoded(
        codec,
        values,
        latents.parcellation,
        latents.samples,
        name=latents.name,
        source=dict(latents.source),
        notes=(*latents.notes, *notes),
    )
    if request.space:
        record_space(result.expression.source, request.space)
    return result


def _model(request: DecodeRequest, k: int, report: Report) -> "tuple[Codec, Path]":
    """Return the model, and where the published sample lies that tells of its latents."""
    from napari_compressed_transcriptomics.codecs.models.model_file import load_model
    from napari_compressed_transcriptomics.codecs.models.published import (
        load_published,
        weights_folder,
    )
    from napari_compressed_transcriptomics.codecs.models.state_dict import SAMPLE

    if request.model == PUBLISHED:
        codec = load_published(k, request.cache, report=report)
        return codec, weights_folder(request.cache) / SAMPLE
    path = Path(request.model)
    return load_model(path), path.with_name(SAMPLE)


def _check_method(latents: "Latents", codec: "Codec") -> None:
    """Raise a `UserError` where the files' names say that another method made the latents."""
    from napari_compressed_transcriptomics.codecs.registry import METHODS, method_name

    method = method_name(_METHODS.get(latents.method, latents.method))
    if method in METHODS and method != codec.id:
        raise UserError(
            f"{latents.name} are latents of {method} by the files' names, and the model is "
            f"{codec.id}, which would make nonsense of them; choose the model that made them"
        )


def _raw(
    latents: "Latents", codec: "Codec", request: DecodeRequest, sample: Path, report: Report
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return latents as the codec decodes them, and what is to be known of that."""
    k = latents.values.shape[1]
    if request.ranges:
        if len(request.ranges) != k:
            raise UserError(
                f"{len(request.ranges)} range(s) are given for {k} components; give one per "
                "component"
            )
        return with_ranges(latents.values, np.transpose(request.ranges)), ()
    if not is_scaled(latents):
        return latents.values, _unlike(latents, codec)
    report(Progress("Finding the scale of latents", 0, 1))
    known = spread_known(codec, sample)
    if known is None:
        raise UserError(
            f"{latents.name} is scaled to 0..1, and from which values is not recorded: the model "
            "keeps nothing of its training, and the published sample is not next to it; give the "
            "range of each component (--range LOW HIGH), or a model of this program"
        )
    return unscaled(latents, known)


def _unlike(latents: "Latents", codec: "Codec") -> tuple[str, ...]:
    """Return a sentence where much of the latents is unlike the model's training data."""
    from .training_distance import novelty_of

    if codec.training_distribution is None:
        return ()
    nothing = np.zeros(len(latents.values))
    voxels = latents.parcellation.voxels_per_sample
    novelty = novelty_of(codec.training_distribution, latents.values.astype(float), nothing, voxels)
    if novelty.share <= SIZEABLE:
        return ()
    return (f"{novelty_line(novelty)}; these latents may be another model's",)


class DecodedValues:
    """All genes of a reconstruction as a matrix of which parts are decoded when they are read."""

    sha256 = ""
    limits: tuple[float, float] | None = None
    rows_together = _ROWS

    def __init__(self, result: "Reconstruction"):
        self.result, self.name = result, result.expression.name
        self.shape = (len(result.latents), len(result.codec.genes))

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        """Return float32 values (last - first, n_genes)."""
        return self.result.codec.decode(self.result.latents[first:last])

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        """Return float32 values (n_samples, len(columns))."""
        return self.result.genes(np.asarray(columns))


def as_expression(result: "Reconstruction") -> "Expression":
    """Return a reconstruction as expression that is decoded when it is read, named as such."""
    from dataclasses import replace

    expression = result.expression
    note = f"All values are decoded from latents ({expression.name}), and none was measured"
    return replace(
        expression,
        values=LazyValues(DecodedValues(result)),
        name=f"{expression.name} decoded",
        notes=(*expression.notes, *result.notes, note),
    )
