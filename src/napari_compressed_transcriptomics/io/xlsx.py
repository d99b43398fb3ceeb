"""The first sheet of an Excel file as text: region lists come as .xlsx, too."""

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from napari_compressed_transcriptomics.core.errors import UserError

from .files import existing_file

_MOST_BYTES = 20_000_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_xlsx(path: str | Path) -> list[list[str]]:
    """Return the cells of the first sheet, row by row, as text; empty cells are "".

    Formulas give their stored value; dates and formats are not understood.

    Raises
    ------
    UserError
        The file is no Excel file, or unpacks to more than 20 MB.
    """
    path = existing_file(path)
    try:
        with zipfile.ZipFile(path) as file:
            sheets = [n for n in file.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)]
            sheet = _part(file, min(sheets, key=lambda n: (len(n), n)))
            shared: list[str] = []
            if "xl/sharedStrings.xml" in file.namelist():
                strings = _part(file, "xl/sharedStrings.xml").iter(f"{_MAIN}si")
                shared = ["".join(t.text or "" for t in s.iter(f"{_MAIN}t")) for s in strings]
            return [_row(row, shared) for row in sheet.iter(f"{_MAIN}row")]
    except (zipfile.BadZipFile, ElementTree.ParseError, ValueError, KeyError, IndexError):
        raise UserError(
            f"{path.name} is no readable Excel file; save its table as CSV and use that"
        ) from None


def _part(file: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if file.getinfo(name).file_size > _MOST_BYTES:
        raise ValueError
    content = file.read(name)
    if b"<!DOCTYPE" in content:  # entities can unpack to anything; Excel writes none
        raise ValueError
    return ElementTree.fromstring(content)


def _row(row: ElementTree.Element, shared: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_MAIN}c"):
        letters = re.sub(r"\d", "", cell.get("r", ""))
        column = len(cells)
        if letters:
            column = 0
            for letter in letters:
                column = 26 * column + ord(letter) - ord("A") + 1
            column -= 1
        if column > 16_383:
            raise ValueError
        cells += [""] * (column + 1 - len(cells))
        text = "".join(t.text or "" for t in cell.iter() if t.tag in (f"{_MAIN}v", f"{_MAIN}t"))
        cells[column] = shared[int(text)] if cell.get("t") == "s" else text
    return cells
