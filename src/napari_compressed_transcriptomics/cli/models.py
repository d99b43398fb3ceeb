"""The commands under `models`: the published weights in the cache, and model files."""

import argparse
from pathlib import Path
from typing import Any

from .options import add_commands_to
from .terminal import Report, clear_line

SUMMARY = "Fetch published weights, and describe model files."


def add_commands(models: Any) -> None:
    """Add the commands to what ``ArgumentParser.add_subparsers`` returned."""
    commands = {
        "list": (_list, "List the published weights, and which of them are on this computer."),
        "download": (_download, "Fetch published weights (all, or of some sizes)."),
        "import": (_import, "Import published files that were downloaded by other means."),
        "check": (_check, "Read a model file and print its card."),
        "path": (_path, "Print the folder for published weights."),
    }
    made = add_commands_to(models, commands)
    made["download"].add_argument(
        "latent", nargs="*", type=int, metavar="K", help="numbers of components"
    )
    importing, checking = made["import"], made["check"]
    importing.add_argument("file", type=Path, metavar="FILE", help="published file, or a folder")
    checking.add_argument("file", type=Path, metavar="FILE", help="model file")


def _list(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.codecs.models.published import (
        BLOB_IDS,
        is_right,
        weights_folder,
    )

    folder = weights_folder()
    for name in BLOB_IDS:
        there = (folder / name).exists()
        state = "here" if there and is_right(folder / name) else "damaged" if there else "-"
        print(f"{state:<8} {name}")


def _download(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.codecs.models.published import download, weights_name
    from napari_compressed_transcriptomics.core.limits import LATENT_SIZES

    sizes = arguments.latent or LATENT_SIZES
    names = [weights_name(size) for size in sizes]  # refuses a wrong one before the first comes
    folder = download(sizes, report=Report())
    clear_line()
    print(*(folder / name for name in names), sep="\n")


def _import(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.codecs.models.published import import_files

    print(*import_files(arguments.file), sep="\n")


def _check(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.codecs.models.model_card import model_card
    from napari_compressed_transcriptomics.codecs.models.model_file import load_model

    print(model_card(load_model(arguments.file)))


def _path(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.codecs.models.published import weights_folder

    print(weights_folder())
