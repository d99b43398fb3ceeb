"""What points are coloured by: the error, a gene, a region, or any layer of the viewer."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QStringListModel, Qt, Signal
from qtpy.QtWidgets import QCompleter, QLineEdit

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.reconstruction.latent_space import Coloring
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import (
    waits_for,
    why_elsewhere,
)
from napari_compressed_transcriptomics.viewer import selection
from napari_compressed_transcriptomics.viewer.layer_values import part_shown, values_of_layer
from napari_compressed_transcriptomics.viewer.region_layers import regions_of_layer

from .shared.background import GeneReading
from .shared.fields import Choice
from .shared.following import at_end, follow

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

ERROR, ORIGINAL, REBUILT = "Error (RMSE)", "Gene, original", "Gene, reconstructed"
GENE = "Gene"


class GeneField(QLineEdit):
    """A gene symbol, completed from any part of it."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._symbols: dict[str, str] = {}
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCompleter(completer)
        self.setPlaceholderText("Gene symbol")
        self.setToolTip("Type a part of a symbol, choose with the arrow keys, and press Enter.")
        completer.activated.connect(lambda _: self.chosen.emit())
        self.returnPressed.connect(self.chosen)

    def offer(self, genes: tuple[str, ...]) -> None:
        """Take these genes to choose from."""
        self._symbols = {gene.lower(): gene for gene in genes}
        self._names.setStringList(list(genes))

    @property
    def gene(self) -> str | None:
        """The gene that the text names, or None."""
        return self._symbols.get(self.text().strip().lower())


class ColorChoice(Choice):
    """Follows the viewer's layers; image and Labels layers stand below error and genes.

    Parameters
    ----------
    viewer : napari.Viewer
    fixed : tuple of str
        What stands above the layers: of `ERROR`, `ORIGINAL`, `REBUILT`, `GENE`.
    """

    changed = Signal()
    """Something else is chosen, or the layer chosen shows something else."""

    def __init__(self, viewer: Any, fixed: tuple[str, ...] = (ERROR, ORIGINAL, REBUILT)):
        super().__init__()
        self._viewer = viewer
        self.gene = GeneField()
        self._reading = GeneReading(self, viewer)
        self._layers: list[Any] = []
        self._part = 0
        self.addItems(list(fixed))
        self._fixed = self.count()
        self.setToolTip(
            "What the points are coloured by. Labels layers give regions; image layers their mean "
            "over the voxels of each sample, grey where there is only background."
        )
        events, layers, unfollow = viewer.layers.events, self._layers, self._unfollow
        follow(self, (events.inserted, events.removed, events.renamed), self._fill)
        follow(self, [viewer.dims.events.current_step], self._on_step)
        at_end(self, lambda: [unfollow(layer) for layer in layers])
        self.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.gene.chosen.connect(self.changed)
        self._fill()

    @property
    def layer(self) -> Any:
        """The layer chosen, or None where error or a gene is."""
        index = self.currentIndex() - self._fixed
        return self._layers[index] if index >= 0 else None

    @property
    def by_gene(self) -> bool:
        """Whether a gene is to be named."""
        return self.currentText() in (ORIGINAL, REBUILT, GENE) and self.layer is None

    def coloring(self, result: "Reconstruction") -> Coloring | None:
        """Return what colours a result's samples, or None where no gene is named or there yet."""
        if self.layer is not None:
            return self.layer_coloring(result.expression.parcellation)
        if not self.by_gene:
            if not result.has_errors:
                return Coloring("component 1 (error unknown)", result.latents[:, 0])
            return Coloring("RMSE over genes", result.rmse_samples)
        gene = self.gene.gene
        if gene is None:
            return None
        if self.currentText() == REBUILT:
            return Coloring(f"{gene}, reconstructed expression", result.gene(gene))
        if not result.has_originals:
            raise UserError(why_elsewhere(result.expression))
        if self.fetches(result.expression, gene):
            return None
        values = result.expression.values[:, result.expression.column(gene)]
        return Coloring(f"{gene}, original expression", values)

    def fetches(self, expression: "Expression", gene: str) -> bool:
        """Tell whether a gene must come from a server first; once it is there, `changed` tells."""
        waits = waits_for(expression.values, expression.column(gene))
        if waits:
            self._reading.show(expression, gene, self.changed.emit)
        return waits

    def layer_coloring(self, parcellation: "Parcellation") -> Coloring:
        """Return what the layer chosen colours samples by, wherever they lie."""
        from napari.layers import Labels

        layer = self.layer
        if isinstance(layer, Labels):
            return Coloring.by_region(layer.name, regions_of_layer(layer, parcellation))
        self._part = part_shown(self._viewer, layer)
        title = layer.name
        if layer.ndim > 3:
            title += f", {layer.axis_labels[0]} {self._part + 1}"
        return Coloring(title, values_of_layer(layer, parcellation, self._part))

    def choose(self, layer: Any) -> None:
        """Choose a layer of the viewer, if it is one that colours."""
        if layer in self._layers:
            self.setCurrentIndex(self._fixed + self._layers.index(layer))

    def _fill(self, event: Any = None) -> None:
        before = self.layer
        found = [layer for layer in self._viewer.layers if _has_values(layer)]
        for layer in self._layers:
            if layer not in found:
                self._unfollow(layer)
        for layer in found:
            if layer not in self._layers:
                layer.events.data.connect(self._on_data)
        self._layers[:] = found
        fixed = self.currentIndex() if before is None else 0
        self.blockSignals(True)
        while self.count() > self._fixed:
            self.removeItem(self._fixed)
        self.addItems([layer.name for layer in found])
        self.setCurrentIndex(self._fixed + found.index(before) if before in found else fixed)
        self.blockSignals(False)
        if self.layer is not before:
            self.changed.emit()

    def _unfollow(self, layer: Any) -> None:
        layer.events.data.disconnect(self._on_data)

    def _on_data(self, event: Any) -> None:
        if event.source is self.layer:
            self.changed.emit()

    def _on_step(self) -> None:
        """Show another volume of a stack when the slider goes there."""
        if self.layer is not None and part_shown(self._viewer, self.layer) != self._part:
            self.changed.emit()


def _has_values(layer: Any) -> bool:
    """Whether a layer can give each sample a number or a region."""
    from napari.layers import Image, Labels

    if isinstance(layer, Labels):
        return layer.ndim == 3 and layer.name != selection.NAME
    return isinstance(layer, Image) and layer.ndim in (3, 4) and not (layer.rgb or layer.multiscale)
