"""Parquet tables of expression: types and sizes are checked before anything is read."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import require_memory

from .table import Table, as_float32, cell_value, with_ids_first
from .table_header import check_genes

if TYPE_CHECKING:
    import pyarrow as pa

# Of memory: a cell as Arrow has it, as float64 and as float32; what describes a row as text.
_CELL_BYTES, _ROW_BYTES = 24, 100


def read_parquet(path: Path, ids: str | None = None) -> Table:
    """Read a Parquet table of expression; needs the optional pyarrow.

    Parameters
    ----------
    path : Path
    ids : str, optional
        Header of the column of atlas ids, which may stand anywhere.

    Raises
    ------
    UserError
        pyarrow is not there, the file is damaged or larger than memory, or a column or cell
        holds other than numbers.
    """
    pq = _pyarrow(path)
    with _damage_reported(path), pq.ParquetFile(path) as file:
        schema, size = file.schema_arrow, file.metadata
        names = list(schema.names)
        stated = sum(size.row_group(i).total_byte_size for i in range(size.num_row_groups))
    if not names:
        raise UserError(f"{path.name} has no columns; get the file again")
    # What repeats takes next to nothing in the file, and its full size in memory.
    n_bytes = size.num_rows * (len(names) * _CELL_BYTES + _ROW_BYTES) + max(stated, 0)
    require_memory(n_bytes, path.name)
    index = _index(path, schema, size.num_rows)
    order = [*index.values(), *(i for i, name in enumerate(names) if name not in index)]
    named = [*index, *(name for name in names if name not in index)]
    header, n_first, moved = with_ids_first(path, named, ids)
    if moved is not None:
        order.insert(n_first - 1, order.pop(moved))
    genes = header[n_first:]
    check_genes(path, genes, n_first)
    for name, kind in zip(names, schema.types, strict=True):
        _check_type(path, name, kind)
    texts = [n for n, kind in zip(names, schema.types, strict=True) if _kind(kind) == "text"]
    # As a dictionary, a text that repeats is in memory once.
    options = {"read_dictionary": texts, "page_checksum_verification": True}
    with _damage_reported(path), pq.ParquetFile(path, **options) as file:
        table = file.read()
        table.validate(full=True)
        columns = [_cells(table.column(i)) if isinstance(i, int) else np.array(i) for i in order]
    describing = {
        name: list(map(str, column))
        for name, column in zip(header[:n_first], columns[:n_first], strict=True)
    }
    rows = next(iter(describing.values()), [])
    values = np.empty((table.num_rows, len(genes)), np.float32)
    for i, (gene, cells) in enumerate(zip(genes, columns[n_first:], strict=True)):
        values[:, i] = as_float32(_numbers(path, cells, rows, gene))
    return Table(path, genes, describing, values)


def size_of(path: Path) -> tuple[int, list[str]]:
    """Return the number of rows and the names of columns that a file states, an index first."""
    with _damage_reported(path), _pyarrow(path).ParquetFile(path) as file:
        schema, n_rows = file.schema_arrow, file.metadata.num_rows
    index = _index(path, schema, n_rows)
    return n_rows, [*index, *(name for name in schema.names if name not in index)]


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise UserError(
            f"{path.name} needs pyarrow to be read; run pip install "
            '"napari-compressed-transcriptomics[parquet]"'
        ) from None
    return pq


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises on a damaged file into a `UserError`."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = (str(error).splitlines() or ["damaged"])[0][:80]
        raise UserError(
            f"{path.name} is not a readable Parquet file ({reason}); get it again"
        ) from None


def _index(path: Path, schema: "pa.Schema", n_rows: int) -> dict[str, int | range]:
    """Return what was a data frame's index, by name: the column, or the range, which has none.

    pandas puts these columns last. A range without a name counts the rows, and names none of them.
    """
    stored = (schema.metadata or {}).get(b"pandas")
    if stored is None:
        return {}
    found: dict[str, int | range] = {}
    levels = 1
    try:
        frame = json.loads(stored)
        levels = len(frame.get("column_indexes", [0]))
        for level in frame["index_columns"]:
            if isinstance(level, str):
                found[level] = schema.names.index(level)
            elif level["name"] is not None:
                numbers = range(level["start"], level["stop"], level["step"])
                found[str(level["name"])] = numbers
                if len(numbers) != n_rows:
                    raise ValueError
    except (AttributeError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise UserError(
            f"{path.name} has damaged metadata of pandas, which say what its rows are; write it "
            "again"
        ) from None
    if levels > 1:
        raise UserError(f"{path.name} has {levels} names above each column; keep the gene's alone")
    return found


def _kind(kind: "pa.DataType") -> str:
    """Return "number", "text" or "" for what is neither."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "text"
    of_numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_null)
    return "number" if any(is_such(kind) for is_such in of_numbers) else ""


def _check_type(path: Path, name: str, kind: "pa.DataType") -> None:
    if not _kind(kind):
        raise UserError(
            f"{path.name} holds {str(kind)[:40]} in its column {name[:40]!r}, where numbers or "
            "names are needed; convert or remove that column"
        )


def _cells(column: "pa.ChunkedArray") -> np.ndarray | list[str]:
    """Return a column's numbers, NaN where there are none, or its texts."""
    import pyarrow as pa

    if _kind(column.type) == "text":
        texts: list[str] = []
        for chunk in column.chunks:
            if not pa.types.is_dictionary(chunk.type):
                chunk = chunk.dictionary_encode()
            words = ["" if word is None else word for word in chunk.dictionary.to_pylist()]
            texts += ["" if i is None else words[i] for i in chunk.indices.to_pylist()]
        return texts
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    whole = pa.types.is_integer(column.type) and not column.null_count
    return column.to_numpy() if whole else column.cast(pa.float64(), safe=False).to_numpy()


def _numbers(
    path: Path, cells: np.ndarray | list[str], rows: Sequence[str], gene: str
) -> np.ndarray:
    if isinstance(cells, np.ndarray):
        return cells
    pairs = zip(cells, rows, strict=True)
    return np.array([cell_value(path, cell, f"row {row}", gene) for cell, row in pairs])
