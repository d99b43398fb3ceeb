"""Figures as files."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.errors import UserError

from .atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")


def save_figure(figure: "Figure", path: str | Path, dots_per_inch: int = 300) -> None:
    """Write a figure on white as PNG, SVG or PDF, as the file's ending says.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Its background is made white.
    path : str or Path
        A file that is there already is replaced once the new one is complete.
    dots_per_inch : int
        Of PNG, and of pictures (densities) inside SVG and PDF.

    Raises
    ------
    UserError
        Another ending, or `path` cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path.name} does not end in {', '.join(ENDINGS)}; add one of them")
    figure.patch.set(facecolor="white", alpha=1)
    with replacing(path) as unfinished:
        figure.savefig(unfinished, dpi=dots_per_inch)
