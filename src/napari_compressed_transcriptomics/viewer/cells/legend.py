"""Colour bars, what their numbers mean, with the unit, and which slice is seen."""

from typing import Any
from weakref import WeakKeyDictionary, proxy

from napari_compressed_transcriptomics.viewer.layer_content import LayerContent, shown

from .texts import CellTexts

_DATA = "units of the data"
_NONE = "no unit"
_OUTSIDE = "above 1: outside"

# By `LayerContent.kind`: what the numbers are, and their unit.
_MEANINGS = {
    "expression": ("expression", _DATA),
    "gene": ("expression", _DATA),
    "original": ("expression", _DATA),
    "reconstructed": ("expression", _DATA),
    "rebuilt": ("expression", _DATA),  # what files of older versions call it
    "difference": ("difference", _DATA),
    "rmse": ("RMSE", _DATA),
    "held_out_rmse": ("held-out RMSE", _DATA),
    "error_difference": ("difference of RMSE", _DATA),
    "target": ("map", "units of the target"),
    "predicted": ("map", "units of the target"),
    "prediction_error": ("map", "units of the target"),
    "residual": ("map", "units of the target"),  # what files of older versions call it
    "distance": ("distance to training data", _OUTSIDE),
    "latents": ("latent value", _NONE),
    "component": ("latent value", _NONE),
}
_NO_BAR = ("labels", "composite")


class Legend:
    """Shows the colour bar of what is seen, says what it measures, and which slice it is.

    Of layers over each other only the topmost visible one has a colour bar; in grid mode each
    has one. Layers of others are left alone. napari's own text tells the position on all axes,
    also on those that only hidden layers have; ours in narrow cells has no room for them.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    texts : CellTexts
        Which has colour bars shown.
    bars : bool
        Whether any are; small views beside the window's own have none.
    """

    def __init__(self, viewer: Any, texts: CellTexts, bars: bool = True):
        from napari.components.overlays import TextOverlay

        self._viewer, self._cell_texts, self._bars = proxy(viewer), texts, bars
        self._scale_size = viewer.canvas.overlays.scale_bar.font_size
        self._had_bar: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
        self._text, self._slice = TextOverlay(), TextOverlay()
        viewer.canvas.overlays["color_bar_units"] = self._text
        viewer.canvas.overlays["slice_seen"] = self._slice
        viewer.canvas.overlay_tiling.top_right = "vertical"  # below the bar, not beside it
        events = viewer.layers.events
        events.inserted.connect(self._on_inserted)
        viewer.canvas.grid.events.enabled.connect(self._on_grid)
        for event in (events.removed, events.reordered):
            event.connect(self.update)
        for layer in viewer.layers:
            layer.events.visible.connect(self.update)
        dims = viewer.dims.events
        for event in (dims.current_step, dims.order, dims.ndisplay, dims.axis_labels):
            event.connect(self._update_slice)
        self._on_grid()

    def _on_inserted(self, event: Any) -> None:
        event.value.events.visible.connect(self.update)
        self.update()

    def _on_grid(self, event: Any = None) -> None:
        """Put the units below the bar; in a grid small into a corner of the last cell, boxed.

        The scale shares that corner, and becomes small, too, to lie below a brain; the slice,
        of up to two lines, goes to another one.
        """
        grid, overlays = self._viewer.canvas.grid.enabled, self._viewer.canvas.overlays
        self._text.position = "bottom_right" if grid else "top_right"
        self._text.box = grid
        self._slice.position = "top_left" if grid else "bottom_right"
        for overlay in (self._text, self._slice):
            overlay.font_size = 8 if grid else 10
        if grid:
            self._scale_size = overlays.scale_bar.font_size
        overlays.scale_bar.font_size = 8 if grid else self._scale_size
        self.update()

    def update(self, event: Any = None) -> None:
        """Follow which layers are seen."""
        if self._cell_texts.held:  # comes again when all have changed
            return
        grid = self._viewer.canvas.grid.enabled
        ours = {layer: what for layer in self._viewer.layers if (what := _measured(layer))}
        seen = [layer for layer in ours if layer.visible]
        if not grid:
            seen = seen[-1:] if self._bars else []
        for layer in ours:
            # What did not change stays as the user has it.
            if self._had_bar.get(layer) != (layer in seen):
                self._had_bar[layer] = layer in seen
                layer.colorbar.box = False
                self._cell_texts.show(layer, layer.colorbar, layer in seen)
        self._text.text = units([ours[layer] for layer in seen], named=grid)
        self._text.visible = bool(self._text.text)
        self._update_slice()

    def _update_slice(self, event: Any = None) -> None:
        dims, layers = self._viewer.dims, self._viewer.layers
        n_seen = max((layer.ndim for layer in layers if layer.visible), default=0)
        lines = [
            f"{dims.axis_labels[axis]} = {dims.point[axis]:.5g}"
            + (" mm" if axis >= dims.ndim - 3 else "")
            for axis in dims.not_displayed
            if axis >= dims.ndim - n_seen
        ]
        ours = any(shown(layer) is not None for layer in layers)
        self._slice.text = "\n".join(lines) if ours else ""
        self._slice.visible = bool(self._slice.text)


def units(seen: list[LayerContent], named: bool = False) -> str:
    """Say what the numbers of these layers are, and below it, for a narrow cell, their unit.

    Where names of layers are seen (`named`), leave out what they tell, and what has no unit.
    """
    meanings = dict.fromkeys(_MEANINGS[what.kind] for what in seen if what.kind in _MEANINGS)
    if named and len(meanings) > 1 and {unit for _, unit in meanings} == {_DATA}:
        return _DATA
    left_out: tuple[str, ...] = ()
    if named:
        left_out = (_NONE, _OUTSIDE) if len(meanings) > 1 else (_NONE,)
    by_unit: dict[str, list[str]] = {}
    for name, unit in meanings:
        if unit not in left_out:
            by_unit.setdefault(unit, []).append(name)
    return "\n".join(f"{', '.join(names)}\n({unit})" for unit, names in by_unit.items())


def _measured(layer: Any) -> LayerContent | None:
    what = shown(layer)
    return what if what is not None and what.kind not in _NO_BAR else None
