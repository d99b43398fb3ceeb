"""The command `page`: any gene of a result, decoded by the browser that opens one HTML file."""

import argparse
from collections.abc import Callable
from pathlib import Path

from .terminal import Report, clear_line

SUMMARY = "Write a result as one HTML page that decodes any gene in the browser, offline."
DETAILS = (
    "Send it to a colleague: typing a gene shows its reconstruction in slices and 3-D, its error "
    "and the components, in any browser, without a network. PAGE.html#CALB1 opens with that gene. "
    "For results of pca, nmf, residual and autoencoder."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("results", type=Path, metavar="RESULT_DIR", help="folder that encode --out wrote")
    add("--out", type=Path, metavar="PAGE.html", help="default: page.html in the folder")
    add("--gene", metavar="SYMBOL", help="gene to open with; default: one of median R²")
    add(
        "--precision",
        choices=("auto", "float16", "int8"),
        default="auto",
        help="precision of the last layer; default: float16, int8 where that is large",
    )


def run(arguments: argparse.Namespace) -> None:
    """Open, round, measure and write."""
    from napari_compressed_transcriptomics.io.writers.page_file import write_page
    from napari_compressed_transcriptomics.io.writers.reopen.result import open_result
    from napari_compressed_transcriptomics.io.writers.report_file import check_report_path

    out = arguments.out or arguments.results / "page.html"
    check_report_path(out, {})
    path = write_page(
        open_result(arguments.results),
        out,
        gene=arguments.gene,
        precision=arguments.precision,
        report=Report(),
    )
    clear_line()
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
