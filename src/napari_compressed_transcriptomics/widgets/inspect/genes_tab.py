"""Tab Genes: which genes a compression gives back badly, and where in the brain."""

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import why_elsewhere
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.background import GeneReading
from napari_compressed_transcriptomics.widgets.shared.fields import push_button, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.following import soon
from napari_compressed_transcriptomics.widgets.shared.gene_table import GeneTable
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, row, stack
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice

from .gene_maps import comparison

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


class GenesTab(Tab):
    """A table of all genes; the one chosen is compared with its reconstruction in the viewer."""

    def __init__(self, viewer: Any, results: ResultChoice):
        super().__init__(viewer, results)
        self._comparison = comparison(viewer)
        self.genes = GeneTable("Run Compress first.")
        self.hint = wrapping_label()
        self.back = push_button(
            "&Back to other layers", "Hide the comparison and show what was shown before."
        )
        self.save = push_button("Save &table…", "All genes with their numbers, as CSV.")
        stack(self, self.genes, self.hint, row(self.back, self.save), margins=4)

        # Drawn when all keys pressed so far are dealt with: a key held down must not lag.
        self._reading = GeneReading(self, viewer)
        self._soon, self._later = soon(self, self._show), soon(self, self._follow)
        self.genes.chosen.connect(self._soon.start)
        self.genes.table.clicked.connect(self._soon.start)  # after Back, the same gene again
        self.genes.table.activated.connect(self._soon.start)
        results.changed.connect(self._fill)
        self.back.clicked.connect(self._comparison.end)
        self.save.clicked.connect(self._save)
        self._comparison.changed.connect(self._refresh)
        self._fill()
        self.genes.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)  # worst first

    def _fill(self) -> None:
        result = self._chosen.result
        if result is None:
            self.genes.set_genes((), {})
        else:
            self.genes.set_genes(result.expression.genes, result.gene_table)
        # A new result ends a comparison, a chosen one takes it over: which is known then.
        self._later.start()
        self._refresh()

    def _follow(self) -> None:
        if self._comparison.active:
            self._show()

    def _show(self) -> None:
        result, gene = self._chosen.result, self.genes.gene
        if result is not None and gene:
            self._reading.show(result.expression, gene, partial(self._compare, result, gene))

    def _compare(self, result: "Reconstruction", gene: str) -> None:
        self._comparison.show(result, gene)
        self._refresh()

    def _refresh(self) -> None:
        result, gene = self._chosen.result, self.genes.gene
        self.back.setEnabled(self._comparison.active)
        self.save.setEnabled(result is not None)
        hint = ""
        if result is not None and gene in result.expression.filled:
            hint = f"The data lack {gene}: its original is its mean in training."
        elif self._comparison.active:
            assert result is not None
            hint = why_elsewhere(result.expression) or (
                "Red: the reconstruction is above the original; blue: below."
            )
        elif result is not None:
            hint = "Choose a gene to see it beside its reconstruction and their difference."
            if not result.has_originals:
                hint = "Choose a gene to see its reconstruction."
            hint += f" Errors are {IN_SAMPLE}." if result.in_sample else ""
        self.hint.setText(hint)

    def _save(self) -> None:
        from napari_compressed_transcriptomics.io.writers.results import write_gene_error_csv

        result = self._chosen.result
        path, _ = QFileDialog.getSaveFileName(
            self, "Save table of genes", "gene_error.csv", "Tables (*.csv)"
        )
        if path and result is not None:
            with user_errors_shown():
                write_gene_error_csv(path, result)
                self.hint.setText(f"Saved {path}")
