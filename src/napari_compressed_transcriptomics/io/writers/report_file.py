"""A report to its file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.atomic import replacing
from napari_compressed_transcriptomics.io.files.overwriting import check_targets

ENDINGS = (".html", ".htm")


def check_report_path(
    path: str | Path, record: dict[str, Any], read: Iterable[str | Path] = ()
) -> None:
    """Raise a `UserError` unless a report can be written at `path`, before it is made.

    Parameters
    ----------
    path : str or Path
    record : dict
        Of the result: its ``source`` names files that must not be overwritten.
    read : iterable of str or Path
        Further files that were read.
    """
    path, source = Path(path), record.get("source")
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path} must end in .html; give the report that ending")
    inputs = {str(number): {"path": str(file)} for number, file in enumerate(read)}
    source = inputs | (source if isinstance(source, dict) else {})
    check_targets(path.parent, [path.name], source)


def write_report(path: str | Path, html: str) -> Path:
    """Write a report, or nothing: an older one is replaced once the new one is complete."""
    path = Path(path)
    with replacing(path) as unfinished:
        unfinished.write_text(html, "utf-8", newline="\n")
    return path
