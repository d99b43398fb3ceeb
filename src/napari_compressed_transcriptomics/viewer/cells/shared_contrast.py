"""The same quantity has the same contrast limits in all layers of a viewer."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakSet, proxy

import numpy as np

from napari_compressed_transcriptomics.reconstruction.values_elsewhere import at_hand
from napari_compressed_transcriptomics.viewer.layer_content import ERRORS, LayerContent, shown
from napari_compressed_transcriptomics.viewer.layer_values import part_shown
from napari_compressed_transcriptomics.viewer.layers import set_limits

Limits = tuple[float, float]
_OF_A_GENE = ("expression", "gene", "original", "reconstructed")
_RECONSTRUCTED = ("gene", "reconstructed")
_SAME_MIDDLE = 0.05  # of the half width


class SameScale:
    """Keeps common contrast limits for what is to be compared by eye.

    - Errors, held out or not, of results of the same expression: from 0 to the greatest end.
    - A gene's expression and all its reconstructions: those of the expression.
    - The components with the same number of results by the same method, where 0 is their middle:
      latents of different methods have no common unit.

    Limits changed by hand change for all of a quantity.
    """

    def __init__(self, viewer: Any):
        self._viewer = proxy(viewer)  # must not keep its viewer alive
        self._on, self._busy = True, False
        self._known: WeakSet[Any] = WeakSet()
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self.apply)
        for layer in viewer.layers:
            self._listen(layer)
        self.apply()

    @property
    def on(self) -> bool:
        """Whether the same quantity has the same limits; else each layer has its own."""
        return self._on

    @on.setter
    def on(self, value: bool) -> None:
        self._on = value
        if value:
            self.apply()
        else:
            with self.apart():
                for layer, what in self._ours():
                    set_limits(layer, *own_limits(self._viewer, layer, what))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Let layers change their limits one by one."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def apply(self, event: Any = None) -> None:
        """Give all layers of a quantity common limits again."""
        if not self._on or self._busy:
            return
        groups: dict[Hashable, list[tuple[Any, LayerContent]]] = {}
        for layer, what in self._ours():
            if (key := quantity(self._viewer, layer, what)) is not None:
                groups.setdefault(key, []).append((layer, what))
        with self.apart():
            for members in groups.values():
                own = [own_limits(self._viewer, *member) for member in members]
                limits = common_limits(own, signed=members[0][1].is_signed)
                if len(members) > 1 and limits is not None:
                    for layer, _ in members:
                        set_limits(layer, *limits)

    def _ours(self) -> Iterator[tuple[Any, LayerContent]]:
        for layer in self._viewer.layers:
            what = shown(layer)
            if what is not None and what.values is not None and hasattr(layer, "contrast_limits"):
                yield layer, what

    def _on_inserted(self, event: Any) -> None:
        self._listen(event.value)
        self.apply()

    def _listen(self, layer: Any) -> None:
        if shown(layer) is not None and layer not in self._known:
            self._known.add(layer)
            if hasattr(layer, "contrast_limits"):
                layer.events.contrast_limits.connect(self._on_limits)

    def _on_limits(self, event: Any) -> None:
        """Let the others of a quantity follow."""
        changed = event.source
        what = shown(changed)
        if not self._on or self._busy or what is None:
            return
        key = quantity(self._viewer, changed, what)
        if key is None:
            return
        with self.apart():
            for layer, other in self._ours():
                if layer is not changed and quantity(self._viewer, layer, other) == key:
                    set_limits(layer, *changed.contrast_limits)


def quantity(viewer: Any, layer: Any, what: LayerContent) -> Hashable | None:
    """Return the same for layers that show the same quantity; None for what has no equal."""
    if what.kind in ERRORS and what.reconstruction is not None:
        return "error", id(what.expression)
    if what.kind in _OF_A_GENE and what.expression is not None and what.gene:
        return "gene", id(what.expression), what.gene
    if what.kind == "latents" and what.reconstruction is not None:
        component = part_shown(viewer, layer)
        return "latents", id(what.expression), what.reconstruction.codec.id, component
    return None


def own_limits(viewer: Any, layer: Any, what: LayerContent) -> Limits:
    """Return the limits that a layer has by itself; a reconstruction has those of its original."""
    known = what.expression is not None and at_hand(what.expression)
    if what.kind in _RECONSTRUCTED and known and what.gene:
        assert what.expression is not None
        original = what.expression.values[:, what.expression.column(what.gene)]
        return replace(what, values=original).contrast_limits()
    return what.contrast_limits(part_shown(viewer, layer) if what.kind == "latents" else 0)


def common_limits(own: list[Limits], signed: bool = False) -> Limits | None:
    """Return limits for several layers; None for signed ones whose middles differ."""
    low, high = np.transpose(own)
    if signed:
        middles, reach = (low + high) / 2, ((high - low) / 2).max()
        if np.ptp(middles) > _SAME_MIDDLE * reach:
            return None
        middle = float(middles.mean())
        return middle - float(reach), middle + float(reach)
    return float(low.min()), float(high.max())
