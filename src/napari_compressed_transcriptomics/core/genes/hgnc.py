"""What genes are called: symbols of HGNC, previous ones and aliases, Entrez and Ensembl ids.

The table, `hgnc.tsv.gz`, is made by ``scripts/make_gene_identities.py``. Nothing is
guessed: what may mean two genes is told as ambiguous.
"""

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

Kind = Literal["symbols", "entrez", "ensembl", "numbers"]

KINDS = {"entrez": "Entrez ids", "ensembl": "Ensembl ids", "numbers": "numbers"}
"""How messages call what genes are named by."""

_TABLE = Path(__file__).with_name("hgnc.tsv.gz")
_ENSEMBL = re.compile(r"(ENSG\d{11})(\.\d+)?(_PAR_Y)?", re.IGNORECASE)
_NEARLY_ALL = 0.9
"""Part of names that must be ids. Of the whole numbers up to 10,000, 75 % are Entrez ids."""


@dataclass(frozen=True)
class Identities:
    """The table by each of its columns, several names in a text with ``|`` between them.

    Texts are no work for the garbage collector, other than tuples: half the time to read them.
    """

    date: str
    """Of the download from HGNC."""
    rows: dict[str, str]
    """Approved symbol to the rest of its line; see `row`."""
    entrez: dict[str, str]
    ensembl: dict[str, str]
    previous: dict[str, str]
    aliases: dict[str, str]
    """`entrez`, `ensembl`, `previous`, `aliases`: name to the approved symbols of the genes that
    have it."""

    @property
    def name(self) -> str:
        """How messages and records call the table."""
        return f"HGNC's table of {self.date}"

    def row(self, symbol: str) -> list[str]:
        """Return Entrez id, Ensembl id, previous symbols and aliases of an approved symbol."""
        return self.rows[symbol].split("\t")


@cache
def gene_table() -> Identities:
    """Read the table, once."""
    first, *lines = gzip.decompress(_TABLE.read_bytes()).decode().splitlines()
    date = re.sub(r".*genenames.org, | \(up to.*", "", first)
    rows: dict[str, str] = {}
    columns: tuple[dict[str, str], ...] = ({}, {}, {}, {})
    for line in lines[2:]:
        symbol, _, rows[symbol] = line.partition("\t")
        for column, cell in zip(columns, rows[symbol].split("\t"), strict=True):
            if cell:
                _add(column, cell, symbol)
    return Identities(date, rows, *columns)


def _add(column: dict[str, str], names: str, symbol: str) -> None:
    for name in names.split("|"):
        column[name] = f"{column[name]}|{symbol}" if name in column else symbol


def _several(names: str) -> tuple[str, ...]:
    return tuple(names.split("|")) if names else ()


def kind_of(names: Sequence[str]) -> Kind:
    """Tell what nearly all of these names are.

    ``"entrez"`` are whole numbers that HGNC knows and that do not merely count; other whole
    numbers are ``"numbers"``. Ensembl ids may have a version.
    """
    numbers = _whole(names)
    if names and len(numbers) >= _NEARLY_ALL * len(names):
        return "entrez" if n_entrez(names) >= _NEARLY_ALL * len(numbers) else "numbers"
    n_ensembl = sum(bool(_ENSEMBL.fullmatch(name)) for name in names)
    return "ensembl" if names and n_ensembl >= _NEARLY_ALL * len(names) else "symbols"


def n_entrez(names: Sequence[str]) -> int:
    """Count the Entrez ids that HGNC knows: none where numbers merely count columns.

    Those go in equal steps from 0, from 1 or from the first step.
    """
    numbers = _whole(names)
    found = sorted(map(int, numbers))
    steps = {b - a for a, b in pairwise(found)}
    if found and len(steps) < 2 and found[0] in {0, 1} | steps:
        return 0
    return sum(number in gene_table().entrez for number in numbers)


def _whole(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.isascii() and name.isdigit() and len(name) < 10]


def meanings(name: str, entrez: bool = False) -> tuple[str, ...]:
    """Return the approved symbols of all genes that a name may mean.

    Parameters
    ----------
    name : str
        A symbol, a previous one, an Ensembl id, an Entrez id (only if `entrez`), or, where it
        never was a symbol, an alias: aliases of one gene are symbols of others too often.
    """
    table = gene_table()
    if (of_id := symbols_of_id(name, entrez)) is not None:
        return of_id
    official = (name,) if name in table.rows else ()
    before, aliases = table.previous.get(name, ""), table.aliases.get(name, "")
    return (*official, *_several(before)) or _several(aliases)


def symbols_of_id(name: str, entrez: bool) -> tuple[str, ...] | None:
    """Return the approved symbols of an id; None where the name is no id."""
    if ensembl := _ENSEMBL.fullmatch(name):
        # the copy on Y would get the symbol of that on X
        known = "" if ensembl[3] else gene_table().ensembl.get(ensembl[1].upper(), "")
        return _several(known)
    if entrez and name.isascii() and name.isdigit():
        return _several(gene_table().entrez.get(name, ""))
    return None


def searched(text: str) -> dict[str, str]:
    """Return the approved symbols of genes that have just this name, in whatever case, and how.

    Parameters
    ----------
    text : str
        What was typed.

    Returns
    -------
    dict of str to str
        ``{"GABRA1": "Entrez id"}``, or "Ensembl id", "symbol", "previous symbol", "alias".
    """
    if (of_id := symbols_of_id(text, entrez=True)) is not None:
        return dict.fromkeys(of_id, "Entrez id" if text.isdigit() else "Ensembl id")
    table = gene_table()
    capitals = text.upper()
    names = sorted({text, capitals, *_several(_mixed_case().get(capitals, ""))})
    found = {name: "symbol" for name in names if name in table.rows}
    for column, how in (table.previous, "previous symbol"), (table.aliases, "alias"):
        for name in names:
            for symbol in _several(column.get(name, "")):
                found.setdefault(symbol, how)
    return found


@cache
def _mixed_case() -> dict[str, str]:
    """Return the symbols and aliases that have small letters, by their capitals."""
    table = gene_table()
    found: dict[str, str] = {}
    for names in (table.rows, table.previous, table.aliases):
        for name in names:
            if name != (capitals := name.upper()):
                _add(found, capitals, name)
    return found


def described(gene: str) -> str:
    """Return the other names of a gene in a few lines, empty where it is not known for sure."""
    symbols = meanings(gene)
    if len(symbols) != 1:
        return ""
    entrez, ensembl, previous, aliases = gene_table().row(symbols[0])
    lines = (
        ("Now", symbols[0] if symbols[0] != gene else ""),
        ("Entrez", entrez),
        ("Ensembl", ensembl),
        ("Before", previous),
        ("Also", aliases),
    )
    return "\n".join(f"{what}: {names.replace('|', ', ')}" for what, names in lines if names)
