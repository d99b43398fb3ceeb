"""How names and paths are written: so that a spreadsheet runs nothing, and nobody is told of."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.provenance import json_safe, portable

_BEGIN_FORMULAS = tuple("=+-@\t\r\n")


@dataclass(frozen=True)
class Style:
    """How names stand in tables, and paths in records."""

    raw_names: bool = False
    """Write names as they are. Otherwise those that a spreadsheet would take for formulas (they
    begin with ``=``, ``+``, ``-``, ``@``, a tab or a line's end) get a ``'`` before them, which our
    readers take away."""
    keep_paths: bool = False
    """Write paths of inputs as they are. Otherwise they are relative to the folder of the record,
    see `core.provenance.portable`."""

    def cell(self, value: Any) -> Any:
        """Return a cell as it is written: text that would be a formula with ``'`` before it."""
        return value if self.raw_names or not _is_formula(value) else f"'{value}"

    def record(self, content: Any, folder: Path) -> Any:
        """Return what is written in place of a JSON-safe `content` into a file in `folder`."""
        return json_safe(content if self.keep_paths else portable(content, folder))


SAFE = Style()


def as_named(cell: str) -> str:
    """Return the name that a cell stands for, without the ``'`` that `Style.cell` put there."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def number_cell(value: Any) -> Any:
    """Return a number with six digits that count, NaN as an empty cell; anything else as it is."""
    if isinstance(value, float | np.floating):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return value


def write_rows(
    path: Path, rows: Iterable[Sequence[Any]], style: Style = SAFE, delimiter: str = ","
) -> None:
    """Write rows of a table, the first being its header."""
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerows([style.cell(cell) for cell in row] for row in rows)


def _is_formula(value: Any) -> bool:
    """Return whether text begins a formula; what begins so after ``'`` counts, to be told apart."""
    if not isinstance(value, str):
        return False
    return value.lstrip("'").startswith(_BEGIN_FORMULAS) and not _is_number(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # as Python alone has it
