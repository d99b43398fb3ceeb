"""Tables of expression: rows are regions or voxels of an atlas, columns are genes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.memory import available_memory, require_memory

from .assemble import assemble
from .atlas import read_atlas
from .files import (
    PARQUET,
    atlas_of,
    existing_file,
    source_of,
    suffix,
)
from .placing import Rows, place
from .region_names import read_region_names, with_sides
from .text import DelimitedText, integer, number

# How missing values are written; a gene or row of the name "NA" is not a cell.
MISSING = frozenset(("", "na", "nan", "n/a", "null", "none", "#n/a", "."))
# Leading columns that describe rows (abagen, ENIGMA, pandas); none is a gene symbol.
_ID_COLUMNS = {"id", "index", "", "unnamed: 0", "__index_level_0__"}
_NAME_COLUMNS = {"label", "region", "name", "roi", "parcel", "sample"}
_SIDE_COLUMNS = {"hemisphere", "hemi", "side"}
_DESCRIPTIVE = _ID_COLUMNS | _NAME_COLUMNS | _SIDE_COLUMNS | {"structure", "network"}


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
    """

    path: Path
    genes: list[str]
    describing: dict[str, list[str]]
    values: np.ndarray
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Rows:
        """Return how the rows are named; a `UserError` where nothing names them."""
        ids = names = sides = None
        for header, cells in self.describing.items():
            kind, integers = header.lower(), [integer(cell) for cell in cells]
            if kind in _SIDE_COLUMNS:
                sides = cells
            elif kind in {"structure", "network"}:
                continue
            elif cells and None not in integers:
                # A counter that pandas wrote is no id where another column has names or ids.
                counted = kind in _ID_COLUMNS - {"id"} and integers == list(range(len(cells)))
                if ids is None and not (counted and len(self.describing) > 1):
                    ids = tuple(i for i in integers if i is not None)
            elif names is None and any(number(cell) is None for cell in cells):
                names = tuple(cells)
        if names is not None and sides is not None:
            names = tuple(with_sides(names, sides))
        if ids is None and names is None:
            raise UserError(
                f"{self.path.name} has no first column with region ids or names; add one"
            )
        return Rows(self.path, ids, names)


def read_table_expression(
    path: str | Path,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
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
    read_into = read_parquet if suffix(path, PARQUET) else read_text_table
    return table_expression(read_into(path), atlas_path, labels_path, impute)


def table_expression(
    table: Table, atlas_path: Path, labels_path: Path | None, impute: str | None
) -> Expression:
    """Place a table's rows in an atlas. Parameters and errors as `read_table_expression`."""
    names = read_region_names(labels_path) if labels_path else None
    atlas = read_atlas(atlas_path)
    placed = place(table.rows(), table.genes, atlas, names)
    source = {"expression": table.path, "atlas": atlas_path, "labels": labels_path}
    all_placed = len(placed.rows) == len(table.values)
    return assemble(
        table.values if all_placed else table.values[placed.rows],
        table.genes,
        placed.samples,
        placed.labels,
        atlas.affine,
        path=table.path,
        impute=impute,
        notes=(*table.notes, *placed.notes),
        excluded=placed.excluded,
        source={role: source_of(p) for role, p in source.items() if p},
    )


def read_text_table(path: Path) -> Table:
    """Read a delimited table of expression.

    Raises
    ------
    UserError
        With the line, row and gene: a line with too many or too few cells, a cell that is
        no number, a header without gene symbols, text that is no UTF-8.
    """
    text = DelimitedText(path)
    lines = text.rows()
    first = next(lines, None)
    header = text.header
    if first is not None and len(first[1]) == len(header) + 1:
        header = ["", *header]  # R's write.table gives the column of row names no header
    n_describing = _n_describing(header)
    genes = _checked_genes(path, header[n_describing:])
    width = len(header)
    notes = list(text.notes)
    decimal_comma = False
    if first is not None and text.separator != ",":
        numbers = first[1][n_describing:]
        decimal_comma = any("," in cell for cell in numbers) and not any("." in c for c in numbers)
        if decimal_comma:
            notes.append(f"{path.name} is written with decimal commas")
    describing: list[list[str]] = []
    rows: list[np.ndarray] = []
    most_rows = available_memory() // max(8 * len(genes), 1)  # stacking them takes as much again
    for line, cells in _chain(first, lines):
        if len(cells) != width:
            raise UserError(_ragged(path, line, len(cells), width, n_describing))
        if len(rows) >= most_rows:
            require_memory(1 << 62, path.name)
        row, numbers = [cell.strip() for cell in cells[:n_describing]], cells[n_describing:]
        if decimal_comma:
            numbers = [cell.replace(",", ".") for cell in numbers]
        try:
            values = np.array([float(cell) for cell in numbers], np.float64)
            simple = "_" not in "".join(numbers)
        except ValueError:
            simple = False
        if not simple:
            values = _with_missing(path, f"line {line} (row {row[0]})", numbers, genes)
        describing.append(row)
        rows.append(_float32(values))
    return Table(
        path,
        genes,
        {name: [row[i] for row in describing] for i, name in enumerate(header[:n_describing])},
        np.stack(rows) if rows else np.empty((0, len(genes)), np.float32),
        notes,
    )


def read_parquet(path: Path) -> Table:
    """Read a Parquet table of expression; needs the optional pyarrow.

    Raises
    ------
    UserError
        pyarrow is not there, the file is damaged, or a cell is no number.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UserError(
            f"{path.name} needs pyarrow to be read; run pip install "
            '"napari-compressed-transcriptomics[parquet]"'
        ) from None
    try:
        size = pq.read_metadata(path)
        require_memory(size.num_rows * size.num_columns * 16, path.name)
        frame = pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:80]
        raise UserError(
            f"{path.name} is no readable Parquet file ({reason}); get it again"
        ) from None
    if frame.index.names != [None] or frame.index.dtype == object:
        frame = frame.reset_index()
    header = [str(column) for column in frame.columns]
    n_describing = _n_describing(header)
    genes = _checked_genes(path, header[n_describing:])
    describing = {
        name: [str(cell) for cell in frame.iloc[:, i]]
        for i, name in enumerate(header[:n_describing])
    }
    numbers = frame.iloc[:, n_describing:]
    try:
        values = _float32(numbers.to_numpy(np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        rows = zip(
            next(iter(describing.values())), numbers.to_numpy(object, na_value=""), strict=True
        )
        values = np.stack(
            [_float32(_with_missing(path, f"row {n}", [str(c) for c in r], genes)) for n, r in rows]
        )
    return Table(path, genes, describing, values)


def _n_describing(header: list[str]) -> int:
    """Count the leading columns that describe rows: the first, and what follows of that kind."""
    n = 1
    while n < len(header) and header[n].lower() in _DESCRIPTIVE - {""}:
        n += 1
    return n


def _checked_genes(path: Path, genes: list[str]) -> list[str]:
    for column, gene in enumerate(genes):
        if not gene:
            raise UserError(f"{path.name} has no gene symbol above column {column + 2}; name it")
    # Entrez ids are whole numbers; fractions are values.
    found = [number(gene) for gene in genes]
    if any(value is not None and np.isfinite(value) and value % 1 for value in found):
        raise UserError(
            f"{path.name} has numbers in its first line where gene symbols belong; add a header"
        )
    return genes


def _with_missing(path: Path, where: str, cells: list[str], genes: list[str]) -> np.ndarray:
    """Return a row's numbers where some cells are written as missing, or are no numbers."""
    values = np.empty(len(cells))
    for column, cell in enumerate(cells):
        text = cell.strip().strip('"')
        value = np.nan if text.lower() in MISSING else number(text)
        if value is None:
            raise UserError(
                f"{path.name} has {text[:20]!r} where a number is needed, in {where}, gene "
                f"{genes[column]}; mend the cell or leave it empty"
            )
        values[column] = value
    return values


def _ragged(path: Path, line: int, n: int, width: int, n_describing: int) -> str:
    doubled = n - n_describing == 2 * (width - n_describing)
    hint = "; decimal commas need another separator, such as semicolons" if doubled else "; mend it"
    return f"{path.name} has {n} cells in line {line} where its header has {width}{hint}"


def _float32(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused as that
        return values.astype(np.float32)


def _chain(
    first: tuple[int, list[str]] | None, rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    if first is not None:
        yield first
    yield from rest
