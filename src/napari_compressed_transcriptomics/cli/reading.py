"""What a command reads: the options that say how, and reading it."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.brain_space import SPACES, record_space
from napari_compressed_transcriptomics.io.readers.gene_volumes.names import VARIANTS
from napari_compressed_transcriptomics.spatial.surface_place import SIDES

from .signals import held_back
from .terminal import Report, clear_line, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression

_READING = ("atlas", "labels", "ids", "impute", "variant", "surface", "vertices_of", "hemisphere")


def add_input(add: Callable) -> None:
    """Add what is read, and how."""
    add(
        "input",
        nargs="+",
        metavar="INPUT",
        help="4-D NIfTI, CSV, TSV, Parquet, h5ad, zarr; or folder or files of one NIfTI per gene, "
        "or of one GIFTI or MGH per gene and hemisphere",
    )
    add_reading(add)


def add_reading(add: Callable) -> None:
    """Add the options of how data are read."""
    add(
        "--atlas",
        metavar="A",
        help="label NIfTI (for vertices annot, label GIFTI) that places the rows",
    )
    add("--labels", metavar="L", help="table that names the ids of the atlas")
    add("--ids", metavar="COLUMN", help="column of a table that holds atlas ids")
    add(
        "--impute",
        choices=("gene_mean", "drop_genes"),
        help="what to do with single missing values and bad maps (an error otherwise)",
    )
    add(
        "--variant",
        choices=VARIANTS,
        help="for one NIfTI per gene: GENE_mRNA or GENE_mirr_mRNA, where both exist",
    )
    add(
        "--surface",
        nargs="+",
        default=[],
        metavar="GII",
        help="for vertices: GIFTI surfaces, one per hemisphere, with their positions (meshes of "
        "fsaverage need none)",
    )
    add(
        "--vertices-of",
        nargs="+",
        default=[],
        metavar="MASK",
        help="for vertices: masks or labels (GIFTI, annot, MGH), one per hemisphere, of those "
        "that have values, or are the rows of a table without the medial wall",
    )
    add(
        "--hemisphere",
        choices=SIDES,
        default="",
        help="for vertices whose file names do not say it",
    )
    add(
        "--space",
        choices=tuple(SPACES),
        help="template space of the brain, where files do not say; recorded with all results",
    )


def reading_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of how data are read, by the names of `read_expression`."""
    return {name: value for name in _READING if (value := getattr(arguments, name))}


def read(arguments: argparse.Namespace, tell: bool = False, lazy: bool = False) -> "Expression":
    """Read the data; `tell` what is to be noted where they are to be worked on."""
    from napari_compressed_transcriptomics.io import read_expression

    expression = read_expression(
        arguments.input, **reading_of(arguments), report=Report(), lazy=lazy
    )
    clear_line()
    if arguments.space:
        record_space(expression.source, arguments.space)
    if tell:
        tell_notes(expression.notes)
        with held_back():
            import torch  # noqa: F401
    return expression


def read_samples(arguments: argparse.Namespace) -> "Expression":
    """Read the data for work that needs all samples at once, or some of them where too many."""
    from napari_compressed_transcriptomics.study.larger_than_memory import in_memory

    expression = read(arguments, tell=True)
    some = in_memory(expression)
    tell_notes(some.notes[len(expression.notes) :])
    return some
