"""Delimited tables of expression: rows are regions or voxels of an atlas, columns are genes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import available_memory, too_little_memory
from napari_compressed_transcriptomics.io.files.text import DelimitedText, number

from .table import Table, as_float32, cell_value, with_ids_first
from .table_header import check_genes, check_short_header, ends_in_separator

_ROW_BYTES = 400  # of memory for a row beside its values


def read_text_table(path: Path, ids: str | None = None) -> Table:
    """Read a delimited table of expression; parameters as of `parquet.read_parquet`.

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
    available, needed = available_memory(), 0
    for line, cells in _chain(first, lines):
        if len(cells) != width:
            raise UserError(_ragged(text, line, cells, width, n_first))
        if short:
            _check_last_cell(text, line, cells)
        if moved is not None:
            cells.insert(n_first - 1, cells.pop(moved))
        row, numbers = [cell.strip() for cell in cells[:n_first]], cells[n_first:]
        needed += 8 * len(genes) + _ROW_BYTES + sum(map(len, row))  # stacking takes as much again
        if needed > available:
            raise too_little_memory(needed, available, path.name)
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
    hint = "fix it"
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
