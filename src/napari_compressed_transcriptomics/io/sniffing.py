"""A cheap peek into a file, for readers that are asked about every file that is dropped."""

from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError

from .files import H5AD, NIFTI, PARQUET, TEXT_TABLE, atlas_of, beside, read_json, suffix
from .text import DelimitedText, number

# A table without an atlas is claimed only if it looks like expression, not like a table of
# points or results: so many numeric columns at least, none of them named like those.
_LEAST_GENES = 10
_FOREIGN = ("axis-", "component_", "vertex-")


def sniff(path: str | Path) -> str | None:
    """Say what a file seems to hold, from its name and first bytes; never raises.

    Returns
    -------
    {"expression", "table", "table_without_atlas", "volume", "latents", None}
        "expression" is 4-D NIfTI or AnnData; "table" has its atlas beside it. None is not
        ours. A damaged NIfTI is still claimed, so that reading it says what is wrong.
    """
    try:
        return _sniff(Path(path))
    except Exception:  # a reader must not fail on a file that may be another's
        return None


def _sniff(path: Path) -> str | None:
    if not path.is_file():
        return None
    if suffix(path, NIFTI):
        return _sniff_nifti(path)
    if suffix(path, H5AD):
        return "expression"
    if suffix(path, PARQUET):
        return "table" if _has_atlas(path) else "table_without_atlas"
    if suffix(path, TEXT_TABLE):
        return _sniff_text(path)
    return None


def _sniff_nifti(path: Path) -> str:
    from .nifti_header import read_header

    try:
        header = read_header(path)
    except UserError:
        return "volume"
    if header.intent == "latents":
        return "latents"
    return "expression" if len(header.shape) == 4 else "volume"


def _sniff_text(path: Path) -> str | None:
    if _has_atlas(path):
        return "table"
    from .table import MISSING

    text = DelimitedText(path)
    _, cells = next(text.rows())
    named_otherwise = any(name.lower().startswith(_FOREIGN) for name in text.header)
    numeric = [_is_cell(cell, MISSING) for cell in cells[1:]]
    enough = len(numeric) >= _LEAST_GENES and sum(numeric) >= 0.9 * len(numeric)
    header_is_text = all(number(name) is None for name in text.header[1:])
    return "table_without_atlas" if enough and header_is_text and not named_otherwise else None


def _has_atlas(path: Path) -> bool:
    """Tell whether a table's atlas is known; where its sidecar must not say, the user is asked."""
    read_json(beside(path, ".json"))  # one that cannot be read says nothing of what lies beside
    try:
        return atlas_of(path)[0] is not None
    except UserError:
        return False


def _is_cell(text: str, missing: frozenset[str]) -> bool:
    text = text.strip().lower()
    return text in missing or number(text.replace(",", ".")) is not None
