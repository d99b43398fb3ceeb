"""A list of the viewer's image layers, of which one with expression can be chosen."""

from typing import Any

from qtpy.QtCore import Signal

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.viewer.layer_content import LayerContent, shown

from .fields import Choice
from .following import follow
from .session import session


class LayerChoice(Choice):
    """Follows the viewer's layers; prefers one that shows expression.

    Of lists of expression all choose the same, the session's current data.

    Parameters
    ----------
    viewer : napari.Viewer
    kinds : tuple of str
        Kinds of layer (`LayerContent.kind`) to prefer, and to list where `only` is set.
    only : bool
        List nothing else.
    """

    changed = Signal()

    def __init__(self, viewer: Any, kinds: tuple[str, ...] = ("expression",), only: bool = False):
        super().__init__()
        self._viewer = viewer
        self._work = session(viewer).work
        self._kinds = kinds
        self._only = only
        events = viewer.layers.events
        follow(self, (events.inserted, events.removed, events.renamed), self._fill)
        self.currentIndexChanged.connect(self._on_index)
        if "expression" in kinds:
            self._work.data_chosen.connect(self._follow)
        self._fill()

    @property
    def layer(self) -> Any:
        """The layer chosen, or None."""
        return self.currentData()

    def expression(self) -> Expression:
        """Return the expression of the layer chosen; a `UserError` says why there is none."""
        if self.layer is None:
            raise UserError(
                "Open an expression volume, table or .h5ad first "
                "(File > Open, or File > Open Sample > Compressed Transcriptomics)."
            )
        what = shown(self.layer)
        if what is None or what.kind != "expression" or what.expression is None:
            raise UserError(
                f"“{self.layer.name}” carries no genes; choose a layer opened from an "
                "expression volume, table or .h5ad."
            )
        return what.expression

    def gene(self) -> str:
        """Return the gene that the layer chosen shows, or an empty string."""
        what = shown(self.layer)
        return what.gene if what is not None else ""

    def _on_index(self) -> None:
        what = shown(self.layer)
        if "expression" in self._kinds and what is not None and what.kind == "expression":
            self._work.choose_data(what.expression)
        self.changed.emit()

    def _follow(self) -> None:
        """Choose the layer of the session's current data, unless one of them is chosen."""
        data, what = self._work.current_data, shown(self.layer)
        if data is None or (what is not None and what.kind in self._kinds and _is_of(what, data)):
            return
        for index in range(self.count()):
            other = shown(self.itemData(index))
            if other is not None and other.kind == "expression" and other.expression is data:
                self.setCurrentIndex(index)
                return

    def _kind(self, layer: Any) -> str:
        what = shown(layer)
        return what.kind if what is not None else ""

    def _fill(self, event: Any = None) -> None:
        before = self.currentData()
        layers = [layer for layer in self._viewer.layers if layer.ndim >= 3]
        if self._only:
            layers = [layer for layer in layers if self._kind(layer) in self._kinds]
        self.blockSignals(True)
        self.clear()
        for layer in layers:
            self.addItem(layer.name, layer)
        preferred = [i for i, layer in enumerate(layers) if self._kind(layer) in self._kinds]
        index = next((i for i, layer in enumerate(layers) if layer is before), None)
        if index is None or (preferred and index not in preferred):
            index = preferred[-1] if preferred else len(layers) - 1
        self.setCurrentIndex(index)
        self.blockSignals(False)
        if "expression" in self._kinds:
            self._follow()
        self.changed.emit()


def _is_of(what: LayerContent, data: Expression) -> bool:
    """Tell whether a layer shows data, or something made of these or of some of their genes."""
    if what.kind == "expression":
        return what.expression is data
    return what.parcellation is data.parcellation
