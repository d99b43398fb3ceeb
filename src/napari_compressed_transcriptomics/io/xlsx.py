"""The first sheet of an Excel file as text: region lists come as .xlsx, too."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from napari_compressed_transcriptomics.core.errors import UserError

from .files import existing_file

# Lists of regions stay far below these; they bound the time and memory that a file can take.
_MOST_PACKED = 5_000_000  # bytes of the file
_MOST_BYTES = 10_000_000  # of a part of it, unpacked
_MOST_ELEMENTS = 200_000  # of a part
_MOST_CELLS = 1_000_000  # rows times the widest of them
_MOST_CHARACTERS = 5_000_000  # of all cells
_LONGEST_TAG = 1 << 18  # bytes
_LONGEST_TEXT = 32_767  # characters of a cell, and columns of a sheet: Excel's own limits
_MOST_COLUMNS = 16_384
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "


def read_xlsx(path: str | Path) -> list[list[str]]:
    """Return the cells of the first sheet as text, of rows that hold some; empty ones are "".

    Formulas give their stored value; dates and formats are not understood.

    Raises
    ------
    UserError
        The file is no Excel file, or far larger than a list of regions.
    """
    path = existing_file(path)
    try:
        if path.stat().st_size > _MOST_PACKED:
            raise _TooLarge
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            sheets = [n for n in names if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)]
            sheet = min(sheets, key=lambda n: (len(n), n))
            has_strings = "xl/sharedStrings.xml" in names
            strings = _strings(file, "xl/sharedStrings.xml") if has_strings else []
            return _rows(file, sheet, strings)
    except _TooLarge:
        raise UserError(
            f"{path.name} is far larger than a list of regions; save the list as CSV and use that"
        ) from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        LookupError,  # strings that are not there, encodings that do not exist
        ValueError,
        OSError,
        EOFError,
        RuntimeError,  # encrypted
        NotImplementedError,  # other versions of zip
    ):
        raise UserError(
            f"{path.name} is no readable Excel file; save its table as CSV and use that"
        ) from None


class _TooLarge(Exception):
    """More than is read."""


def _strings(file: zipfile.ZipFile, name: str) -> list[str]:
    """Return the strings that cells point to by number."""
    strings: list[str] = []
    parts: list[str] = []
    spoken = False
    for tag, _, text in _tags(file, name):
        if tag == "si":
            parts = []
        elif tag in ("rPh", "/rPh"):  # how a text is spoken stands within it
            spoken = tag == "rPh"
        elif tag == "/t" and not spoken:
            parts.append(text)
        elif tag == "/si":
            strings.append("".join(parts))
    return strings


def _rows(file: zipfile.ZipFile, name: str, strings: list[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    cells: list[str] = []
    parts: list[str] = []
    kind, column, widest, n_characters = "", -1, 0, 0
    for tag, attributes, text in _tags(file, name):
        if tag == "row":
            cells, column = [], -1
        elif tag == "c":
            parts, kind = [], attributes.get("t", "")
            column = _column(attributes["r"]) if "r" in attributes else column + 1
        elif tag in ("/v", "/t"):
            parts.append(text)
        elif tag == "/c" and (cell := "".join(parts)):
            cell = strings[_index(cell)] if kind == "s" else cell
            cells += [""] * (column + 1 - len(cells))
            cells[column] = cell
            n_characters += len(cell)
        elif tag == "/row" and any(cells):
            rows.append(cells)
            widest = max(widest, len(cells))
        if n_characters > _MOST_CHARACTERS or len(rows) * widest > _MOST_CELLS:
            raise _TooLarge
    return rows


def _column(reference: str) -> int:
    """Return the column of a reference such as ``AB12``, from 0."""
    letters = re.match("[A-Z]{1,3}", reference)
    column = 0
    for letter in letters[0] if letters else "":
        column = 26 * column + ord(letter) - ord("A") + 1
    if not 1 <= column <= _MOST_COLUMNS:
        raise ValueError
    return column - 1


def _index(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError
    return int(text)


def _tags(file: zipfile.ZipFile, name: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the tags of a part, piece by piece: no tree, so that memory stays bounded.

    Yields
    ------
    tag : str
        ``row`` where an element begins, ``/row`` where it ends.
    attributes : dict of str to str
        Empty at an end.
    text : str
        What stands before an end since the tag before it.
    """
    found: list[tuple[str, dict[str, str], str]] = []
    text: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        text.clear()
        found.append((tag.removeprefix(_MAIN), attributes, ""))

    def end(tag: str) -> None:
        found.append((f"/{tag.removeprefix(_MAIN)}", {}, "".join(text)))
        text.clear()

    def characters(piece: str) -> None:
        text.append(piece)
        if sum(map(len, text)) > _LONGEST_TEXT:
            raise _TooLarge

    def document_type(*_: object) -> None:  # its entities unpack to anything; Excel writes none
        raise ValueError

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, document_type
    n_bytes = n_elements = 0
    part = file.getinfo(name)
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError  # Excel writes no other, and others can take any memory
    with file.open(part) as stream:
        while piece := stream.read(1 << 16):
            n_bytes += len(piece)
            parser.Parse(piece)
            n_elements += len(found)
            too_long = n_bytes - parser.CurrentByteIndex > _LONGEST_TAG
            if too_long or n_bytes > _MOST_BYTES or n_elements > 2 * _MOST_ELEMENTS:
                raise _TooLarge
            yield from found
            found.clear()
    parser.Parse(b"", True)
    yield from found
