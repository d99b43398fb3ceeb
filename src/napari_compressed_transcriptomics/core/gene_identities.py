"""What genes are called: symbols of HGNC, previous ones and aliases, Entrez and Ensembl ids.

The table, `gene_identities.tsv.gz`, is made by ``scripts/make_gene_identities.py``. Nothing is
guessed: what may mean two genes is told as ambiguous.
"""

import gzip
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from .errors import listing

Kind = Literal["symbols", "entrez", "ensembl", "numbers"]

KINDS = {"entrez": "Entrez ids", "ensembl": "Ensembl ids", "numbers": "numbers"}
"""How messages call what genes are named by."""

_TABLE = Path(__file__).with_name("gene_identities.tsv.gz")
_ENSEMBL = re.compile(r"(ENSG\d{11})(\.\d+)?(_PAR_Y)?", re.IGNORECASE)
_NEARLY_ALL = 0.9
"""Part of names that must be ids. Of the whole numbers up to 10,000, 75 % are Entrez ids."""


@dataclass(frozen=True)
class Identities:
    """The table by each of its columns.

    Attributes
    ----------
    date : str
        Of the download from HGNC.
    cells : dict of str to tuple of str
        Approved symbol to Entrez id, Ensembl id, previous symbols and aliases, as in the table:
        several are separated by ``|``, none is an empty string.
    entrez, ensembl, previous, aliases : dict of str to tuple of str
        Name to the approved symbols of the genes that have it.
    """

    date: str
    cells: dict[str, tuple[str, str, str, str]]
    entrez: dict[str, tuple[str, ...]]
    ensembl: dict[str, tuple[str, ...]]
    previous: dict[str, tuple[str, ...]]
    aliases: dict[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """How messages and records call the table."""
        return f"HGNC's table of {self.date}"


@cache
def gene_table() -> Identities:
    """Read the table, once."""
    first, *lines = gzip.decompress(_TABLE.read_bytes()).decode().splitlines()
    symbols, *columns = zip(*(line.split("\t") for line in lines[2:]), strict=True)
    date = re.sub(r".*genenames.org, | \(up to.*", "", first)
    cells = dict(zip(symbols, zip(*columns, strict=True), strict=True))
    return Identities(date, cells, *(_by_name(symbols, column) for column in columns))


def _by_name(symbols: Sequence[str], cells: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the symbols of the genes that have each of the names in their cell."""
    # tuples, which the garbage collector passes over: half the time
    found: dict[str, tuple[str, ...]] = {}
    for symbol, cell in zip(symbols, cells, strict=True):
        if cell:
            for name in cell.split("|"):
                found[name] = (*found[name], symbol) if name in found else (symbol,)
    return found


def kind_of(names: Sequence[str]) -> Kind:
    """Tell what nearly all of these names are.

    ``"entrez"`` are whole numbers that HGNC knows and that do not merely count; other whole
    numbers are ``"numbers"``. Ensembl ids may have a version.
    """
    numbers = _whole(names)
    if names and len(numbers) >= _NEARLY_ALL * len(names):
        known = 0 if _count(numbers) else _n_known(numbers)
        return "entrez" if known >= _NEARLY_ALL * len(numbers) else "numbers"
    n_ensembl = sum(bool(_ENSEMBL.fullmatch(name)) for name in names)
    return "ensembl" if names and n_ensembl >= _NEARLY_ALL * len(names) else "symbols"


def _whole(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.isascii() and name.isdigit() and len(name) < 10]


def _count(numbers: list[str]) -> bool:
    """Tell whether numbers count columns: equal steps from 0, from 1 or from the first step."""
    found = sorted(map(int, numbers))
    steps = {b - a for a, b in pairwise(found)}
    return len(steps) < 2 and found[0] in {0, 1} | steps


def _n_known(numbers: list[str]) -> int:
    return sum(number in gene_table().entrez for number in numbers)


def meanings(name: str, entrez: bool = False) -> tuple[str, ...]:
    """Return the approved symbols of all genes that a name may mean.

    Parameters
    ----------
    name : str
        A symbol, a previous one, an Ensembl id, an Entrez id (only if `entrez`), or, where it
        never was a symbol, an alias: aliases of one gene are symbols of others too often.
    """
    table = gene_table()
    if (of_id := _of_id(name, entrez)) is not None:
        return of_id
    official = (name,) if name in table.cells else ()
    return (*official, *table.previous.get(name, ())) or table.aliases.get(name, ())


def _of_id(name: str, entrez: bool) -> tuple[str, ...] | None:
    """Return the approved symbols of an id; None where the name is no id."""
    if ensembl := _ENSEMBL.fullmatch(name):
        # the copy on Y would get the symbol of that on X
        return () if ensembl[3] else gene_table().ensembl.get(ensembl[1].upper(), ())
    if entrez and name.isascii() and name.isdigit():
        return gene_table().entrez.get(name, ())
    return None


@dataclass(frozen=True)
class Translation:
    """Genes by their approved symbols, where they were named by ids.

    Attributes
    ----------
    genes : tuple of str
        In the order of `original`.
    original : tuple of str
    kind : str
        What `original` are: a `Kind`. Ensembl ids are translated among symbols, too.
    n_ids : int
        How many ids there are.
    unknown : tuple of str
        Ids that HGNC does not know; they stay as they are.
    ambiguous : dict of str to tuple of str
        Ids that stay as they are, and the symbols that they could have got: there are several,
        or another gene would have the same.
    """

    genes: tuple[str, ...]
    original: tuple[str, ...]
    kind: Kind
    n_ids: int
    unknown: tuple[str, ...]
    ambiguous: dict[str, tuple[str, ...]]

    @property
    def n_translated(self) -> int:
        """How many genes got another name."""
        return self.n_ids - len(self.unknown) - len(self.ambiguous)

    def notes(self, file: str) -> list[str]:
        """Return what the user should know of the genes of a file, one sentence each."""
        if self.kind == "numbers" and not _count(numbers := _whole(self.original)):
            return [
                f"{file} names its genes by numbers of which {_n_known(numbers)} of "
                f"{len(self.original)} are Entrez ids in {gene_table().name}, too few to be taken "
                "for such: they stay as they are"
            ]
        if not self.n_ids:
            return []
        table, notes = gene_table().name, []
        ids = KINDS["entrez" if self.kind == "entrez" else "ensembl"]
        if self.n_translated:
            notes.append(
                f"{self.n_translated} gene(s) of {file} are named by {ids} and shown by their "
                f"symbols in {table}"
            )
        if self.unknown:
            notes.append(
                f"{len(self.unknown)} of the {ids} of {file} are not in {table} "
                f"({listing(self.unknown)}) and stay as they are"
            )
        if self.ambiguous:
            told = (f"{one}: {' or '.join(symbols)}" for one, symbols in self.ambiguous.items())
            notes.append(
                f"{len(self.ambiguous)} of the {ids} of {file} stay as they are, since two would "
                f"get one symbol or one has two ({listing(told)})"
            )
        return notes

    def record(self) -> dict[str, Any]:
        """Return what is recorded of a translation, JSON-safe; empty where there was none.

        Of each symbol the table gives back its id, and ``sha256`` (of the original names, a
        line feed after each) tells whether all were found: a list of 18,686 ids would weigh
        more than all else in a sidecar.
        """
        if not self.n_ids:
            return {}
        digest = hashlib.sha256("".join(f"{name}\n" for name in self.original).encode())
        return {
            "kind": "entrez" if self.kind == "entrez" else "ensembl",
            "table": gene_table().name,
            "translated": self.n_translated,
            "unknown": len(self.unknown),
            "ambiguous": len(self.ambiguous),
            "sha256": digest.hexdigest(),
        }


def translated(names: Iterable[str]) -> Translation:
    """Give genes that are named by ids their approved symbols.

    Entrez ids are translated where nearly all names are such, Ensembl ids wherever they stand.
    Symbols stay as they are, also where they were changed since: models may use the old ones.
    """
    names = tuple(names)
    kind = kind_of(names)
    of_id = {name: _of_id(name, kind == "entrez") for name in names}
    ids = {name: symbols for name, symbols in of_id.items() if symbols is not None}
    claimed = Counter(symbol for name in names for symbol in ids.get(name, (name,)))
    ambiguous = {
        name: symbols
        for name, symbols in ids.items()
        if len(symbols) > 1 or any(claimed[symbol] > 1 for symbol in symbols)
    }
    new = {name: s[0] for name, s in ids.items() if s and name not in ambiguous}
    return Translation(
        genes=tuple(new.get(name, name) for name in names),
        original=names,
        kind=kind,
        n_ids=len(ids),
        unknown=tuple(name for name, symbols in ids.items() if not symbols),
        ambiguous=ambiguous,
    )


def counterparts(
    wanted: Sequence[str], present: Sequence[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Find genes that are present under another name: a symbol of before or since, an alias, an id.

    Parameters
    ----------
    wanted, present : sequence of str
        Unique names; those that are in both are left alone.

    Returns
    -------
    found : dict of str to str
        Wanted name to the present one that means the same gene and no other.
    ambiguous : dict of str to list of str
        Wanted name to those that may mean it: several, one that may mean another gene, or one
        that another wanted name may mean.
    """
    meant_by, missing = _meanings_among(wanted), set(wanted) - set(present)
    claims = Counter(symbol for name in wanted for symbol in meant_by(name))
    may_mean = defaultdict(list)
    spare_meanings, spare = _meanings_among(present), set(present) - set(wanted)
    for name in filter(spare.__contains__, present):
        for symbol in spare_meanings(name):
            may_mean[symbol].append(name)
    found, ambiguous = {}, {}
    for name in filter(missing.__contains__, wanted):
        symbols = meant_by(name)
        there = list(dict.fromkeys(one for symbol in symbols for one in may_mean[symbol]))
        if not there:
            continue
        sure = len(symbols) == len(there) == claims[symbols[0]] == len(spare_meanings(there[0]))
        if sure:
            found[name] = there[0]
        else:
            ambiguous[name] = there
    return found, ambiguous


def _meanings_among(names: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Return `meanings`, for names of the kind that these are."""
    entrez = kind_of(names) == "entrez"
    return lambda name: meanings(name, entrez)


def contradictions(ids: Sequence[str], symbols: Sequence[str]) -> list[str]:
    """Return, as ``id: symbol``, where a symbol is known as that of another gene than its id."""
    of_id = _meanings_among(ids)
    return [
        f"{one}: {symbol}"
        for one, symbol in zip(ids, symbols, strict=True)
        if (known := of_id(one)) and (other := meanings(symbol)) and not {*known} & {*other}
    ]


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
    if (of_id := _of_id(text, entrez=True)) is not None:
        return dict.fromkeys(of_id, "Entrez id" if text.isdigit() else "Ensembl id")
    table = gene_table()
    names = sorted({text, text.upper(), *_mixed_case().get(text.upper(), ())})
    found = {name: "symbol" for name in names if name in table.cells}
    for column, how in (table.previous, "previous symbol"), (table.aliases, "alias"):
        for name in names:
            found |= {symbol: how for symbol in column.get(name, ()) if symbol not in found}
    return found


@cache
def _mixed_case() -> dict[str, tuple[str, ...]]:
    """Return the symbols and aliases that have small letters, by what they are without."""
    table = gene_table()
    names = sorted({*table.cells, *table.previous, *table.aliases})
    return _by_name(names, [upper if (upper := n.upper()) != n else "" for n in names])


def described(gene: str) -> str:
    """Return the other names of a gene in a few lines, empty where it is not known for sure."""
    symbols = meanings(gene)
    if len(symbols) != 1:
        return ""
    entrez, ensembl, previous, aliases = gene_table().cells[symbols[0]]
    lines = (
        ("Now", symbols[0] if symbols[0] != gene else ""),
        ("Entrez", entrez),
        ("Ensembl", ensembl),
        ("Before", previous),
        ("Also", aliases),
    )
    return "\n".join(f"{what}: {names.replace('|', ', ')}" for what, names in lines if names)
