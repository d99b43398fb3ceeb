"""The command `compare`: how well methods give back samples that they have not seen."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from .options import add_methods, add_scheduler, add_splits, processes
from .reading import read_samples
from .style import add_output, style_of
from .terminal import clear_line, stoppable, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.compare import Comparison

SUMMARY = "Compare methods by their error on held-out samples."
DETAILS = (
    "Methods are residual, autoencoder (as published, trained here), pca, nmf, kernel-pca, umap "
    "(needs the extra umap) and tsne (which cannot reconstruct). With --split blocks contiguous "
    "parts of the brain are held out, each with its mirror image, as neighbours are alike, and "
    "training samples nearer than the buffer are left out; with random any samples are held out. "
    "R2 is about the mean of each gene in the training samples. Fits of the same comparison "
    "already in DIR are not repeated. Ctrl-C keeps what is done (exit code 130); the same command "
    "continues from there."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add_methods(add, ("residual", "autoencoder", "pca", "nmf", "kernel-pca"), (2, 4, 8, 16))
    add_splits(add)
    add("--jobs", type=processes, metavar="N", help="processes; default: as cores and memory allow")
    add_scheduler(add, "fit")
    add_output(add, tables=False)


def run(arguments: argparse.Namespace) -> None:
    """Compare and save."""
    from napari_compressed_transcriptomics.io.writers.comparison import compare_into_folder
    from napari_compressed_transcriptomics.io.writers.comparison_resumed import COMPARISON_FILES
    from napari_compressed_transcriptomics.study.compare_request import WHY_BLOCKS, CompareRequest

    expression = read_samples(arguments)
    request = CompareRequest(
        expression=expression,
        methods=tuple(arguments.methods),
        latent_sizes=tuple(dict.fromkeys(arguments.latent)),
        splits=tuple(dict.fromkeys(arguments.split)),
        n_folds=arguments.folds,
        buffer=arguments.buffer,
        seed=arguments.seed,
        device=arguments.device,
        n_jobs=arguments.jobs,
        scheduler=arguments.scheduler,
    )
    if "blocks" in request.splits:
        tell_notes([WHY_BLOCKS])
    with stoppable() as report:
        comparison = compare_into_folder(
            request, arguments.out, style=style_of(arguments), report=report
        )
        clear_line()
    print(_words(comparison))
    print(*(arguments.out / name for name in COMPARISON_FILES), sep="\n")
    if not comparison.complete:
        tell_notes(comparison.notes[-1:])
        raise KeyboardInterrupt


def _words(comparison: "Comparison") -> str:
    """Return a line per method and split: mean RMSE (R2) by number of components, and time."""
    from napari_compressed_transcriptomics.study.compare_summary import distances, summarize

    sizes = sorted({score.latent_size for score in comparison.scores})
    cells = [["held-out RMSE (R2)", *(f"k = {size}" for size in sizes), "time of all fits"]]
    for row in summarize(comparison.scores):
        means = [row.means.get(size) for size in sizes]
        line = [f"{mean.rmse:.4f} ({mean.r2:.3f})" if mean else "-" for mean in means]
        cells.append([f"{row.method}, {row.split}", *line, f"{row.seconds:.1f} s"])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    lines += [f"{split}: {apart}" for split, apart in distances(comparison.scores).items()]
    return "\n".join(lines)
