"""Make the table of gene identities that is shipped, from a download of HGNC (CC0 1.0).

    python scripts/make_gene_identities.py hgnc_complete_set.txt --date 2026-01-06

takes HGNC's "complete set" (https://www.genenames.org/download/) or a table of its BioMart with
the columns ensg, entr, hgnc, symb, synonym1 (aliases) and synonym2 (previous symbols), one row a
pair of synonyms; packed by gzip or not. The same download and date give the same table.
"""

import argparse
import csv
import gzip
import io
import sys
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parents[1] / ("src/napari_compressed_transcriptomics/core/genes/hgnc.tsv.gz")
COLUMNS = ("symbol", "entrez", "ensembl", "previous", "aliases")
_TITLES = (
    ("symbol", "entrez_id", "ensembl_gene_id", "prev_symbol", "alias_symbol", "hgnc_id"),
    ("symb", "entr", "ensg", "synonym2", "synonym1", "hgnc"),
)
_CSV_LIMIT = 1 << 24


def make(source: Path, date: str) -> bytes:
    """Return the table, packed: comments, a header, one gene a line, sorted by symbol.

    Previous symbols and aliases are separated by ``|``.
    """
    genes: dict[str, tuple[set[str], ...]] = {}
    last = 0
    for symbol, *cells, hgnc in _rows(source):
        parts = genes.setdefault(symbol, (set(), set(), set(), set()))
        for part, cell in zip(parts, cells, strict=True):
            part.update(name for name in cell.split("|") if name and name != symbol)
        last = max(last, int(hgnc.removeprefix("HGNC:")))
    lines = [
        f"# Human gene identities from HGNC, www.genenames.org, {date} (up to HGNC:{last})",
        "# CC0 1.0; made by scripts/make_gene_identities.py",
        "\t".join(COLUMNS),
    ]
    for symbol, parts in sorted(genes.items()):
        lines.append("\t".join((symbol, *("|".join(sorted(part)) for part in parts))))
    packed = io.BytesIO()
    # without a time and a file's name, the same content is the same bytes
    with gzip.GzipFile("", "wb", 9, packed, mtime=0) as file:
        file.write(("\n".join(lines) + "\n").encode())
    return packed.getvalue()


def _rows(source: Path) -> Iterator[list[str]]:
    """Yield the cells of each line, in the order of `_TITLES`."""
    opened = gzip.open if source.suffix == ".gz" else open
    csv.field_size_limit(_CSV_LIMIT)  # of this whole process
    with opened(source, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        titles = next((t for t in _TITLES if set(t) <= set(rows.fieldnames or ())), None)
        if titles is None:
            sys.exit(f"{source} has no columns of HGNC such as {', '.join(_TITLES[0])}")
        for row in rows:
            yield [row[title].strip() for title in titles]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("source", type=Path, help="the download")
    parser.add_argument("--date", required=True, help="of the download")
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    table = make(arguments.source, arguments.date)
    arguments.out.write_bytes(table)
    print(f"{arguments.out}: {len(table):,} bytes")


if __name__ == "__main__":
    main()
