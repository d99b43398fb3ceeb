"""The command `completion`: what a shell needs to complete commands, options and files."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

SUMMARY = "Print the script that lets a shell complete commands and options."
DETAILS = (
    "In bash: `compressed-transcriptomics completion bash > "
    "~/.local/share/bash-completion/completions/compressed-transcriptomics`"
)
SHELLS = ("bash", "zsh", "tcsh")
_FILES = ("input", "atlas", "labels", "surface", "model")


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("shell", choices=SHELLS, help="shell to write the script for")


def run(arguments: argparse.Namespace) -> None:
    """Print the script."""
    print(script(arguments.make_parser(), arguments.shell), end="")


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script of a shell for a parser and the commands in it."""
    import shtab

    _complete_files(parser, shtab.FILE)
    return shtab.complete(parser, shell)


def _complete_files(parser: argparse.ArgumentParser, file: Any) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _complete_files(below, file)
        elif action.type is Path or action.dest in _FILES:
            action.complete = file  # type: ignore[attr-defined]
