"""The commands under `samples`: real expression to begin with."""

import argparse
from pathlib import Path
from typing import Any

from .options import add_commands_to
from .terminal import Report, clear_line

SUMMARY = "Fetch real expression to start with, under the terms of its sources."


def add_commands(samples: Any) -> None:
    """Add the commands to what ``ArgumentParser.add_subparsers`` returned."""
    commands = {
        "list": (_list, "List the samples, and which of them are on this computer."),
        "get": (_get, "Fetch a sample, and print where it is."),
        "import": (_import, "Import files of a sample that were downloaded by other means."),
    }
    made = add_commands_to(samples, commands)
    get, importing = made["get"], made["import"]
    get.add_argument("key", metavar="SAMPLE", help="as `samples list` names it")
    get.add_argument(
        "--accept-terms",
        action="store_true",
        help="accept the terms of its sources; without this they are printed",
    )
    importing.add_argument("key", metavar="SAMPLE", help="as `samples list` names it")
    importing.add_argument("file", type=Path, metavar="FILE", help="one of its files, or a folder")


def _list(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.io.readers.samples.real import SAMPLES

    for key, sample in SAMPLES.items():
        state = "here" if sample.is_here() else f"{sample.megabytes:.1f} MB"
        print(f"{state:<9} {key:<20} {sample.title}")


def _get(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.io.readers.samples.real import sample

    chosen = sample(arguments.key)
    folder = chosen.get(terms_accepted=arguments.accept_terms, report=Report())
    clear_line()
    print(*(folder / file.name for file in chosen.files), sep="\n")


def _import(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.io.readers.samples.real import sample

    print(*sample(arguments.key).take(arguments.file), sep="\n")
