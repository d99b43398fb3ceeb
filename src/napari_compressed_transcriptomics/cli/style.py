"""The options on how names and paths are written, of all commands that write."""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.files.csv_style import Style


def add_style_options(parser: Any, tables: bool = True) -> None:
    """Add the options to the parser of a command, those of tables only where it writes some."""
    if tables:
        parser.add_argument(
            "--raw-names",
            action="store_true",
            help="write names that a spreadsheet would read as formulas (=, +, -, @) unchanged, "
            "without a leading '",
        )
    parser.add_argument(
        "--keep-paths",
        action="store_true",
        help="record full paths of inputs; otherwise they are relative to the output",
    )


def style_of(arguments: argparse.Namespace) -> "Style":
    """Return what the options ask for."""
    from napari_compressed_transcriptomics.io.files.csv_style import Style

    return Style(getattr(arguments, "raw_names", False), getattr(arguments, "keep_paths", False))
