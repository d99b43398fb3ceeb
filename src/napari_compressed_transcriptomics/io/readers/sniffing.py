"""A cheap peek into a file, for readers that are asked about every file that is dropped."""

from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import (
    H5AD,
    NIFTI,
    PARQUET,
    STORE,
    TEXT_TABLE,
    atlas_of,
    suffix,
)
from napari_compressed_transcriptomics.io.files.text import (
    beginning,
    number,
    separator_of,
    split_line,
    value_of,
)
from napari_compressed_transcriptomics.io.files.zarr_store import is_store

# A table without an atlas is claimed only if it looks like expression, not like a table of
# points or results: so many numeric columns at least, none of them named like those.
_MIN_GENES = 10
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
    if suffix(path, STORE) and is_store(path):
        return "expression"
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
    from napari_compressed_transcriptomics.io.files.nifti_header import read_header

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
    lines = beginning(path)
    separator = separator_of(lines[0])
    header, *row = (split_line(line, separator) for line in lines[:2])
    named_otherwise = any(name.strip().lower().startswith(_FOREIGN) for name in header)
    header_is_text = all(number(name) is None for name in header[1:])
    # The names of 20,000 genes fill what is read; then they tell, without a row of numbers.
    numeric = [_is_cell(cell) for cell in row[0][1:]] if row else [True] * (len(header) - 1)
    enough = len(numeric) >= _MIN_GENES and sum(numeric) >= 0.9 * len(numeric)
    return "table_without_atlas" if enough and header_is_text and not named_otherwise else None


def _has_atlas(path: Path) -> bool:
    """Tell whether a table's atlas is known; where its sidecar must not say, the user is asked."""
    try:
        return atlas_of(path)[0] is not None
    except UserError:
        return False


def _is_cell(text: str) -> bool:
    return value_of(text.replace(",", ".")) is not None
