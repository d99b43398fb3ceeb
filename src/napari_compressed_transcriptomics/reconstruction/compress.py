"""The main job as one request: get a codec, encode and decode, measure the error."""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.cluster import check_scheduler
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Cancelled, Report, silent

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec

    from .held_out_error import HeldOut, HeldOutPlan
    from .reconstruction import Reconstruction

NOT_FITTED = ("published", "model", "fitted")
"""What `CompressRequest.codec` may be that is there already, and not fitted to the data."""


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
        Accept data that lack a few of the model's genes.
    cache : Path or None
        Folder for published weights, see `pretrained.cache_folder`.
    notebook_mode : bool
        Run the published autoencoder as its notebook does, see `notebook_mode.as_notebook`.
    held_out : HeldOut or None
        How to measure the held-out error, too; of codecs fitted to the data.
    scheduler : str or None
        Address of a scheduler of Dask distributed, whose workers encode, decode and measure; codecs
        are fitted here.
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
    notebook_mode: bool = False
    held_out: "HeldOut | None" = None
    scheduler: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the settings, JSON-safe, for provenance."""
        return {
            "codec": self.codec,
            "latent_size": self.latent_size,
            "model": str(self.model_path) if self.model_path else None,
            "device": self.device,
            "seed": self.seed,
            "max_epochs": self.max_epochs,
            "block_bytes": self.block_bytes,
            "fill_missing": self.fill_missing,
            "notebook_mode": self.notebook_mode,
            "held_out": None if self.held_out is None else asdict(self.held_out),
        }


def compress(request: CompressRequest, report: Report = silent) -> "Reconstruction":
    """Fit, fetch or load the codec, then encode, decode and measure.

    Parameters
    ----------
    request : CompressRequest
        What to compress, and how.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`. A result that is there
        while the held-out error is measured comes back all the same.

    Raises
    ------
    UserError
        If there are too few data for the latent size, or they do not fit the model; at once, if
        the held-out error is asked for and cannot be measured.
    """
    from .reconstruction import reconstruct

    if request.notebook_mode and request.codec != "published":
        raise UserError("notebook mode is for the published autoencoder only")
    expression, plan = request.expression, _held_out_plan(request)
    check_scheduler(request.scheduler)
    begun = time.perf_counter()
    codec = _get_codec(request, report)
    if request.notebook_mode:
        from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook

        expression = expression.aligned_to(
            codec.genes, codec.gene_means if request.fill_missing else None
        )
        codec = as_notebook(codec, expression)
    result = reconstruct(
        codec,
        expression,
        device=request.device,
        block_bytes=request.block_bytes,
        fill_missing=request.fill_missing,
        scheduler=request.scheduler,
        report=report,
    )
    result = replace(result, seconds=time.perf_counter() - begun)  # with the fit
    return result if plan is None else _with_held_out(result, request, plan, report)


def _held_out_plan(request: CompressRequest) -> "HeldOutPlan | None":
    from napari_compressed_transcriptomics.core.limits import latent_size_problem

    from .held_out_error import NOT_OURS, plan_held_out

    if request.held_out is None:
        return None
    size, n_genes = request.latent_size, request.expression.n_genes
    if request.codec in NOT_FITTED or size is None:
        raise UserError(NOT_OURS)

    def problem(n_samples: int) -> str | None:
        return latent_size_problem(request.codec, size, n_samples, n_genes)

    return plan_held_out(request.expression, request.held_out, problem, request.seed)


def _with_held_out(
    result: "Reconstruction", request: CompressRequest, plan: "HeldOutPlan", report: Report
) -> "Reconstruction":
    """Add the held-out error; whatever becomes of it, the result is kept."""
    from numpy.linalg import LinAlgError

    from napari_compressed_transcriptomics.codecs.codec import codec_class

    from .held_out_error import measure_held_out

    def fit(train: Expression, report: Report) -> "Codec":
        return codec_class(request.codec).fit(train, **_settings(request), report=report)

    try:
        found = measure_held_out(fit, request.expression, plan, request.device, report)
    except Cancelled:
        why = "was cancelled"
    except (UserError, ArithmeticError, LinAlgError, MemoryError) as error:
        why = f"failed: {error}"
    else:
        return replace(result, held_out=found, notes=(*result.notes, *plan.notes, *found.notes))
    note = f"Measuring the held-out error {why}"
    return replace(result, notes=(*result.notes, note))


def _get_codec(request: CompressRequest, report: Report) -> "Codec":
    """Load, fetch or fit the codec."""
    from napari_compressed_transcriptomics.core.limits import latent_size_problem

    expression, size = request.expression, request.latent_size
    if request.codec == "fitted":
        assert request.fitted is not None
        return request.fitted
    if request.codec == "model":
        from napari_compressed_transcriptomics.codecs.models.model_file import load_model

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
        from napari_compressed_transcriptomics.codecs.models.published import load_published

        return load_published(size, request.cache, report=report)
    problem = latent_size_problem(request.codec, size, expression.n_samples, expression.n_genes)
    if problem:
        raise UserError(problem)
    from napari_compressed_transcriptomics.codecs.fitting import fit_codec

    return fit_codec(request.codec, expression, **_settings(request), report=report)


def _settings(request: CompressRequest) -> dict[str, Any]:
    """Return how a codec is fitted, as `codec.Codec.fit` names it."""
    from napari_compressed_transcriptomics.core.device import resolve_device

    return {
        "latent_size": request.latent_size,
        "seed": request.seed,
        "device": resolve_device(request.device).name,
        "max_epochs": request.max_epochs,
    }
