"""A table of genes, or regions, that is searched as you type."""

from collections.abc import Mapping, Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QHeaderView, QLineEdit, QShortcut, QTableView, QWidget

from napari_compressed_transcriptomics.core.errors import listing

from .fields import plain_table, wrapping_label
from .gene_model import GeneModel
from .layouts import stack

_ARROW = 16
"""Pixels that the arrow takes which tells how a column is sorted."""


class GeneTable(QWidget):
    """Typing narrows the rows, Enter takes the first, the arrow keys walk through them.

    Parameters
    ----------
    nothing : str
        What to say while there are no genes.
    thing, called : str
        What is in a row, and what its first column holds, where these are no genes.

    Attributes
    ----------
    nothing : str
        As above.
    gene : str
        The gene chosen, or empty; `chosen` tells of another one.
    """

    chosen = Signal(str)

    def __init__(self, nothing: str, thing: str = "gene", called: str = "gene symbol"):
        super().__init__()
        self.nothing, self._thing = nothing, thing
        self.gene = ""
        self.search = QLineEdit()
        self.search.setPlaceholderText(f"Search a {called}")
        tip = "Enter takes the first row, Down goes to the table (Ctrl+F: here)."
        if thing == "gene":
            tip = f"A part of the symbol, or an id, previous symbol or alias in full.\n{tip}"
        self.search.setToolTip(tip)
        self.search.setClearButtonEnabled(True)
        self.model = GeneModel(thing, called)
        self.table = _view(self.model)
        self.count = wrapping_label()
        self.count.setAlignment(Qt.AlignmentFlag.AlignTop)
        stack(self, self.search, self.table, self.count, margins=0)

        self.search.textChanged.connect(self.model.narrow)
        self.search.returnPressed.connect(lambda: self.choose(self.model.first()))
        self.model.modelReset.connect(self._on_reset)
        selection = self.table.selectionModel()
        assert selection is not None
        self._selection = selection
        selection.selectionChanged.connect(self._on_selection)
        self._shortcut(Qt.Key.Key_Down, self._enter, self.search)
        self._shortcut(QKeySequence.StandardKey.Find, self.search.setFocus)
        for number in range(9):  # as many as there are such keys
            self._shortcut(f"Ctrl+{number + 1}", lambda number=number: self._sort(number))
        self._on_reset()

    def set_genes(self, genes: Sequence[str], numbers: Mapping[str, np.ndarray]) -> None:
        """Show other genes (see `GeneModel.set_genes`); the one chosen stays if it is there."""
        if self.gene not in genes:
            self.gene = ""
        self.model.set_genes(genes, numbers)
        self._fit_columns()

    def choose(self, gene: str) -> None:
        """Take a gene, if it is shown."""
        if (row := self.model.row(gene)) >= 0:
            self.table.setCurrentIndex(self.model.index(row, 0))

    def _fit_columns(self) -> None:
        """Give numbers as much as they need, symbols the rest, and the table room for both."""
        header, numbers = self.table.horizontalHeader(), self.model.columnCount() - 1
        assert header is not None
        header.setVisible(numbers > 0)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        advance = self.table.fontMetrics().horizontalAdvance
        width = advance("SYMBOL10") + 24
        for column in range(1, 1 + numbers):
            title = self.model.headerData(column, Qt.Orientation.Horizontal)
            number = max(advance("0.0000"), advance(self.model.longest(column)))
            header.resizeSection(column, max(number, advance(title) + _ARROW) + 10)
            width += header.sectionSize(column)
        self.table.setMinimumWidth(width)

    def _on_selection(self) -> None:
        # Not the current row: merely tabbing through the table changes that.
        gene = next((self.model.gene(i.row()) for i in self._selection.selectedRows()), "")
        if gene and gene != self.gene:
            self.gene = gene
            self.chosen.emit(gene)

    def _enter(self) -> None:
        """Go from the search to the table, to the gene chosen or else to the first."""
        self.table.setFocus()
        if not self._selection.hasSelection() and self.model.rowCount():
            self.table.selectRow(0)

    def _on_reset(self) -> None:
        shown, there = self.model.rowCount(), len(self.model.genes)
        words = f"{shown:,} of {there:,} {self._thing}s"
        if by := [f"{gene} by {how}" for gene, how in self.model.otherwise.items()]:
            words += f" ({listing(by, 1)})"
        self.count.setText(words if there else self.nothing)
        for part in (self.search, self.table):  # below an empty table words would be out of sight
            part.setHidden(bool(self.nothing) and not there)
        self.choose(self.gene)

    def _sort(self, column: int) -> None:
        """Sort by a column, the other way round the second time."""
        header = self.table.horizontalHeader()
        assert header is not None
        if column < self.model.columnCount():
            role = Qt.ItemDataRole.InitialSortOrderRole
            order = self.model.headerData(column, Qt.Orientation.Horizontal, role)
            if (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (column, order):
                order = Qt.SortOrder(1 - order.value)
            self.table.sortByColumn(column, order)

    def _shortcut(self, keys, do, where: QWidget | None = None) -> None:
        shortcut = QShortcut(QKeySequence(keys), where or self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(do)


def _view(model: GeneModel) -> QTableView:
    view = QTableView()
    view.setModel(model)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names of regions differ at their ends
    view.setMinimumHeight(160)
    header = plain_table(view, 0, Qt.SortOrder.AscendingOrder)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setMinimumSectionSize(30)
    return view
