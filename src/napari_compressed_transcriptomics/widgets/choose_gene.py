"""Dock widget Choose gene: search as you type, and the layer shows that gene."""

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QSortFilterProxyModel, QStringListModel, Qt
from qtpy.QtWidgets import QFormLayout, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from napari_compressed_transcriptomics import _layers, _viewer
from napari_compressed_transcriptomics._shown import shown

from .layer_choice import LayerChoice

if TYPE_CHECKING:
    import napari


class ChooseGene(QWidget):
    """Choose which gene an expression (or reconstruction) layer shows.

    Typing narrows the list, the arrow keys walk through it, Enter takes its first row.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: "napari.Viewer"):
        super().__init__()
        _viewer.attach(napari_viewer)
        self.layer = LayerChoice(napari_viewer, kinds=("expression", "gene"), only=True)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Gene symbol")
        self.search.setClearButtonEnabled(True)
        self._genes = QStringListModel(self)
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(self._genes)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.list = QListView()
        self.list.setModel(self._found)
        self.list.setUniformItemSizes(True)
        self.list.setMinimumHeight(160)
        self.count = QLabel()

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Layer", self.layer)
        form.addRow("Search", self.search)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.list)
        layout.addWidget(self.count)

        self.layer.changed.connect(self._fill)
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._take_first)
        selection = self.list.selectionModel()
        assert selection is not None
        selection.currentChanged.connect(self._show)
        self._fill()

    def _fill(self) -> None:
        what = shown(self.layer.layer) if self.layer.layer is not None else None
        genes = list(what.expression.genes) if what and what.expression else []
        if genes != self._genes.stringList():
            self._genes.setStringList(genes)
        self._narrow(self.search.text())

    def _narrow(self, text: str) -> None:
        self._found.setFilterFixedString(text.strip())
        found, all_genes = self._found.rowCount(), self._genes.rowCount()
        if not all_genes:
            self.count.setText("Open an expression volume, table or .h5ad first.")
        else:
            self.count.setText(f"{found:,} of {all_genes:,} genes")

    def _take_first(self) -> None:
        """Show the gene typed, or the first of the list where it is only a part of one."""
        text = self.search.text().strip().lower()
        rows = [self._found.index(row, 0) for row in range(self._found.rowCount())]
        exact = [row for row in rows if row.data().lower() == text]
        for index in (exact or rows)[:1]:
            self.list.setCurrentIndex(index)

    def _show(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        layer = self.layer.layer
        if index.isValid() and layer is not None:
            _layers.show_gene(layer, index.data())
