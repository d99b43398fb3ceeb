"""Dock widget Choose gene: search as you type, and the layer shows that gene."""

from functools import partial
from typing import Any

from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.layer_content import shown

from .shared.background import GeneReading
from .shared.dock import Dock
from .shared.gene_table import GeneTable
from .shared.layer_choice import LayerChoice
from .shared.layouts import form


class ChooseGene(Dock):
    """Choose which gene an expression (or reconstruction) layer shows."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.layer = LayerChoice(napari_viewer, kinds=("expression", "gene"), only=True)
        self.genes = GeneTable("Open an expression volume, table or .h5ad first.")
        self.lay_out(form(("Layer", self.layer)), (self.genes, 1))
        self._reading = GeneReading(self, napari_viewer)
        self.layer.changed.connect(self._fill)
        self.genes.chosen.connect(self._show)
        self.genes.table.clicked.connect(self._show)  # after a failure, the same gene again
        self.genes.table.activated.connect(self._show)
        self._fill()

    def _fill(self) -> None:
        what = shown(self.layer.layer) if self.layer.layer is not None else None
        genes = what.expression.genes if what and what.expression else ()
        if genes != self.genes.model.genes:
            self.genes.set_genes(genes, {})

    def _show(self) -> None:
        layer, gene = self.layer.layer, self.genes.gene
        what = shown(layer) if layer is not None else None
        if gene and what is not None and what.expression is not None and what.gene != gene:
            self._reading.show(what.expression, gene, partial(layers.show_gene, layer, gene))
