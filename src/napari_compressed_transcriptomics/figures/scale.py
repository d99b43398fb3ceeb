"""How values become colours, the same in figures, reports and movies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.display_range import (
    display_range,
    error_range,
    symmetric_range,
)

from .colors import SIGNED, colormap

if TYPE_CHECKING:
    from .brain_map import BrainMap
    from .request import FigureRequest


@dataclass(frozen=True)
class Scale:
    """How values become colours; all maps are safe for the colour-blind."""

    colormap: str
    """Of matplotlib, or `colors.SIGNED`."""
    low: float
    high: float
    """`low`, `high`: values at the ends; what lies beyond gets the end's colour."""
    label: str
    """What the values are, with their unit."""
    extend: str = "both"
    """At which ends of the colour bar values may lie beyond. One of "both", "max", "min",
    "neither"."""

    @classmethod
    def of_error(cls, rmse: np.ndarray, label: str = "RMSE") -> "Scale":
        """Return that of errors: 0 to their 99th percentile."""
        return cls("inferno", *error_range(rmse), label, "max")

    @classmethod
    def of_component(cls, values: np.ndarray, label: str, center: float | None = None) -> "Scale":
        """Return that of signed values: symmetric, as far as 99 % of them reach.

        It is about their mean, or about `center`.
        """
        middle, reach = map(float, symmetric_range(values, center))
        return cls(SIGNED, middle - reach, middle + reach, label)

    @classmethod
    def of_values(cls, values: np.ndarray, label: str) -> "Scale":
        """Return that of values that are not signed: their 1st to 99th percentile."""
        return cls("viridis", *display_range(values), label)

    def mappable(self) -> Any:
        """Return matplotlib's ScalarMappable."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        return ScalarMappable(Normalize(self.low, self.high), colormap(self.colormap))


def scales_of(maps: "Sequence[BrainMap]", request: "FigureRequest") -> list[Scale]:
    """Return the scale of each map; of one group they are the same where that is asked for."""
    made = []
    for one in maps:
        alike = [other for other in maps if request.common and other.group == one.group]
        values = np.concatenate([other.limits_of for other in alike or [one]])
        made.append(_chosen(_scale(one, values), request, values))
    return made


def _scale(one: "BrainMap", values: np.ndarray) -> Scale:
    if one.kind == "error":
        return Scale.of_error(values, one.label)
    if one.kind == "signed":
        return Scale.of_component(values, one.label, one.center)
    if one.kind == "distance":
        return Scale("PuOr_r", 0.0, 2.0, one.label, "max")
    return Scale.of_values(values, one.label)


def _chosen(scale: Scale, request: "FigureRequest", values: np.ndarray) -> Scale:
    """Return a scale with the limits and colours that were asked for."""
    low = scale.low if request.low is None else request.low
    high = scale.high if request.high is None else request.high
    if not low < high:  # one end was chosen beyond the other
        low, high = (high - 1, high) if request.low is None else (low, low + 1)
    beyond = (bool((values < low).any()), bool((values > high).any()))
    extend = {(1, 1): "both", (1, 0): "min", (0, 1): "max", (0, 0): "neither"}[beyond]
    return replace(
        scale, low=low, high=high, colormap=request.colormap or scale.colormap, extend=extend
    )
