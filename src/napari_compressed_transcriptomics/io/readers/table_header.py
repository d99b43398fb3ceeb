"""A table's header: which columns describe the rows, whether one is lacking, what is no gene."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.io.files.text import number

# Leading columns that describe rows (abagen, ENIGMA, pandas); none is a gene symbol.
SIDE_COLUMNS = frozenset(("hemisphere", "hemi", "side"))
_DESCRIPTIVE = SIDE_COLUMNS | {
    *("id", "index", "unnamed: 0", "__index_level_0__"),
    *("regionid", "region_id", "regionname", "region_name"),
    *("label", "region", "name", "roi", "parcel", "sample", "structure", "network"),
}
# Words above a column of rows, whole or as beginnings; no gene symbol has them.
_ROW_WORD = re.compile(
    r"ids?|names?|side|(row|region|roi|parcel|label|sample|gene|area|index|subject|structure|"
    r"network|hemi|unnamed|atlas)[a-z]*"
)
_COUNTER = re.compile(r"|unnamed: \d+|index|level_\d+|__index_level_\d+__|x(\.\d+)?|(row)?id")
_MONTH = (
    "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|"
    "oct(ober)?|nov(ember)?|dec(ember)?)"
)
_DATE = re.compile(
    rf"\d{{1,2}}[-. ]{_MONTH}([-. ]\d{{2,4}})?|{_MONTH}-\d{{1,4}}|\d{{4}}-\d\d-\d\d( .*)?"
    r"|\d{1,2}/\d{1,2}(/\d{2,4})?",
    re.IGNORECASE,
)
_ENDS = {",": "a comma", "\t": "a tab", ";": "a semicolon"}


def shown(column: str) -> str:
    """Return how messages call a column, which may have no header."""
    return f"column {column!r}" if column else "first column, which has no header,"


def column_of(path: Path, headers: Sequence[str], wanted: str) -> int:
    """Return the position of a column that the user names.

    A first column without a header also goes by pandas' name for it, ``Unnamed: 0``. A
    `UserError` says so where there is no such column.
    """
    wanted = wanted.strip()
    for plain, name in (list(headers), wanted), ([h.lower() for h in headers], wanted.lower()):
        if name in plain:
            return plain.index(name)
    if headers and not headers[0] and wanted.lower() == "unnamed: 0":
        return 0
    raise UserError(
        f"{path.name} has no column {wanted!r}; its first are "
        f"{listing((repr(header) for header in headers), 3)}"
    )


def n_describing(header: Sequence[str]) -> int:
    """Count the leading columns that describe rows: the first, and what follows of that kind."""
    n = 1
    while n < len(header) and header[n].lower() in _DESCRIPTIVE:
        n += 1
    return n


def ends_in_separator(path: Path, where: str, column: int, separator: str) -> UserError:
    """Return the refusal of rows that end in a separator where their header does not."""
    return UserError(
        f"{path.name} has rows that end in {_ENDS[separator]} where its header does not ({where}, "
        f"column {column}); remove it"
    )


def check_short_header(
    path: Path, header_line: int, header: Sequence[str], where: str, cells: Sequence[str]
) -> None:
    """Refuse a header of one cell less than its first row, unless R's ``write.table`` wrote it.

    That gives the column of row names no header: the first one is a gene's.
    """
    words = re.findall(r"[a-z0-9]+", header[0].lower())
    if not words or any(_ROW_WORD.fullmatch(word) for word in words):
        raise UserError(
            f"{path.name} has {len(cells)} cells in {where} and {len(header)} in its header (line "
            f"{header_line}), which begins with {header[0]!r}: a gene's name is lacking there "
            f"(column {len(cells)} has none), or the row has a cell too many; fix it"
        )


def check_genes(path: Path, genes: Sequence[str], n_describing: int) -> None:
    """Raise a `UserError` where a gene has no symbol, or the header holds values."""
    for column, gene in enumerate(genes, n_describing + 1):
        if not gene:
            raise UserError(f"{path.name} has no gene symbol above column {column}; name it")
    # Entrez ids are whole numbers; fractions are values.
    found = [number(gene) for gene in genes]
    if any(value is not None and np.isfinite(value) and value % 1 for value in found):
        raise UserError(
            f"{path.name} has numbers in its first line where gene symbols belong; add a header"
        )


def counts_rows(name: str, cells: np.ndarray) -> bool:
    """Tell whether a column of numbers, shape (n_rows,), only numbers the rows."""
    with np.errstate(invalid="ignore"):  # infinite values count nothing
        steps = np.diff(cells)
        if len(cells) >= 5 and cells[0] % 1 == 0 and (steps == 1).all():
            return True
        rises = len(cells) > 1 and (steps > 0).all() and (cells % 1 == 0).all()
    return bool(rises and _COUNTER.fullmatch(name.lower()))


def counters_among(genes: Sequence[str], values: np.ndarray) -> list[str]:
    """Return the genes whose values, shape (n_rows, n_genes), only number the rows."""
    if len(values) < 2:
        return []
    rising = np.flatnonzero(values[1] > values[0])
    return [genes[i] for i in map(int, rising) if counts_rows(genes[i], values[:, i])]


def dates_among(genes: Sequence[str]) -> list[str]:
    """Return the gene symbols that look like dates: Excel makes ``2-Sep`` of SEPT2."""
    return [gene for gene in genes if _DATE.fullmatch(gene.strip())]
