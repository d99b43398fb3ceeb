"""A table as it stands in its file: what describes the rows, genes, and values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.io.files.text import value_of

from .table_header import column_of, n_describing
from .table_rows import Rows, rows_of


@dataclass
class Table:
    """A table as it stands in its file."""

    path: Path
    genes: list[str]
    describing: dict[str, list[str]]
    """Header to cells of the leading columns that describe the rows."""
    values: np.ndarray
    """NaN where a cell is empty. Of float32, shape (n_rows, n_genes)."""
    notes: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Line of each row, where the file has lines."""

    def rows(self, ids: str | None = None) -> Rows:
        """Return how the rows are named; parameter and errors as `table_rows.rows_of`."""
        return rows_of(self.path, self.describing, ids, self.lines)


def with_ids_first(
    path: Path, header: Sequence[str], ids: str | None
) -> tuple[list[str], int, int | None]:
    """Return a header whose describing columns come first, those of atlas ids among them.

    Parameters
    ----------
    path : Path
    header : sequence of str
    ids : str or None
        Header of the column of atlas ids.

    Returns
    -------
    header : list of str
    n_describing : int
    moved : int or None
        Column that became the last describing one.

    Raises
    ------
    UserError
        There is no such column, or two describing ones of one header.
    """
    header, n, moved = list(header), n_describing(header), None
    if ids is not None and (column := column_of(path, header, ids)) >= n:
        header.insert(n, header.pop(column))
        n, moved = n + 1, column
    if len(set(header[:n])) < n:
        raise UserError(
            f"{path.name} has two of its first columns under one header "
            f"({listing((repr(name) for name in header[:n]), 3)}); remove one"
        )
    return header, n, moved


def cell_value(path: Path, cell: str, where: str, gene: str) -> float:
    """Return a cell's number, NaN where it is missing; a `UserError` says which holds another."""
    value = value_of(cell)
    if value is None:
        raise UserError(
            f"{path.name} has {cell.strip()[:20]!r} where a number is needed, in {where}, gene "
            f"{gene}; fix the cell or leave it empty"
        )
    return value


def as_float32(values: np.ndarray) -> np.ndarray:
    """Return values as float32; what overflows is infinite, and refused as that."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
