"""The command `encode`: latents and errors of data under a model."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.spatial.cross_validation import SPLITS

from .options import add_buffer, add_scheduler, components, folds, whole
from .reading import read
from .style import add_output, style_of
from .terminal import Report, clear_line, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.io.files.csv_style import Style
    from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_FITTED = {
    "residual": "residual",
    "autoencoder": "autoencoder",
    "pca": "pca",
    "default": "residual",
}
"""Codecs that are fitted to the data, by their names here, of which the last is an old one."""
SUMMARY = "Compress, and save latents and errors."


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add(
        "--model",
        required=True,
        metavar="MODEL",
        help="model file; residual, autoencoder or pca (fitted); or published",
    )
    add(
        "--latent", type=components, metavar="K", help="number of components; not with a model file"
    )
    add(
        "--fill-missing",
        action="store_true",
        help="accept data that lack a few of the model's genes",
    )
    add(
        "--notebook-mode",
        action="store_true",
        help="run as the published notebook does: batch statistics, clipping limits of these data",
    )
    add("--parity", action="store_true", dest="notebook_mode", help=argparse.SUPPRESS)  # old name
    add(
        "--component-genes",
        action="store_true",
        help="save how much each gene changes with each component, for enrichment tools, too",
    )
    add(
        "--held-out",
        action="store_true",
        help="measure the held-out error, too (models that are fitted to the data): as many more "
        "fits as there are folds",
    )
    add("--split", choices=SPLITS, help="what --held-out leaves out; default: blocks")
    add("--folds", type=folds, metavar="N", help="folds of --held-out; default: 5")
    add_buffer(add)
    add(
        "--block-memory",
        type=whole(1, 8192),
        metavar="MB",
        help="memory for one block of samples; default: 32, on GPUs 256",
    )
    add_scheduler(add, "encode and measure")
    add_output(add)


def _check(arguments: argparse.Namespace) -> None:
    """Raise a `UserError` if options do not go together."""
    if arguments.latent is None and not _from_file(arguments):
        raise UserError(f"--model {arguments.model} needs --latent K, the number of components")
    if arguments.notebook_mode and arguments.model != "published":
        raise UserError("--notebook-mode is for --model published; leave it out")
    if arguments.notebook_mode and arguments.component_genes:
        raise UserError(
            "--component-genes needs samples that are decoded one by one: no --notebook-mode"
        )
    if arguments.held_out and arguments.model not in _FITTED:
        from napari_compressed_transcriptomics.reconstruction.held_out_error import NOT_OURS

        raise UserError(f"{NOT_OURS} (--model residual or pca)")
    if not arguments.held_out:
        for name in ("split", "folds", "buffer"):
            if getattr(arguments, name) is not None:
                raise UserError(f"--{name} goes with --held-out; add it")
    if _from_file(arguments) and not Path(arguments.model).exists():  # before all data are read
        raise UserError(
            f"There is no model file {arguments.model}; give the path of one, or residual, "
            "autoencoder, pca or published"
        )


def _check_output(arguments: argparse.Namespace, expression: "Expression") -> None:
    """Raise a `UserError` where the results could not be written."""
    from napari_compressed_transcriptomics.io.writers.component_genes import COMPONENT_GENES_FILES
    from napari_compressed_transcriptomics.io.writers.results import (
        HELD_OUT_FILES,
        check_results_folder,
    )

    more: tuple[str, ...] = COMPONENT_GENES_FILES if arguments.component_genes else ()
    more += HELD_OUT_FILES if arguments.held_out else ()
    check_results_folder(arguments.out, expression, arguments.latent or 1, more)


def run(arguments: argparse.Namespace) -> None:
    """Compress and save."""
    from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest
    from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut

    _check(arguments)
    expression = read(arguments, tell=True)
    _check_output(arguments, expression)
    from_file = _from_file(arguments)
    request = CompressRequest(
        expression=expression,
        codec="model" if from_file else _FITTED.get(arguments.model, arguments.model),
        latent_size=arguments.latent,
        model_path=Path(arguments.model) if from_file else None,
        device=arguments.device,
        seed=arguments.seed,
        block_bytes=arguments.block_memory and arguments.block_memory * 2**20,
        fill_missing=arguments.fill_missing,
        notebook_mode=arguments.notebook_mode,
        held_out=HeldOut(**_held_out(arguments)) if arguments.held_out else None,
        scheduler=arguments.scheduler,
    )
    if request.held_out is not None:
        tell_notes([request.held_out.cost])
    reconstruction = compress_and_tell(request)
    style = style_of(arguments)
    save(reconstruction, arguments.out, request.parameters(), style)
    if arguments.component_genes:
        _save_component_genes(reconstruction, arguments.out, style)


def _from_file(arguments: argparse.Namespace) -> bool:
    return arguments.model not in (*_FITTED, "published")


def _held_out(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of how samples are held out, by the names of `HeldOut`."""
    given = {"split": arguments.split, "n_folds": arguments.folds, "buffer": arguments.buffer}
    return {name: value for name, value in given.items() if value is not None}


def compress_and_tell(request: "CompressRequest") -> "Reconstruction":
    """Compress, showing progress, and tell what is to be noted."""
    from napari_compressed_transcriptomics.reconstruction.compress import compress
    from napari_compressed_transcriptomics.reconstruction.training_distance import distance_notes

    reconstruction = compress(request, Report())
    clear_line()
    fitted_elsewhere = request.codec in ("model", "published")
    tell_notes(
        distance_notes(reconstruction.novelty, reconstruction.notes)
        if fitted_elsewhere
        else reconstruction.notes
    )
    return reconstruction


def save(
    reconstruction: "Reconstruction", out: Path, parameters: dict, style: "Style | None" = None
) -> None:
    """Write a result and print what it is and where."""
    from napari_compressed_transcriptomics.io.files.csv_style import SAFE
    from napari_compressed_transcriptomics.io.writers.results import save_results
    from napari_compressed_transcriptomics.reconstruction.summary import result_line

    paths = save_results(reconstruction, out, parameters, style or SAFE)
    print(result_line(reconstruction))
    print(*paths, sep="\n")


def _save_component_genes(reconstruction: "Reconstruction", out: Path, style: "Style") -> None:
    from napari_compressed_transcriptomics.io.writers.component_genes import (
        COMPONENT_GENES_FILES,
        write_component_genes_csv,
    )
    from napari_compressed_transcriptomics.reconstruction.components import component_genes

    genes = component_genes(reconstruction, report=Report())
    clear_line()
    path = out / COMPONENT_GENES_FILES[0]
    print(*write_component_genes_csv(path, genes, reconstruction, style), sep="\n")
    tell_notes(() if genes.error is None else (genes.basis,))
