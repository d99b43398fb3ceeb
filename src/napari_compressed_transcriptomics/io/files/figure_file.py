"""Figures as files: of one size, with text as text, the same bytes each time."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError

from .atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")


def check_figure_name(path: str | Path, endings: tuple[str, ...] = ENDINGS) -> None:
    """Raise a `UserError` unless a file's ending is one of a figure's."""
    path = Path(path)
    if path.suffix.lower() not in endings:
        raise UserError(f"{path.name} does not end in {', '.join(endings)}; add one of them")


def save_figure(
    figure: "Figure",
    path: str | Path,
    dots_per_inch: int = 300,
    record: dict[str, Any] | None = None,
) -> None:
    """Write a figure on white as PNG, SVG or PDF, as the file's ending says.

    Text of SVG and PDF stays text. The same figure gives the same bytes: no time is written.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Its background is made white.
    path : str or Path
        A file that is there already is replaced once the new one is complete.
    dots_per_inch : int
        Of PNG, and of pictures (densities) inside SVG and PDF.
    record : dict, optional
        JSON-safe, what made it; goes into the file's own description.

    Raises
    ------
    UserError
        Another ending, or `path` cannot be written.
    """
    from matplotlib import rc_context

    path = Path(path)
    check_figure_name(path)
    kind = path.suffix.lower()[1:]
    figure.patch.set(facecolor="white", alpha=1)
    style: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "figure", "pdf.fonttype": 42}
    with replacing(path) as unfinished, rc_context(style):
        figure.savefig(unfinished, dpi=dots_per_inch, metadata=_metadata(kind, record))


def _metadata(kind: str, record: dict[str, Any] | None) -> dict[str, Any]:
    """Return the description in the words of a kind of file, without a time."""
    words = json.dumps(record, sort_keys=True) if record else None
    if kind == "png":
        return {"Description": words} if words else {}
    if kind == "svg":
        return {"Date": None, **({"Description": words} if words else {})}
    return {"CreationDate": None, **({"Subject": words} if words else {})}
