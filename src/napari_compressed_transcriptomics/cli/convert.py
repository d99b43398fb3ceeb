"""The command `convert`: expression to a store, which may be larger than memory."""

import argparse
from collections.abc import Callable
from pathlib import Path

from .options import add_scheduler
from .reading import read
from .terminal import clear_line, stoppable, tell_notes

SUMMARY = (
    "Convert to a store (Zarr in the layout of AnnData), which can be used without fitting in "
    "memory."
)
DETAILS = (
    "A conversion that is interrupted leaves NAME.zarr.partial; the same command continues with "
    "the missing genes."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("--out", type=Path, required=True, metavar="NAME.zarr", help="store to write")
    add(
        "--dtype",
        choices=("float32", "float16"),
        default="float32",
        help="float16 takes half the space and rounds; default: float32",
    )
    add_scheduler(add, "write the genes")


def run(arguments: argparse.Namespace) -> None:
    """Convert, and say what became of it."""
    from napari_compressed_transcriptomics.io.writers.store import check_store, convert, partial_of

    check_store(arguments.out, arguments.dtype)
    expression = read(arguments, tell=True, lazy=True)
    try:
        with stoppable() as report:
            done = convert(expression, arguments.out, arguments.dtype, report, arguments.scheduler)
    except KeyboardInterrupt:
        clear_line()
        if partial_of(arguments.out).exists():
            name = partial_of(arguments.out).name
            tell_notes([f"What is done is kept in {name}; convert again to go on"])
        raise
    clear_line()
    tell_notes(done.notes)
    rounding = (
        f", rounded by at most {done.rounding_max:.2g} ({done.rounding_rms:.2g} root mean square)"
        if arguments.dtype != "float32"
        else ""
    )
    print(
        f"{expression.n_samples:,} samples x {expression.n_genes:,} genes in "
        f"{done.n_bytes / 1e6:,.1f} MB{rounding}\n{done.path}"
    )
