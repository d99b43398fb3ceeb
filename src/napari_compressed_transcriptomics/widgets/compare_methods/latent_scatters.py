"""Window with scatter plots of methods' latents, a panel a method, coloured by a choice."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QDialog, QSizePolicy, QWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.method_scatters import latent_panels
from napari_compressed_transcriptomics.reconstruction.latent_space import Coloring, joined
from napari_compressed_transcriptomics.widgets.color_choice import GENE, ColorChoice
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.following import soon
from napari_compressed_transcriptomics.widgets.shared.layouts import form, label, row, stack
from napari_compressed_transcriptomics.widgets.shared.plot_section import PlotSection

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
    from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents

_SIZE = (1080, 720)


class LatentScatters(QDialog):
    """Shows component 1 against 2 of each method.

    Parameters
    ----------
    viewer : napari.Viewer
    parent : QWidget
        Whose window it stays above, and is closed with.
    """

    def __init__(self, viewer: Any, parent: QWidget):
        super().__init__(parent)
        self.setWindowTitle("Latents of methods")
        self.resize(*_SIZE)
        self._viewer = viewer
        self._latents: tuple[NamedLatents, ...] = ()
        self._expression: Expression | None = None
        self.color = ColorChoice(viewer, (GENE,))
        self.color.setMinimumContentsLength(24)
        controls = QWidget()
        self._gene_label = label("&Gene", self.color.gene)
        color = form(("&Colour by", self.color))
        controls.setLayout(row(color, self._gene_label, self.color.gene, 0))
        controls.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.section = PlotSection(
            "Component 1 against component 2",
            "latents_of_methods",
            FigureView(viewer, (640, 420)),
            controls,
        )
        stack(self, self.section)
        # many layers can come at once
        self._soon = soon(self, self._draw, 50)
        self.color.changed.connect(self._soon.start)

    def show_latents(
        self, latents: "Sequence[NamedLatents]", expression: "Expression | None"
    ) -> None:
        """Show other latents; `expression` gives the genes to colour by."""
        first = not self._latents
        self._latents, self._expression = tuple(latents), expression
        self.color.gene.offer(expression.genes if expression is not None else ())
        if first:
            self._choose_something()
        self._draw()

    def _choose_something(self) -> None:
        """Colour by regions where there are any, else by the gene that is shown."""
        from napari.layers import Labels

        layers = list(self._viewer.layers)
        regions = [layer for layer in layers if isinstance(layer, Labels) and layer.ndim == 3]
        for layer in (*regions[-1:], *layers[:1]):
            self.color.choose(layer)
            if self.color.layer is not None:
                return

    def _draw(self) -> None:
        self._soon.stop()
        by_gene = self.color.by_gene
        self._gene_label.setVisible(by_gene)
        self.color.gene.setVisible(by_gene)
        if not self._latents:
            self.section.show_plot(None)
            return
        expression, gene = self._expression, self.color.gene.gene
        if by_gene and expression and gene and self.color.fetches(expression, gene):
            return
        try:
            of_place = {one.parcellation: self._coloring(one) for one in self._latents}
        except UserError as error:
            self.section.show_plot(None, f"{error}.")
            return
        coloring = joined([of_place[one.parcellation] for one in self._latents])
        note = ""
        if single := [one.title for one in self._latents if one.latent_size < 2]:
            note = f"Of a single component, so not shown: {', '.join(single)}."
        self.section.show_plot(partial(latent_panels, self._latents, coloring), note)

    def _coloring(self, latents: "NamedLatents") -> Coloring:
        """Return what colours the samples of one method."""
        if self.color.layer is not None:
            return self.color.layer_coloring(latents.parcellation)
        gene = self.color.gene.gene
        if self._expression is None or gene is None:
            typed = self.color.gene.text().strip()
            raise UserError(
                f"There is no gene “{typed}” in this data; type a part of its symbol and choose one"
                if typed
                else "Type a part of a gene's symbol and choose one"
            )
        return Coloring(
            f"{gene}, expression", gene_at(self._expression, gene, latents.parcellation)
        )


def gene_at(expression: "Expression", gene: str, parcellation: "Parcellation") -> Any:
    """Return a gene's expression in the samples of any grid, NaN where there is none."""
    from napari_compressed_transcriptomics.io.readers.map_sampling import sample_means
    from napari_compressed_transcriptomics.io.readers.volume import Volume

    if parcellation is expression.parcellation:
        return expression.values[:, expression.column(gene)]
    volume = Volume(expression.gene_volume(gene), expression.parcellation.affine, "image", gene)
    return sample_means(volume, parcellation)
