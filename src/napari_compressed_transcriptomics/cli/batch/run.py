"""What is done with arguments; and the command `run`, whose arguments are in a file."""

import argparse
from collections.abc import Callable
from pathlib import Path

from napari_compressed_transcriptomics.cli.options import add_json
from napari_compressed_transcriptomics.cli.terminal import tell_notes

from .many import each
from .settings_file import save_config, words_of

SUMMARY = "Run the command in a settings file (TOML)."
DETAILS = (
    'The file begins with a line such as command = "encode"; its keys are the names of the '
    "command's options without --, and input. Any command writes one with --save-config FILE, and "
    "so do the docks in napari. Relative paths start in the working folder."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("config", type=Path, metavar="CONFIG.toml", help="settings file")
    add_json(add)


def run(arguments: argparse.Namespace) -> None:
    """Do what the file says."""
    parser = arguments.make_parser(f"{arguments.config.name}: ")
    inner = parser.parse_args(words_of(arguments.config, parser))
    do(inner)


def do(arguments: argparse.Namespace) -> None:
    """Do what arguments say, for each input where there are many, or save them as settings."""
    if getattr(arguments, "save_config", None) is not None:
        save_config(arguments)
        return
    todo = list(each(arguments))
    for number, one in enumerate(todo, 1):
        if len(todo) > 1:
            tell_notes([f"{number} of {len(todo)}: {one.input[0]}"])
        one.run(one)
