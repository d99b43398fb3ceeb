"""The options on how names and paths are written, of all commands that write."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.files.csv_style import Style


def add_style_options(add: Callable, tables: bool = True) -> None:
    """Add the options to a command, those of tables only where it writes some."""
    if tables:
        add(
            "--raw-names",
            action="store_true",
            help="write names that a spreadsheet would read as formulas (=, +, -, @) unchanged, "
            "without a leading '",
        )
    add(
        "--keep-paths",
        action="store_true",
        help="record full paths of inputs; otherwise they are relative to the output",
    )


def add_output(add: Callable, tables: bool = True) -> None:
    """Add the option of the folder to write, and those of `add_style_options`."""
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    add_style_options(add, tables)


def style_of(arguments: argparse.Namespace) -> "Style":
    """Return what the options ask for."""
    from napari_compressed_transcriptomics.io.files.csv_style import Style

    return Style(getattr(arguments, "raw_names", False), getattr(arguments, "keep_paths", False))
