"""Genes that files name by Entrez or Ensembl ids get their symbols; which did not is said."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from napari_compressed_transcriptomics.core.errors import listing

from .hgnc import KINDS, Kind, gene_table, kind_of, n_entrez, symbols_of_id


@dataclass(frozen=True)
class Translation:
    """Genes by their approved symbols, where they were named by ids."""

    genes: tuple[str, ...]
    """In the order of `original`."""
    original: tuple[str, ...]
    kind: Kind
    """What `original` are: a `Kind`. Ensembl ids are translated among symbols, too."""
    n_ids: int
    """How many ids there are."""
    unknown: tuple[str, ...]
    """Ids that HGNC does not know; they stay as they are."""
    ambiguous: dict[str, tuple[str, ...]]
    """Ids that stay as they are, and the symbols that they could have got: there are several, or
    another gene would have the same."""
    twice: tuple[str, ...] = ()
    """Numbers among symbols that are the Entrez id of a gene that is there by its symbol, too."""

    @property
    def n_translated(self) -> int:
        """How many genes got another name."""
        return self.n_ids - len(self.unknown) - len(self.ambiguous)

    def notes(self, file: str) -> list[str]:
        """Return what the user should know of the genes of a file, one sentence each."""
        if self.kind == "numbers" and (known := n_entrez(self.original)):
            return [
                f"{file} names its genes by numbers of which {known} of {len(self.original)} are "
                f"Entrez ids in {gene_table().name}, too few to be taken for such: they stay as "
                "they are"
            ]
        table, notes = gene_table().name, []
        if self.twice:
            notes.append(
                f"{len(self.twice)} gene(s) of {file} may be there twice, by symbol and by Entrez "
                f"id ({listing(self.twice)}); if so, take one of each out"
            )
        if not self.n_ids:
            return notes
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
    of_id = {name: symbols_of_id(name, kind == "entrez") for name in names}
    ids = {name: symbols for name, symbols in of_id.items() if symbols is not None}
    claimed = Counter(symbol for name in names for symbol in ids.get(name, (name,)))
    ambiguous = {
        name: symbols
        for name, symbols in ids.items()
        if len(symbols) > 1 or any(claimed[symbol] > 1 for symbol in symbols)
    }
    new = {name: s[0] for name, s in ids.items() if s and name not in ambiguous}
    genes = tuple(new.get(name, name) for name in names)
    return Translation(
        genes=genes,
        original=names,
        kind=kind,
        n_ids=len(ids),
        unknown=tuple(name for name, symbols in ids.items() if not symbols),
        ambiguous=ambiguous,
        twice=() if kind in ("entrez", "numbers") else _twice(genes),
    )


def _twice(genes: tuple[str, ...]) -> tuple[str, ...]:
    known, found = set(genes), []
    for name in genes:
        if name.isdecimal():
            symbols = symbols_of_id(name, entrez=True) or ()
            found += [f"{name} is {symbol}" for symbol in symbols if symbol in known]
    return tuple(found)
