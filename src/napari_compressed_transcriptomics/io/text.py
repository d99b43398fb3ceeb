"""Delimited text, read line by line: encodings, separators, and where a fault stands."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError

from .files import existing_file, looks_like, opened
from .style import as_named

SEPARATORS = (",", "\t", ";")


@dataclass
class DelimitedText:
    """The rows of a delimited text file.

    Attributes
    ----------
    path : Path
    header : list of str
        Cells of the first line.
    separator : str
    notes : list of str
        What was unusual (encoding, separator).
    """

    path: Path
    header: list[str] = field(default_factory=list)
    separator: str = ","
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, cells) of each line after the first that is not blank.

        The first cell, and those of the header, are without the mark that keeps a name from being
        a formula (see `style`).
        """
        for number, line in text_lines(self.path):
            if number > self._header_line and line.strip():
                first, *others = split_line(line, self.separator)
                yield number, [as_named(first), *others]

    def __post_init__(self) -> None:
        self.path = existing_file(self.path)
        self._header_line, first = next(
            ((number, line) for number, line in text_lines(self.path) if line.strip()), (0, "")
        )
        if not first:
            raise UserError(f"{self.path.name} is empty; get the file again")
        unquoted = "".join(first.split('"')[::2])
        self.separator = max(SEPARATORS, key=unquoted.count)
        self.header = [as_named(cell.strip()) for cell in split_line(first, self.separator)]
        if self.separator == ";":
            self.notes.append(f"{self.path.name} is separated by semicolons")
        if encoding_of(self.path) == "utf-16":
            self.notes.append(f"{self.path.name} is UTF-16 text")


def split_line(line: str, separator: str) -> list[str]:
    """Split a line into cells, minding quotes."""
    if '"' in line:
        return next(csv.reader([line], delimiter=separator))
    return line.split(separator)


def number(text: str) -> float | None:
    """Return the number that a cell holds, or None; ``1_2`` is a name, other than to Python."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


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


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) of a text file, packed or not.

    A `UserError` names the first line that is not text in the file's encoding.
    """
    encoding, count = encoding_of(path), 0
    with opened(path) as file:
        try:
            with io.TextIOWrapper(file, encoding) as text:
                for count, line in enumerate(text, 1):
                    yield count, line.rstrip("\r\n")
        except UnicodeError:
            known_as = encoding.removesuffix("-sig").upper()
            raise UserError(
                f"{path.name} is not {known_as} text after line {count}; save it as UTF-8"
            ) from None
