"""A page that decodes any gene in the browser, to its file."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.progress import Report, silent

from .report_file import check_report_path, write_report

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


def write_page(
    result: "Reconstruction",
    path: str | Path,
    *,
    gene: str | None = None,
    precision: str = "auto",
    report: Report = silent,
) -> Path:
    """Write a result as one HTML file in which any gene is decoded, offline, in a browser.

    It holds latents, decoder and errors, rounded; what rounding does is measured and stated on it.

    Parameters
    ----------
    result : Reconstruction
        Of pca, nmf, residual or autoencoder, whose decoders are chains of layers.
    path : str or Path
        Ends in ``.html``; an older page is replaced once the new one is complete.
    gene : str, optional
        What the page opens with; by default the gene whose R2 is the median.
    precision : {"auto", "float16", "int8"}
        Of the last layer, see `figures.page.rounding`.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.

    Returns
    -------
    Path

    Raises
    ------
    UserError
        The decoder is not a chain of layers, the gene is not there, it is not known where the
        samples lie, the page would be too large for browsers, or the path cannot be written.
    """
    from napari_compressed_transcriptomics.figures.page.content import content_of
    from napari_compressed_transcriptomics.figures.page.document import page_html

    check_report_path(path, {"source": result.expression.source})
    return write_report(path, page_html(content_of(result, gene, precision, report)))
