"""The command `difference`: where, and for which genes, one of two results errs less."""

import argparse
from collections.abc import Callable
from pathlib import Path

from .options import add_regions_of_results
from .style import add_output, style_of
from .terminal import tell_notes

SUMMARY = "Compare the errors of two folders of results on the same data."
DETAILS = (
    "Writes the RMSE of B less that of A (below 0 B is better) as a volume and as tables by "
    "sample, by gene, and with --atlas by region."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("a", type=Path, metavar="RESULT_DIR_A", help="folder that encode --out wrote")
    add("b", type=Path, metavar="RESULT_DIR_B", help="another, of the same data")
    add_regions_of_results(add)
    add_output(add)


def run(arguments: argparse.Namespace) -> None:
    """Read, compare and write."""
    from napari_compressed_transcriptomics.io.writers.difference import save_difference
    from napari_compressed_transcriptomics.io.writers.read_results import read_results
    from napari_compressed_transcriptomics.reconstruction.difference import compare_saved

    a, b = (
        read_results(folder, arguments.atlas, arguments.labels)
        for folder in (arguments.a, arguments.b)
    )
    tell_notes([*a.notes, *b.notes])
    two = compare_saved(a, b)
    paths = save_difference(two, a, b, arguments.out, style_of(arguments))
    print(*two.lines, *paths, sep="\n")
