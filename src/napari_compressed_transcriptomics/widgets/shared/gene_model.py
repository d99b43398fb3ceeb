"""Genes (or regions) and their numbers as rows of a Qt model: sorted by numpy, so at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

from napari_compressed_transcriptomics.core.genes.hgnc import described, meanings, searched
from napari_compressed_transcriptomics.core.regions import short_name


@dataclass(frozen=True)
class Column:
    """How a number of each gene is shown."""

    title: str
    meaning: str
    """`title`, `meaning`: in the header, and its tooltip."""
    greatest_first: bool = True
    """What the first click on the header does."""


COLUMNS = {
    "rmse": Column("RMSE", "Root of the mean squared error over the samples, in units of the data"),
    "held_out_rmse": Column(
        "Held-out", "RMSE of each sample while it was not seen in fitting, in units of the data"
    ),
    "r2": Column(
        "R²",
        "1 - squared error / squared differences from the gene's mean: "
        "1 is perfect, 0 is no better than the mean",
        greatest_first=False,
    ),
    "mean": Column("Mean", "Mean of the original values over the samples"),
    "sd": Column("SD", "Standard deviation of the original values over the samples"),
    "effect": Column(
        "Change/SD",
        "Mean change of the gene, in units of the data, when the component rises by its standard "
        "deviation over the samples",
    ),
    "size": Column("Size", "The change without its sign"),
    "n_samples": Column("Samples", "Samples that lie in the region"),
    "rmse_a": Column("A", "RMSE of result A, in units of the data"),
    "rmse_b": Column("B", "RMSE of result B, in units of the data"),
    "difference": Column(
        "B − A", "RMSE of B less that of A: below 0 B is better", greatest_first=False
    ),
}
"""By the names of `Reconstruction.gene_table`, of `ComponentGenes.gene_table`, and of the tables
of `TwoResults`."""

_ASCENDING, _DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


class GeneModel(QAbstractTableModel):
    """Rows of genes: the symbol, then its numbers, if any; NaN is last however it is sorted.

    Genes are found by a part of their symbol, or by another name of theirs in full.

    Parameters
    ----------
    thing, called : str
        What is in a row, and what its first column holds, where these are no genes.

    Attributes
    ----------
    genes : tuple of str
        All, in the order in which they came.
    otherwise : dict of str to str
        Those that were found by another name than their symbol here, and what it is:
        ``{"GABRA1": "Entrez id"}``.
    """

    def __init__(self, thing: str = "gene", called: str = "gene symbol") -> None:
        super().__init__()
        self._are_genes = thing == "gene"
        self._first = Column(thing.capitalize(), called.capitalize(), greatest_first=False)
        self.genes: tuple[str, ...] = ()
        self.otherwise: dict[str, str] = {}
        self._meaning: dict[str, list[int]] = {}
        self._numbers: list[np.ndarray] = []
        self._columns: list[Column] = []
        self._decimals: list[int] = []
        self._symbols = np.zeros(0, str)
        self._text = ""
        self._sorted_by = (0, _ASCENDING)
        self._rows = np.zeros(0, int)

    def set_genes(self, genes: Sequence[str], numbers: Mapping[str, np.ndarray]) -> None:
        """Show other genes; `numbers` is a `Reconstruction.gene_table`, or empty."""
        self.genes = tuple(genes)
        self._symbols = np.array([gene.casefold() for gene in genes], str)
        self._numbers = list(numbers.values())
        self._columns = [COLUMNS[name] for name in numbers]
        self._decimals = [decimals(values) for values in self._numbers]
        self._meaning = {}
        self.narrow(self._text)

    def narrow(self, text: str) -> None:
        """Show only genes with this in their symbol, or for another name, in whatever case."""
        self._text = text.strip().casefold()
        self.otherwise = self._named_otherwise() if self._are_genes else {}
        self._arrange()

    def _named_otherwise(self) -> dict[str, str]:
        """Return the genes here of which the text is another name; see `otherwise`."""
        names = searched(self._text) if self.genes and len(self._text) > 1 else {}
        if names and not self._meaning:
            for row, gene in enumerate(self.genes):
                for symbol in meanings(gene):
                    self._meaning.setdefault(symbol, []).append(row)
        return {
            self.genes[row]: how
            for symbol, how in names.items()
            for row in self._meaning.get(symbol, ())
            if self._text not in self._symbols[row]
        }

    def sort(self, column: int, order: Qt.SortOrder = _ASCENDING) -> None:
        """Sort by a column; a negative one leaves the genes as they come."""
        self._sorted_by = (column, order)
        self._arrange()

    def gene(self, row: int) -> str:
        """Return the symbol in a row."""
        return self.genes[self._rows[row]]

    def row(self, gene: str) -> int:
        """Return the row of a gene, or -1 if it is not shown."""
        return next((row for row, i in enumerate(self._rows) if self.genes[i] == gene), -1)

    def first(self) -> str:
        """Return the gene that is searched for, else the first row's, else an empty string."""
        found = np.flatnonzero(self._symbols[self._rows] == self._text)
        if not len(found) and self.otherwise:
            return next(iter(self.otherwise))
        row = int(found[0]) if len(found) else 0
        return self.gene(row) if len(self._rows) else ""

    def longest(self, column: int) -> str:
        """Return the longest number of a column, as text."""
        numbers = self._numbers[column - 1]
        numbers = numbers[np.isfinite(numbers)]
        ends = [numbers.min(), numbers.max()] if len(numbers) else [0.0]
        return max((f"{end:.{self._decimals[column - 1]}f}" for end in ends), key=len)

    def _arrange(self) -> None:
        self.beginResetModel()
        column, order = self._sorted_by
        descending = order == _DESCENDING
        if 0 < column <= len(self._numbers):
            numbers = self._numbers[column - 1]
            rows = np.argsort(-numbers if descending else numbers, kind="stable")
        elif column == 0:
            rows = np.argsort(self._symbols, kind="stable")[:: -1 if descending else 1]
        else:
            rows = np.arange(len(self.genes))
        self._rows = rows[self._found()[rows]]
        self.endResetModel()

    def _found(self) -> np.ndarray:
        """Return which genes are searched for, shape (n_genes,), bool."""
        found = np.strings.find(self._symbols, self._text) >= 0
        return found | [gene in self.otherwise for gene in self.genes] if self.otherwise else found

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the genes shown."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count the symbol and its numbers."""
        return 0 if parent is not None and parent.isValid() else 1 + len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, or how it is aligned."""
        column = index.column() - 1
        # the tooltip tells a name that is cut short
        if role == Qt.ItemDataRole.DisplayRole and column < 0:
            return short_name(self.gene(index.row()))
        if role == Qt.ItemDataRole.ToolTipRole and column < 0:
            return self._tooltip(self.gene(index.row()))
        if role == Qt.ItemDataRole.DisplayRole:
            number = self._numbers[column][self._rows[index.row()]]
            return "–" if np.isnan(number) else f"{number:.{self._decimals[column]}f}"
        if role == Qt.ItemDataRole.TextAlignmentRole and column >= 0:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _tooltip(self, gene: str) -> str:
        """Return a gene in full, and its other names."""
        return "\n".join(filter(None, (gene, described(gene) if self._are_genes else "")))

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title, tooltip or first order."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self._columns[section - 1] if section > 0 else self._first
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.meaning}.\nCtrl+{section + 1} or a click sorts by it."
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            return _DESCENDING if column.greatest_first else _ASCENDING
        return None


def decimals(numbers: np.ndarray) -> int:
    """Return how many decimals tell numbers apart: three digits of those in the middle."""
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    if np.issubdtype(numbers.dtype, np.integer):
        return 0
    return int(np.clip(2 - np.floor(np.log10(np.median(sizes))), 0, 6)) if len(sizes) else 0
