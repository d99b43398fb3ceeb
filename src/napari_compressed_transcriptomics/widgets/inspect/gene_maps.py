"""One gene's original, reconstruction and difference, side by side in the viewer."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, proxy

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.itself import OnePerViewer
from napari_compressed_transcriptomics.viewer.layer_content import middle_and_reach, shown
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

NAMES = {"original": "original", "reconstructed": "reconstructed", "difference": "− original"}
"""What layers are called, by `LayerContent.kind`, from left to right; the method goes before."""


class Comparison(QObject):
    """Compares genes in three layers a result, made once and then changed in place.

    The first two share their contrast, that of the difference is symmetric about 0; each gene
    has its own. All other layers are hidden when a comparison begins. They are back when it
    ends: by `end`, when the three are removed, or when another result is added. What is
    changed by hand in between (visibility, grid) stays.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel

    Attributes
    ----------
    active : bool
        Whether genes are being compared; `changed` tells when that begins and ends.
    """

    changed = Signal()

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = proxy(viewer)  # a comparison must not keep its viewer alive
        self._view = _viewer.attach(viewer)
        self._surface = surface_view(viewer)
        self._hidden: WeakSet[Any] = WeakSet()
        self._state: tuple[bool, bool, tuple[int, int]] | None = None
        self.active = False
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)

    def show(self, result: "Reconstruction", gene: str) -> None:
        """Show a gene of a result; a `UserError` where it has no such gene."""
        layers, wanted = self._layers_of(result), 3 if result.has_originals else 1
        seen = self.active and any(layer.visible for layer in layers.values())
        if seen and len(layers) == wanted:
            self._update(layers, result, gene)
            return
        self._surface.leave()
        with self._view.at_once():
            if len(layers) != wanted:
                old, layers = layers, self._make(result, gene)
                for layer in old.values():
                    self._viewer.layers.remove(layer)
            else:
                self._update(layers, result, gene)
            if not seen:
                self._begin(list(layers.values()))

    def end(self) -> None:
        """Hide the three, and show what was shown before."""
        if not self.active:
            return
        self.active = False
        with self._view.at_once():
            for layer in self._viewer.layers:
                if _is_compared(layer):
                    layer.visible = False
                elif layer in self._hidden:
                    layer.visible = True
            self._hidden.clear()
            if self._state is not None:
                self._view.cells.restore(self._state)
        self.changed.emit()

    def _begin(self, layers: list[Any]) -> None:
        if not self.active:
            self._state = self._view.cells.state()
        self.active = True
        for layer in self._viewer.layers:
            if layer.visible and not _is_compared(layer):
                self._hidden.add(layer)
            layer.visible = layer in layers
        self._view.show_side_by_side((1, len(layers)))
        self.changed.emit()

    def _make(self, result: "Reconstruction", gene: str) -> dict[str, Any]:
        layers: dict[str, Any] = {}
        for kind, values in compared(result, gene).items():
            center = 0.0 if kind == "difference" else None
            data, attributes, _ = _layers.samples_layer(
                result.expression, values, kind, NAMES[kind], result, center=center, gene=gene
            )
            if kind == "reconstructed" and "original" in layers:
                attributes["contrast_limits"] = layers["original"].contrast_limits
            layers[kind] = self._viewer.add_image(data, **attributes)
        shared = ("contrast_limits", "colormap", "gamma")
        if "original" in layers:
            self._viewer.layers.link_layers([layers["original"], layers["reconstructed"]], shared)
        return layers

    def _update(self, layers: dict[str, Any], result: "Reconstruction", gene: str) -> None:
        values = compared(result, gene)
        for kind, layer in layers.items():
            what = shown(layer)
            assert what is not None
            new = replace(what, values=values[kind], gene=gene)
            if kind == "difference":
                new = replace(new, **middle_and_reach(values[kind][:, None], 0.0))
            limits_of = values.get("original") if kind == "reconstructed" else None
            _layers.update(layer, new, limits_of)

    def _layers_of(self, result: "Reconstruction") -> dict[str, Any]:
        found = {}
        for layer in self._viewer.layers:
            what = shown(layer)
            if what is not None and what.kind in NAMES and what.reconstruction is result:
                found[what.kind] = layer
        return {kind: found[kind] for kind in NAMES if kind in found}

    def _on_inserted(self, event: Any) -> None:
        what = shown(event.value)
        if what is None or what.reconstruction is None or what.kind in NAMES:
            return
        if not self._layers_of(what.reconstruction):
            self.end()  # a new result wants to be seen

    def _on_removed(self, event: Any) -> None:
        if not any(_is_compared(layer) for layer in self._viewer.layers):
            self.end()


comparison = OnePerViewer(Comparison)
"""The comparison of a viewer."""


def compared(result: "Reconstruction", gene: str) -> dict[str, np.ndarray]:
    """Return a gene's values by `LayerContent.kind`, each float32 (n_samples,).

    The difference is reconstruction minus original: positive where the gene is overestimated.
    Without originals (see `Reconstruction.has_originals`) there is the reconstruction alone.
    """
    reconstructed = result.gene(gene)
    if not result.has_originals:
        return {"reconstructed": reconstructed}
    original = result.expression.values[:, result.expression.column(gene)]
    return {
        "original": original,
        "reconstructed": reconstructed,
        "difference": reconstructed - original,
    }


def _is_compared(layer: Any) -> bool:
    what = shown(layer)
    return what is not None and what.kind in NAMES
