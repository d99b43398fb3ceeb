"""The main job as one request: get a codec, encode and decode, measure the error."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError
from .expression import Expression
from .progress import Progress

if TYPE_CHECKING:
    from .codec import Codec
    from .reconstruction import Reconstruction


@dataclass(frozen=True)
class CompressRequest:
    """Everything that decides the outcome of a compression.

    Attributes
    ----------
    expression : Expression
        The data to compress.
    codec : str
        Id of a codec to fit to the data (``residual``, ``autoencoder``, ``pca``), ``model`` for
        the one in `model_path`, or ``published`` for the published autoencoder of that latent size.
    latent_size : int or None
        Number of components; None takes the model's.
    model_path : Path or None
        Model file, where `codec` is ``model``.
    fitted : Codec or None
        A codec that is there already, where `codec` is ``fitted``.
    device : str
        ``auto``, ``cuda``, ``mps`` or ``cpu``.
    seed : int
        Seed of everything random in fitting.
    max_epochs : int or None
        Upper bound on the epochs of fitting; None for the codec's own.
    block_bytes : int or None
        Memory for one block of rows; None for the default.
    fill_missing : bool
        Accept a few genes that the model knows and the data lacks.
    cache : Path or None
        Folder for published weights, see `pretrained.cache_folder`.
    parity : bool
        Run the published autoencoder as its notebook does, see `parity.as_notebook`.
    """

    expression: Expression
    codec: str = "residual"
    latent_size: int | None = 8
    model_path: Path | None = None
    fitted: "Codec | None" = None
    device: str = "auto"
    seed: int = 0
    max_epochs: int | None = None
    block_bytes: int | None = None
    fill_missing: bool = False
    cache: Path | None = None
    parity: bool = False

    def parameters(self) -> dict[str, Any]:
        """Return the settings, JSON-safe, for provenance."""
        return {
            "codec": self.codec,
            "latent_size": self.latent_size,
            "model": str(self.model_path) if self.model_path else None,
            "device": self.device,
            "seed": self.seed,
            "max_epochs": self.max_epochs,
            "fill_missing": self.fill_missing,
            "parity": self.parity,
        }


def compress_steps(request: CompressRequest) -> Generator[Progress, None, "Reconstruction"]:
    """Fit, fetch or load the codec, then encode, decode and measure; yields `Progress`.

    Raises
    ------
    UserError
        Where the data cannot carry the latent size, or does not fit the model.
    """
    from .reconstruction import reconstruct_steps

    if request.parity and request.codec != "published":
        raise UserError("parity with the published notebook is for the published autoencoder only")
    expression = request.expression
    codec = yield from _codec_steps(request)
    if request.parity:
        from .parity import as_notebook

        expression = expression.aligned_to(
            codec.genes, codec.neutral if request.fill_missing else None
        )
        codec = as_notebook(codec, expression)
    return (
        yield from reconstruct_steps(
            codec,
            expression,
            device=request.device,
            block_bytes=request.block_bytes,
            fill_missing=request.fill_missing,
        )
    )


def _codec_steps(request: CompressRequest) -> Generator[Progress, None, "Codec"]:
    """Load, fetch or fit the codec."""
    from .codec import codec_class
    from .device import resolve_device
    from .latent_sizes import latent_size_problem

    expression, size = request.expression, request.latent_size
    if request.codec == "fitted":
        assert request.fitted is not None
        return request.fitted
    if request.codec == "model":
        from .checkpoint import load_model

        if request.model_path is None:
            raise UserError("no model file is chosen; choose a .safetensors file")
        codec = load_model(request.model_path)
        if size is not None and size != codec.latent_size:
            raise UserError(
                f"{request.model_path} has {codec.latent_size} components, not {size}; "
                f"ask for --latent {codec.latent_size} or leave it out"
            )
        return codec
    if size is None:
        raise UserError("a codec that does not come from a model file needs a latent size")
    if request.codec == "published":
        from .pretrained import published_steps

        return (yield from published_steps(size, request.cache))
    problem = latent_size_problem(request.codec, size, expression.n_samples, expression.n_genes)
    if problem:
        raise UserError(problem)
    return (
        yield from codec_class(request.codec).fit_steps(
            expression,
            size,
            seed=request.seed,
            device=resolve_device(request.device).name,
            max_epochs=request.max_epochs,
        )
    )
