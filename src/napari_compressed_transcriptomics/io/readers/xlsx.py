"""The first sheet of an Excel file as text: region lists come as .xlsx, too."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.warned import quietly
from napari_compressed_transcriptomics.io.files.files import existing_file

# Lists of regions stay far below these; they bound the time and memory that a file can take.
_MAX_PACKED = 5_000_000  # bytes of the file
_MAX_BYTES = 2_000_000  # of all its parts, unpacked
_MAX_ROWS = 20_000
_MAX_COLUMNS = 1000  # those beyond are not read
_MAX_CHARACTERS = 5_000_000  # of all cells


def read_xlsx(path: str | Path) -> list[list[str]]:
    """Return the cells of the first sheet as text, of rows that hold some; empty ones are "".

    Formulas give their stored value. No more than `_MAX_COLUMNS` are read.

    Raises
    ------
    UserError
        The file is no Excel file, or far larger than a list of regions.
    """
    from openpyxl import load_workbook

    path = existing_file(path)
    try:
        _check_size(path)
        with quietly():  # of formats and extensions, which are not needed
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # a file may state any
                return list(_rows(sheet.iter_rows(max_col=_MAX_COLUMNS, values_only=True)))
            finally:
                book.close()
    except _TooLarge:
        raise UserError(
            f"{path.name} is far larger than a list of regions; save the list as CSV and use that"
        ) from None
    except Exception:  # openpyxl checks little, so that damage ends in errors of any kind
        raise UserError(
            f"{path.name} is not a readable Excel file; save its table as CSV and use that"
        ) from None


class _TooLarge(Exception):
    """More than is read."""


def _check_size(path: Path) -> None:
    """Refuse what would unpack to much; no part can hold more than the archive says of it."""
    if path.stat().st_size > _MAX_PACKED:
        raise _TooLarge
    with zipfile.ZipFile(path) as file:
        parts = file.infolist()
    if sum(part.file_size for part in parts) > _MAX_BYTES:
        raise _TooLarge
    if {part.compress_type for part in parts} - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError  # Excel writes no other, and others can take any memory


def _rows(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[str]]:
    """Yield rows that hold something, up to their last cell that does."""
    left = _MAX_CHARACTERS
    for n, row in enumerate(rows):
        held = [column for column, cell in enumerate(row) if cell not in (None, "")]
        cells = ["" if cell is None else str(cell) for cell in row[: held[-1] + 1 if held else 0]]
        left -= sum(map(len, cells))
        if n >= _MAX_ROWS or left < 0:
            raise _TooLarge
        if cells:
            yield cells
