"""Tables of expression: rows are regions or voxels of an atlas, columns are genes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.memory import available_memory, require_memory

from .assemble import assemble
from .atlas import read_atlas
from .files import PARQUET, atlas_of, existing_file, source_of, suffix
from .placing import place
from .region_names import read_region_names
from .table_header import (
    check_genes,
    check_short_header,
    column_of,
    counters_among,
    ends_in_separator,
    n_describing,
)
from .table_rows import Rows, rows_of, values_left_out
from .text import DelimitedText, number, value_of

_ROW_BYTES = 400  # of memory for a row beside its values


@dataclass
class Table:
    """A table as it stands in its file.

    Attributes
    ----------
    path : Path
    genes : list of str
    describing : dict
        Header to cells of the leading columns that describe the rows.
    values : ndarray of float32, shape (n_rows, n_genes)
        NaN where a cell is empty.
    notes : list of str
    lines : list of int
        Line of each row, where the file has lines.
    """

    path: Path
    genes: list[str]
    describing: dict[str, list[str]]
    values: np.ndarray
    notes: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def rows(self, ids: str | None = None) -> Rows:
        """Return how the rows are named; parameter and errors as `table_rows.rows_of`."""
        return rows_of(self.path, self.describing, ids, self.lines)


def read_table_expression(
    path: str | Path,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
    ids: str | None = None,
) -> Expression:
    """Read a table (CSV, TSV, also packed; Parquet) with the atlas that it belongs to.

    Parameters are those of `read_expression`; the rules for finding an atlas are those of
    `files.atlas_of`.

    Raises
    ------
    UserError
        The table or atlas is faulty, or they do not belong together.
    """
    path = existing_file(path)
    atlas_path, labels_path = atlas_of(path, atlas, labels)
    if atlas_path is None:
        raise UserError(
            f"{path.name} is a table without an atlas; choose its label volume, or put it beside "
            "the table as NAME_atlas.nii.gz"
        )
    if suffix(path, PARQUET):
        from .parquet import read_parquet

        table = read_parquet(path, ids)
    else:
        table = read_text_table(path, ids)
    return table_expression(table, atlas_path, labels_path, impute, ids)


def table_expression(
    table: Table,
    atlas_path: Path,
    labels_path: Path | None,
    impute: str | None,
    ids: str | None = None,
) -> Expression:
    """Place a table's rows in an atlas. Parameters and errors as `read_table_expression`."""
    names = read_region_names(labels_path) if labels_path else None
    atlas = read_atlas(atlas_path)
    rows = table.rows(ids)
    placed = place(rows, table.genes, atlas, names, labels_path.name if labels_path else "")
    source = {"expression": table.path, "atlas": atlas_path, "labels": labels_path}
    all_placed = len(placed.rows) == len(table.values)
    notes = [*table.notes, *placed.notes]
    if left_out := values_left_out(table.describing):
        notes.append(
            f"{table.path.name} holds values in its column(s) {listing(left_out)}, whose headers "
            "describe rows: they are not read as genes; rename them where they are"
        )
    if counters := counters_among(table.genes, table.values):
        notes.append(
            f"{len(counters)} gene(s) of {table.path.name} only number its rows "
            f"({listing(counters)}); remove those columns"
        )
    return assemble(
        table.values if all_placed else table.values[placed.rows],
        table.genes,
        placed.samples,
        placed.labels,
        atlas.affine,
        path=table.path,
        impute=impute,
        notes=notes,
        excluded=placed.excluded,
        source={role: source_of(p) for role, p in source.items() if p},
        where=[rows.where(int(row)) for row in placed.rows],
    )


def read_text_table(path: Path, ids: str | None = None) -> Table:
    """Read a delimited table of expression.

    Parameters
    ----------
    path : Path
    ids : str, optional
        Header of the column of atlas ids, which may stand anywhere.

    Raises
    ------
    UserError
        With the line, row and gene: a line with too many or too few cells, a cell that is
        no number, a header without gene symbols, text that is no UTF-8.
    """
    text = DelimitedText(path)
    lines = text.rows()
    first = next(lines, None)
    header, notes = text.header, list(text.notes)
    short = first is not None and len(first[1]) == len(header) + 1
    if short and first is not None:
        _check_last_cell(text, *first)
        check_short_header(path, text.header_line, header, _where(*first), first[1])
        header = ["", *header]
        notes.append(
            f"The header of {path.name} lacks one cell, as R's write.table leaves it; the first "
            "column is taken for the names of the rows"
        )
    header, n_first, moved = with_ids_first(path, header, ids)
    genes = header[n_first:]
    check_genes(path, genes, n_first)
    width = len(header)
    decimal_comma = False
    if first is not None and text.separator != ",":
        numbers = first[1][n_first:]
        decimal_comma = any("," in cell for cell in numbers) and not any("." in c for c in numbers)
        if decimal_comma:
            notes.append(f"{path.name} is written with decimal commas")
    describing: list[list[str]] = []
    rows: list[np.ndarray] = []
    row_lines: list[int] = []
    left = available_memory()
    for line, cells in _chain(first, lines):
        if len(cells) != width:
            raise UserError(_ragged(text, line, cells, width, n_first))
        if short:
            _check_last_cell(text, line, cells)
        if moved is not None:
            cells.insert(n_first - 1, cells.pop(moved))
        row, numbers = [cell.strip() for cell in cells[:n_first]], cells[n_first:]
        left -= 8 * len(genes) + _ROW_BYTES + sum(map(len, row))  # stacking takes as much again
        if left < 0:
            require_memory(1 << 62, path.name)
        if decimal_comma:
            numbers = [cell.replace(",", ".") for cell in numbers]
        try:
            values = np.array([float(cell) for cell in numbers], np.float64)
            joined = "".join(numbers)
            simple = joined.isascii() and "_" not in joined
        except ValueError:
            simple = False
        if not simple:
            where = _where(line, row)
            pairs = zip(numbers, genes, strict=True)
            values = np.array([cell_value(path, cell, where, gene) for cell, gene in pairs])
        describing.append(row)
        row_lines.append(line)
        rows.append(as_float32(values))
    return Table(
        path,
        genes,
        {name: [row[i] for row in describing] for i, name in enumerate(header[:n_first])},
        np.stack(rows) if rows else np.empty((0, len(genes)), np.float32),
        notes,
        row_lines,
    )


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
            f"{gene}; mend the cell or leave it empty"
        )
    return value


def as_float32(values: np.ndarray) -> np.ndarray:
    """Return values as float32; what overflows is infinite, and refused as that."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _where(line: int, cells: Sequence[str]) -> str:
    """Say which row this is: its line, and its first cell that is no number."""
    name = next((cell for cell in cells[:3] if number(cell) is None), cells[0]).strip()
    return f"line {line} (row {name[:40]})" if name else f"line {line}"


def _check_last_cell(text: DelimitedText, line: int, cells: Sequence[str]) -> None:
    if not cells[-1].strip():
        raise ends_in_separator(text.path, _where(line, cells), len(cells), text.separator)


def _ragged(
    text: DelimitedText, line: int, cells: Sequence[str], width: int, n_describing: int
) -> str:
    hint = "mend it"
    if len(cells) - n_describing == 2 * (width - n_describing):
        hint = "decimal commas need another separator, such as semicolons"
    elif len(cells) > width and not cells[-1].strip():
        hint = "it ends in a separator, which belongs there no more than in the header"
    return (
        f"{text.path.name} has {len(cells)} cells in {_where(line, cells)} where its header has "
        f"{width}; {hint}"
    )


def _chain(
    first: tuple[int, list[str]] | None, rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    if first is not None:
        yield first
    yield from rest
