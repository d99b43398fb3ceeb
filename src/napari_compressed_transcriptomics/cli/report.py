"""The command `report`: a folder of results on one page of HTML."""

import argparse
from collections.abc import Callable
from pathlib import Path

from .options import add_regions_of_results
from .style import add_style_options
from .terminal import Report, clear_line, tell_notes

SUMMARY = "Summarise a folder of results on one HTML page."
DETAILS = (
    "The page shows where, and in which genes, the reconstruction fails; it works offline and "
    "without scripts."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("results", type=Path, metavar="RESULT_DIR", help="folder that encode --out wrote")
    add("--out", type=Path, metavar="REPORT.html", help="default: report.html in the folder")
    add_regions_of_results(add)
    add_style_options(add, tables=False)


def run(arguments: argparse.Namespace) -> None:
    """Read, draw and write."""
    from napari_compressed_transcriptomics.figures.report.page import page_of
    from napari_compressed_transcriptomics.io.writers.read_results import read_results
    from napari_compressed_transcriptomics.io.writers.report_file import (
        check_report_path,
        write_report,
    )

    out = arguments.out or arguments.results / "report.html"
    results = read_results(arguments.results, arguments.atlas, arguments.labels)
    check_report_path(out, results.record, results.files)
    shown = results if arguments.keep_paths else results.portable(out.parent)
    html = page_of(shown, Report())
    clear_line()
    tell_notes(results.notes)
    print(write_report(out, html))
