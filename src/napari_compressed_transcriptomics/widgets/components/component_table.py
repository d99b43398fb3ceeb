"""Tab Genes: which genes follow a component, over all samples."""

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.reconstruction.components import component_genes
from napari_compressed_transcriptomics.repeat.command import Repeat, results_in
from napari_compressed_transcriptomics.repeat.compression import component_genes_again, request_of
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.background import GeneReading
from napari_compressed_transcriptomics.widgets.shared.fields import (
    component_box,
    push_button,
    wrapping_label,
)
from napari_compressed_transcriptomics.widgets.shared.gene_table import GeneTable
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, form, row, stack
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar
from napari_compressed_transcriptomics.widgets.shared.session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.components import ComponentGenes
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_NOTHING = {"effect": np.zeros(0), "size": np.zeros(0)}


class ComponentTable(Tab):
    """The decoder's derivative averaged over samples, gene by gene."""

    def __init__(self, viewer: Any, results: ResultChoice):
        super().__init__(viewer, results)
        self._result: Reconstruction | None = None
        self._genes: ComponentGenes | None = None
        self._reading = GeneReading(self, viewer)
        self.bar = RunBar("Genes of components", "Find &genes")
        self.component = component_box()
        self.table = GeneTable("Press Find genes.")
        self.table.set_genes((), _NOTHING)
        self.table.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)  # rises and falls
        self.basis = wrapping_label()
        self.save = push_button(
            "&Save table…",
            "All components as CSV, one row per gene, for enrichment tools",
            self._save,
        )
        self.save_ranking = push_button(
            "Save &ranking…",
            "The genes of this component from rise to fall as .rnk, for preranked enrichment "
            "(GSEA)",
            self._save_ranking,
        )
        component = form(("&Component", self.component))
        buttons = row(self.save, self.save_ranking)
        stack(self, self.bar, component, (self.table, 1), self.basis, buttons)
        results.changed.connect(self._on_result)
        self.bar.calls(self._start, self._on_found, again=self._again)
        self.component.valueChanged.connect(self._show)
        self.table.chosen.connect(self._show_gene)
        self._work = session(viewer).work
        self._on_result()

    def _on_result(self) -> None:
        self._genes = None
        if self.bar.job is not None:
            self.bar.job.cancel()
        result = self._chosen.result
        self.bar.allow("" if result is not None else "Run Compress first.")
        self.component.setMaximum(result.codec.latent_size if result is not None else 1)
        self._show()

    def _again(self) -> Repeat:
        result = self._chosen.result
        if result is None:
            raise UserError("Run Compress first.")
        request = request_of(result.expression, self._work.parameters_of(result))
        return component_genes_again(request, results_in(result.expression.name, "components"))

    def _start(self) -> None:
        result = self._result = self._chosen.result
        if result is not None:
            self.bar.start(lambda report: component_genes(result, report=report))

    def _on_found(self, genes: "ComponentGenes") -> None:
        if self._result is self._chosen.result:
            self._genes = genes
            self._show()

    def _show(self) -> None:
        genes = self._genes
        for button in (self.save, self.save_ranking):
            button.setEnabled(genes is not None)
        if genes is None:
            self.table.set_genes((), _NOTHING)
            self.basis.clear()
            return
        k = self.component.value() - 1
        self.table.set_genes(genes.genes, genes.gene_table(k))
        words = f"One SD is {genes.spread[k]:.4g}. {genes.basis}"
        if (error := genes.effect_error) is not None:
            words += f" Standard error at most {error[k].max():.2g}."
        self.basis.setText(words)

    def _show_gene(self, gene: str) -> None:
        """Switch the expression layers of this data to the gene."""
        result = self._chosen.result
        if result is not None:
            self._reading.show_in_layers(result.expression.parcellation, gene)

    def _save(self) -> None:
        from napari_compressed_transcriptomics.io.writers.component_genes import (
            write_component_genes_csv,
        )

        path = self._ask("component_genes.csv", "Tables (*.csv)")
        if path and self._genes is not None and self._result is not None:
            with user_errors_shown():
                write_component_genes_csv(path, self._genes, self._result)
                self.bar.status.setText(f"Saved {path}")

    def _save_ranking(self) -> None:
        from napari_compressed_transcriptomics.io.writers.component_genes import write_ranking

        component = self.component.value()
        path = self._ask(f"component_{component}.rnk", "Rankings (*.rnk)")
        if path and self._genes is not None and self._result is not None:
            with user_errors_shown():
                write_ranking(path, self._genes, component - 1, self._result)
                self.bar.status.setText(f"Saved {path}")

    def _ask(self, name: str, kinds: str) -> str:
        return QFileDialog.getSaveFileName(self, "Save genes of components", name, kinds)[0]
