"""Lists of genes that lie beside a file without names: counted, so that none becomes a header."""

import re
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.text import DelimitedText, integer, text_lines

# Headers as people write them, in lower case, with "_" for blanks, dots and dashes.
_SYMBOL = re.compile(r"genes?|(hgnc_?|gene_?)*symbols?|gene_?names?")
_ID = re.compile(r"(gene_?|hgnc_?)*ids?|(ensembl|entrez)(_?gene)?(_?ids?)?|hgnc")


def read_gene_list(path: Path, n_genes: int, holder: str) -> list[str]:
    """Read the symbols of so many genes, one per line; more columns and a header may stand there.

    Parameters
    ----------
    path : Path
        Delimited text. Of several columns that of the symbols is taken, as the header tells;
        without a header, the first.
    n_genes : int
    holder : str
        What has so many genes, for messages: ``"brain.nii.gz has 5 volumes"``.

    Raises
    ------
    UserError
        The list names another number of genes. Its first line is left out only where it is a
        header by its words: a gene too many is not taken for one. Or a line lacks its symbol or
        holds control characters.
    """
    text = DelimitedText(path)
    rows, n_lines = [], 0
    for number, line in text_lines(path):
        if not re.sub(r"[\t\xa0]", " ", line).isprintable():
            raise UserError(f"{path.name} has control characters in line {number}; remove them")
        if line.strip():
            n_lines += 1
            if n_lines <= n_genes + 1:  # more are only counted
                cells = [cell.strip() for cell in text.cells_of(number, line)]
                rows.append((number, cells))
    column = _titled(rows[0][1])
    n_found, hint = n_lines, ""
    if column is not None:
        n_found, rows = n_lines - 1, rows[1:]
        hint = " below its header"
    elif n_lines == n_genes + 1:
        hint = f" ({rows[0][1][0]!r} in its first line is not a header such as gene or symbol)"
    if n_found != n_genes:
        raise UserError(
            f"{path.name} names {n_found} genes{hint} and {holder}; give one symbol each"
        )
    if (
        column is None
        and len(rows[0][1]) > 1
        and all(len(cells) > 1 and integer(cells[0]) is not None for _, cells in rows[1:])
    ):
        raise UserError(
            f"{path.name} has numbers before its symbols; give the symbols alone, or a header that "
            "says gene above them"
        )
    for number, cells in rows:
        if len(cells) <= (column or 0) or not cells[column or 0]:
            raise UserError(f"{path.name} has no gene symbol in line {number}; name every gene")
    return [cells[column or 0] for _, cells in rows]


def _titled(cells: list[str]) -> int | None:
    """Return which column a header says the symbols are in, None where the line is no header."""
    titles = [re.sub(r"[ .-]+", "_", cell.lower()) for cell in cells]
    symbols = (column for column, title in enumerate(titles) if _SYMBOL.fullmatch(title))
    return next(symbols, 0 if _ID.fullmatch(titles[0]) else None)
