"""Dock widget Compare two results: where, and for which genes, which of them errs less."""

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.reconstruction.difference import TwoResults, compare_results
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

from .back import back
from .compare_with_pca import CompareWithPca
from .shared.background import GeneReading
from .shared.dock import Dock, open_dock
from .shared.fields import push_button, wrapping_label
from .shared.following import soon
from .shared.gene_table import GeneTable
from .shared.layouts import form, row, stack, tabs
from .shared.region_choice import RegionChoice
from .shared.result_choice import ResultChoice
from .shared.session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_NOTHING = {name: np.zeros(0) for name in ("rmse_a", "rmse_b", "difference")}


class CompareResults(Dock):
    """Shows the difference of the errors of two results on the same data.

    A newly made result becomes B; A stays.
    """

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._session = session(napari_viewer)
        self._reading = GeneReading(self, napari_viewer)
        self._two: TwoResults | None = None
        self._regions: Regions | None = None

        self.first = ResultChoice(napari_viewer, follows=False)
        self.second = ResultChoice(napari_viewer)
        self.with_pca = CompareWithPca(napari_viewer)
        self.held_out = push_button(
            "Compare on &held-out samples…", "Go to Compare methods, which holds samples out"
        )
        self.summary = wrapping_label()
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_layer = push_button(
            "Show &difference",
            "A layer of the RMSE of B less that of A: blue where B is better, red where A is.",
        )
        self.save = push_button(
            "&Save table…", "The visible table as CSV, one row per region or gene"
        )
        self.choice = RegionChoice(napari_viewer)
        self.by_region = GeneTable("", "region", "region name")
        self.by_region.table.setToolTip(
            "A click, or the arrow keys: go to the sample of the region where the two differ most"
        )
        self.by_gene = GeneTable("")
        self.by_gene.table.setToolTip("A click, or the arrow keys: the expression layer shows it")
        self._arrange()

        # painting a label layer tells of every stroke
        self._soon = soon(self, self._show_regions, 50)
        for results in (self.first, self.second):
            results.changed.connect(self._compare)
        self.choice.changed.connect(self._soon.start)
        self.by_region.chosen.connect(self._go_to)
        self.by_gene.chosen.connect(self._show_gene)
        self.show_layer.clicked.connect(self._add_layer)
        self.with_pca.compressed.connect(self._show_with_pca)
        self.held_out.clicked.connect(lambda: open_dock(self._viewer, "Compare methods"))
        self.save.clicked.connect(self._save)
        self._compare()

    def _arrange(self) -> None:
        regions, genes = QWidget(), QWidget()
        stack(regions, form(("&Regions", self.choice)), (self.by_region, 1))
        stack(genes, self.by_gene)
        self.tabs = tabs({"By region": regions, "By gene": genes})
        for table in (self.by_region, self.by_gene):
            table.set_genes((), _NOTHING)
            table.table.sortByColumn(3, Qt.SortOrder.AscendingOrder)  # where B is better first
        results = form(("&A", self.first), ("&B", self.second))
        buttons = row(self.show_layer, self.save)
        self.lay_out(self.with_pca, results, self.summary, self.held_out, (self.tabs, 1), buttons)

    def _compare(self) -> None:
        """Compare the two that are chosen, or say why they cannot be."""
        a, b, self._two, words = self.first.result, self.second.result, None, ""
        if a is None or b is None:
            words = "Run Compress twice on the same data: the errors of both are compared here."
        else:
            try:
                self._two = compare_results(a, b)
                words = "\n".join(self._two.lines)
            except UserError as error:
                words = f"{error}."
        self.summary.setText(words)
        self.held_out.setVisible(self._two is not None and bool(self._two.caution))
        for button in (self.show_layer, self.save):
            button.setEnabled(self._two is not None)
        if self._two is None:
            self.by_gene.set_genes((), _NOTHING)
        else:
            self.by_gene.set_genes(self._two.genes, self._two.gene_table)
        self._show_regions()

    def _show_regions(self) -> None:
        self._regions, why = None, ""
        if self._two is not None:
            try:
                self._regions = self.choice.regions(self.first.result)
                why = "Open or draw a Labels layer (an atlas) to compare by region."
            except UserError as error:
                why = f"{error}."
        self.by_region.nothing = why
        if self._two is None or self._regions is None:
            self.by_region.set_genes((), _NOTHING)
        else:
            table = self._two.region_table(self._regions)
            if (self._regions.counts == 1).all():  # rows of a region table
                del table["n_samples"]
            self.by_region.set_genes(self._regions.unique_names, table)

    def _go_to(self, name: str) -> None:
        """Go to the sample of a region where the two differ most."""
        two, regions = self._two, self._regions
        if two is None or regions is None or self.first.result is None:
            return
        region = regions.unique_names.index(name)
        inside = np.flatnonzero(regions.of_sample == region)
        most = inside[np.abs(two.difference[inside]).argmax()]
        self._session.look_at(self.first.result.expression.parcellation, int(most))

    def _show_gene(self, gene: str) -> None:
        """Switch the expression layers of this data to the gene."""
        if self.first.result is not None:
            self._reading.show_in_layers(self.first.result.expression.parcellation, gene)

    def _add_layer(self) -> None:
        """Add the layer of differences on top, in a cell of its own where there is a grid."""
        if self._two is not None and self.first.result is not None:
            data, attributes, _ = difference_layer(self.first.result, self._two)
            self._viewer.add_image(data, **attributes)

    def _show_with_pca(self, pca: "Reconstruction", result: "Reconstruction") -> None:
        """Show where PCA errs, where the other one does, and the difference."""
        self.first.choose(pca)
        self.second.choose(result)
        if self._two is None:
            return
        back(self._viewer).remember()
        with self._view.at_once():
            there = [_error_layer(self._viewer, one) for one in (pca, result)]
            self._add_layer()
            shown_now = [*there, self._viewer.layers[-1]]
            for layer in self._viewer.layers:
                layer.visible = layer in shown_now
            order = [self._viewer.layers.index(layer) for layer in shown_now]
            self._viewer.layers.move_multiple(order, len(self._viewer.layers))
            self._view.show_side_by_side((1, len(shown_now)))

    def _save(self) -> None:
        from napari_compressed_transcriptomics.io.writers.difference import write_difference_csv

        two, result = self._two, self.first.result
        if two is None or result is None:
            return
        by_gene = self.tabs.currentIndex() == 1
        with user_errors_shown():
            if not by_gene and self._regions is None:
                raise UserError("there are no regions to save; open a Labels layer (an atlas)")
            name = "gene_difference.csv" if by_gene else "region_difference.csv"
            path = QFileDialog.getSaveFileName(self, "Save table", name, "Tables (*.csv)")[0]
            if path:
                regions = None if by_gene else self._regions
                write_difference_csv(path, two, regions, result.expression.source)


def _error_layer(viewer: Any, result: "Reconstruction") -> Any:
    """Return the layer of a result's error, made where there is none."""
    for layer in viewer.layers:
        what = shown(layer)
        if what is not None and what.kind == "rmse" and what.reconstruction is result:
            return layer
    data, attributes, _ = layers.error_layer(result)
    return viewer.add_image(data, **attributes)


def difference_layer(result: "Reconstruction", two: TwoResults) -> layers.LayerData:
    """Show the RMSE of B less that of A of each sample, diverging about 0."""
    return layers.samples_layer(
        result.expression, two.difference, "error_difference", two.layer_name, center=0.0
    )
