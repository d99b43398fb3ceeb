"""The command `decode`: genes from latents alone, with the model that made them."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.errors import UserError

from .reading import add_reading, reading_of
from .style import add_output, style_of
from .terminal import clear_line, stoppable, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.decode import DecodeRequest

SUMMARY = "Decode genes from latents alone (NIfTI, a table, AnnData)."
DETAILS = (
    "The error is unknown, as the expression behind the latents is not read. Latents scaled to "
    "0..1, as the published ones are, are rescaled by the spread that the model, or the published "
    "sample, records: an estimate, which is reported; --range gives the true limits."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add(
        "input",
        nargs="+",
        metavar="LATENTS",
        help="NIfTI (one per component, or all in one); table; .h5ad with X_latent; folder of "
        "results",
    )
    add("--model", required=True, metavar="MODEL", help="model file, or published")
    add("--genes", nargs="+", metavar="GENE", help="each as a map and as a column of a table")
    add("--all", action="store_true", help="all genes of the model, into decoded.zarr")
    add(
        "--range",
        nargs="+",
        type=float,
        default=[],
        metavar="V",
        help="for latents scaled to 0..1: minimum and maximum before scaling, two numbers per "
        "component",
    )
    add(
        "--dtype",
        choices=("float32", "float16"),
        default="float32",
        help="of --all; float16 takes half the space and rounds",
    )
    add_reading(add)
    add_output(add)


def run(arguments: argparse.Namespace) -> None:
    """Read, decode and write."""
    from napari_compressed_transcriptomics.io.writers.decoding import (
        MEANING,
        check_decoding_folder,
        save_decoding,
    )
    from napari_compressed_transcriptomics.reconstruction.decode import decode_latents

    genes, request = arguments.genes, _request(arguments)
    with stoppable() as report:
        result = decode_latents(request, report)
        clear_line()
        tell_notes(result.notes)
        check_decoding_folder(arguments.out, result, genes)
        paths = save_decoding(
            result, arguments.out, genes, request, arguments.dtype, style_of(arguments), report
        )
    clear_line()
    n = len(result.codec.genes) if genes is None else len(dict.fromkeys(genes))
    print(f"{n:,} gene(s) of {len(result.latents):,} samples, {MEANING}")
    print(*paths, sep="\n")


def _request(arguments: argparse.Namespace) -> "DecodeRequest":
    from napari_compressed_transcriptomics.reconstruction.decode import PUBLISHED, DecodeRequest

    if bool(arguments.genes) == arguments.all:
        raise UserError("Say which genes: --genes CALB1 PVALB, or --all")
    ends = arguments.range
    if len(ends) % 2:
        raise UserError("--range takes two numbers for each component, the minimum and the maximum")
    published = arguments.model == PUBLISHED
    return DecodeRequest(
        latents=tuple(map(Path, arguments.input)),
        model=PUBLISHED if published else Path(arguments.model),
        ranges=tuple(zip(ends[::2], ends[1::2], strict=True)),
        reading=reading_of(arguments),
        space=arguments.space or "",
    )
