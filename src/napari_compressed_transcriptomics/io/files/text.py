"""Delimited text, read line by line: encodings, separators, and where a fault stands."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import available_memory, require_memory

from .csv_style import as_named
from .files import existing_file, looks_like, opened

SEPARATORS = (",", "\t", ";")
# How missing values are written; a gene or row of the name "NA" is not a cell.
MISSING = frozenset(("", "na", "nan", "n/a", "null", "none", "#n/a", "."))

# Bounds of what a small packed file can unpack to: 20,000 genes are a line of half a million
# characters, and tables of numbers pack to between a half and a fiftieth.
_LONGEST_LINE = 1 << 25
_MAX_CELL = 131_072  # characters, as of csv
_MAX_CELLS = 1_000_000
_LONGEST_BLANK = 1 << 18
_LARGEST_RATIO = 200
_NO_BOMB = 1 << 26  # characters of which any ratio is fine
_BEGINNING = 1 << 16  # bytes
_CELL_BYTES = 64  # of memory that a short cell takes as a string


@dataclass
class DelimitedText:
    """The rows of a delimited text file."""

    path: Path
    header: list[str] = field(default_factory=list)
    """Cells of the first line that is not blank."""
    separator: str = ","
    notes: list[str] = field(default_factory=list)
    """What was unusual (encoding, separator)."""
    header_line: int = 1
    """Its line number, from 1."""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, cells) of each line after the first that is not blank.

        The first cell, and those of the header, are without the mark that keeps a name from being
        a formula (see `csv_style`).
        """
        for number, line in text_lines(self.path):
            if number > self.header_line and not _blank(line):
                first, *others = self.cells_of(number, line)
                yield number, [as_named(first), *others]

    def all_rows(self) -> list[tuple[int, list[str]]]:
        """Return (line number, cells without blanks around) of the header and of all `rows`.

        A `UserError` says so where memory cannot take them.
        """
        found, left = [(self.header_line, self.header)], available_memory()
        for number, cells in self.rows():
            left -= sum(_CELL_BYTES + len(cell) for cell in cells)
            if left < 0:
                require_memory(1 << 62, self.path.name)
            found.append((number, [cell.strip() for cell in cells]))
        return found

    def __post_init__(self) -> None:
        self.path = existing_file(self.path)
        self.header_line, first = next(
            ((number, line) for number, line in text_lines(self.path) if not _blank(line)), (0, "")
        )
        if not first:
            raise UserError(f"{self.path.name} is empty; get the file again")
        self.separator = separator_of(first)
        self.header = [as_named(cell.strip()) for cell in self.cells_of(self.header_line, first)]
        if self.separator == ";":
            self.notes.append(f"{self.path.name} is separated by semicolons")
        if encoding_of(self.path) == "utf-16":
            self.notes.append(f"{self.path.name} is UTF-16 text")

    def cells_of(self, number: int, line: str) -> list[str]:
        """Return the cells of a line; a `UserError` names one that cannot be split."""
        if len(line) > _MAX_CELLS and line.count(self.separator) >= _MAX_CELLS:
            raise UserError(
                f"{self.path.name} has more than {_MAX_CELLS:,} cells in line {number}, which is "
                "not a table of genes; get the file again"
            )
        try:
            cells = split_line(line, self.separator)
        except csv.Error as error:
            if "limit" in str(error):
                raise self._too_long(number) from None
            raise UserError(
                f'{self.path.name} has an unbalanced quote (") in line {number}; close or remove it'
            ) from None
        if '"' in line and max(map(len, cells)) > _MAX_CELL:  # others may have changed csv's limit
            raise self._too_long(number)
        return cells

    def _too_long(self, number: int) -> UserError:
        return UserError(
            f"{self.path.name} has a cell of more than {_MAX_CELL:,} characters in line {number}; "
            "fix it"
        )


def _blank(line: str) -> bool:
    return not line or line.isspace()


def separator_of(line: str) -> str:
    """Return which separator a table's first line is written with."""
    unquoted = "".join(line.split('"')[::2])
    return max(SEPARATORS, key=unquoted.count)


def split_line(line: str, separator: str) -> list[str]:
    """Split a line into cells, minding quotes; a `csv.Error` where a quote is unbalanced."""
    if '"' in line:
        return next(csv.reader([line], delimiter=separator, strict=True))
    return line.split(separator)


def number(text: str) -> float | None:
    """Return the number that a cell holds, or None.

    ``1_2`` and digits of other scripts are names, other than to Python.
    """
    try:
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def value_of(cell: str) -> float | None:
    """Return the number that a cell holds, NaN where it is written as missing, or None."""
    text = cell.strip().strip('"')
    return float("nan") if text.lower() in MISSING else number(text)


def integer(text: str) -> int | None:
    """Return the whole number that a cell holds ("17", "17.0"), or None."""
    value = number(text)
    return int(value) if value is not None and value.is_integer() else None


def encoding_of(path: Path) -> str:
    """Return the text encoding that a file's first bytes tell: UTF-8 or, by its mark, UTF-16.

    A `UserError` says what a file is that is not text.
    """
    with opened(path) as file:
        start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start:
        what = looks_like(start)
        what = (
            "text in an unmarked encoding (UTF-16?)" if what == "text" else f"not text but {what}"
        )
        raise UserError(f"{path.name} is {what}; save it as UTF-8 text")
    return "utf-8-sig"


def beginning(path: Path) -> list[str]:
    """Return the lines in the first 64 KB (unpacked) of a table that are not blank.

    The last is without its last cell where that is cut there.
    """
    decoder = codecs.getincrementaldecoder(encoding_of(path))()
    with opened(path) as file:
        start = file.read(_BEGINNING)
    lines = [line for line in decoder.decode(start).splitlines() if not _blank(line)]
    if len(start) == _BEGINNING and lines:
        lines[-1] = lines[-1].rpartition(separator_of(lines[0]))[0]
    return lines


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) of a text file, packed or not.

    A `UserError` names the first line that is not text in the file's encoding, and what is no
    text that people write: lines without end, runs of blanks, little that unpacks to very much.
    """
    encoding, count = encoding_of(path), 0
    left, blank = max(_NO_BOMB, _LARGEST_RATIO * path.stat().st_size), 0
    with opened(path) as file:
        try:
            with io.TextIOWrapper(file, encoding) as text:
                while line := text.readline(_LONGEST_LINE + 1):
                    count, left = count + 1, left - len(line)
                    blank = blank + len(line) if line.isspace() else 0
                    if len(line) > _LONGEST_LINE or blank > _LONGEST_BLANK or left < 0:
                        raise UserError(_endless(path, count, len(line), blank))
                    yield count, line.rstrip("\r\n")
        except UnicodeError:
            known_as = encoding.removesuffix("-sig").upper()
            raise UserError(
                f"{path.name} is not {known_as} text after line {count}; save it as UTF-8"
            ) from None


def _endless(path: Path, count: int, length: int, blank: int) -> str:
    if length > _LONGEST_LINE:
        what = f"more than {_LONGEST_LINE:,} characters in line {count}"
    elif blank > _LONGEST_BLANK:
        what = f"more than {_LONGEST_BLANK:,} blanks and blank lines up to line {count}"
    else:
        what = f"unpacked more than {_LARGEST_RATIO} times its size up to line {count}"
    return f"{path.name} has {what}, which is not a table; get the file again"
