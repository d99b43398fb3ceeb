"""What a cell says of the layer it shows: title, colour bar, what its numbers are."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_compressed_transcriptomics.viewer.itself import Same
from napari_compressed_transcriptomics.viewer.layer_content import LayerContent, measured
from napari_compressed_transcriptomics.viewer.layer_values import part_shown

from .slices import NoData

_DATA = "units of the data"
_NONE = "no unit"
_TARGET = "units of the target"

# By `LayerContent.kind`: what the numbers are, and their unit.
_MEANINGS = {
    "expression": ("expression", _DATA),
    "gene": ("expression", _DATA),
    "original": ("expression", _DATA),
    "reconstructed": ("expression", _DATA),
    "rebuilt": ("expression", _DATA),  # what files of older versions call it
    "difference": ("reconstructed − original", _DATA),
    "rmse": ("RMSE", _DATA),
    "held_out_rmse": ("held-out RMSE", _DATA),
    "error_difference": ("RMSE of B − A", _DATA),
    "target": ("map", _TARGET),
    "predicted": ("map", _TARGET),
    "prediction_error": ("target − predicted", _TARGET),
    "residual": ("target − predicted", _TARGET),  # what files of older versions call it
    "distance": ("distance to training data", "above 1: outside"),
    "latents": ("latent value", _NONE),
    "component": ("latent value", _NONE),
}
_NO_BAR = ("labels", "composite")
_HATCHED = "hatched: no data"
_COLORS = 128
_WORTH_SAYING = 0.025
"""Share of samples beyond the limits that the caption tells; the tooltip always does."""


@dataclass(frozen=True)
class Bar:
    """A colour bar."""

    colors: bytes
    """RGBA, uint8, from the low end to the high one."""
    numbers: tuple[float, ...]
    """Two or three: both ends, and the middle of signed maps."""
    below: float = 0.0
    above: float = 0.0
    """`below`, `above`: shares of the samples that lie beyond the ends."""


@dataclass(frozen=True)
class CellText:
    """What is said in a cell; empty or None for nothing.

    Of the captions, the longest first, the one is written that fits.
    """

    title: str = ""
    captions: tuple[str, ...] = ()
    bar: Bar | None = None

    @property
    def tooltip(self) -> str:
        """All that is said, in full."""
        lines = [self.title, *self.captions[:1]]
        if self.bar is not None:
            low, *_, high = numbers(self.bar.numbers)
            for share, word, end in (
                (self.bar.below, "below", low),
                (self.bar.above, "above", high),
            ):
                if share:
                    lines.append(f"{share:.1%} of samples lie {word} {end}")
        return "\n".join(line for line in lines if line)


def numbers(values: tuple[float, ...]) -> list[str]:
    """Return numbers as a colour bar shows them, in 3 digits, the middle to 1/100 of the range.

    A middle of 0.00409 between -1.2 and 1.2 is 0: more digits would tell nothing, and be cut off.
    """
    low, *middle, high = (float(value) for value in values)
    reach = high - low
    places = 2 - int(np.floor(np.log10(reach))) if reach > 0 and np.isfinite(reach) else 3
    told = [low, *(round(value, places) for value in middle), high]
    return [f"{value + 0.0:.3g}".replace("-", "−") for value in told]


class CellTexts:
    """Tells what cells say, and remembers what takes time to find out."""

    def __init__(self) -> None:
        self._colors: WeakKeyDictionary[Any, tuple[Any, float, bytes]] = WeakKeyDictionary()
        self.no_data = NoData()
        self._beyond: WeakKeyDictionary[Any, tuple[Any, tuple[float, float]]] = WeakKeyDictionary()

    def of(self, viewer: Any, layer: Any, titled: bool) -> CellText:
        """Tell what is said of a layer; of one that is not ours only its name."""
        what = measured(layer)
        title = title_of(layer) if titled else ""
        if what is None or what.kind in _NO_BAR or not hasattr(layer, "contrast_limits"):
            return CellText(title)
        component = part_shown(viewer, layer)
        bar = self._bar(layer, what, component)
        meaning, unit = _MEANINGS.get(what.kind, ("", _NONE))
        long = f"{meaning} ({unit})" if unit != _NONE else meaning
        if what.kind == "latents" and layer.ndim > 3:
            meaning = long = f"component {component + 1} of {len(layer.data)}"
        beyond = bar.below + bar.above
        share = f"{beyond:.0%} beyond" if beyond > _WORTH_SAYING else ""
        solid = getattr(layer, "rendering", "") == "translucent"
        marked = viewer.dims.ndisplay == 2 or solid
        hatched = marked and self.no_data.anywhere(layer, component)
        lacking = _HATCHED if hatched else ""
        # Where there is little room the share goes first: bars have arrows there, too.
        ways = (long, share, lacking), (meaning, share, lacking), (meaning, lacking), (meaning,)
        captions = (", ".join(filter(None, way)) for way in ways)
        return CellText(title, tuple(dict.fromkeys(filter(None, captions))), bar)

    def _bar(self, layer: Any, what: LayerContent, component: int) -> Bar:
        low, high = (float(limit) for limit in layer.contrast_limits)
        middle = ((low + high) / 2,) if what.is_signed or what.kind == "distance" else ()
        below, above = self._shares(layer, what, component, low, high)
        return Bar(self._colors_of(layer), (low, *middle, high), below, above)

    def _colors_of(self, layer: Any) -> bytes:
        colormap, gamma = layer.colormap, float(layer.gamma)
        known = self._colors.get(layer)
        if known is None or known[0] is not colormap or known[1] != gamma:
            rgba = colormap.map(np.linspace(0, 1, _COLORS) ** gamma)
            known = colormap, gamma, np.rint(rgba * 255).astype(np.uint8).tobytes()
            self._colors[layer] = known
        return known[2]

    def _shares(
        self, layer: Any, what: LayerContent, component: int, low: float, high: float
    ) -> tuple[float, float]:
        if what.values is None:
            return 0.0, 0.0
        key, known = (Same(what), component, low, high), self._beyond.get(layer)
        if known is None or known[0] != key:
            values = what.values if what.values.ndim == 1 else what.values[:, component]
            n = max(1, int(np.isfinite(values).sum()))
            shares = float((values < low).sum()) / n, float((values > high).sum()) / n
            known = self._beyond[layer] = key, shares
        return known[1]


def title_of(layer: Any) -> str:
    """Return a layer's name, with the gene it shows where the name does not tell it."""
    what = measured(layer)
    if what is not None and what.gene and what.gene not in layer.name:
        return f"{layer.name}: {what.gene}"
    return layer.name
