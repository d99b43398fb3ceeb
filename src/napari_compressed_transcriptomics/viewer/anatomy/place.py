"""The place that a viewer is at, in RAS millimetres."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def position(viewer: Any) -> np.ndarray:
    """Return the place that the sliders are at, in RAS mm (x, y, z)."""
    return np.array(viewer.dims.point[-3:][::-1])


def go_to(viewer: Any, mm: Any) -> None:
    """Move the sliders to a place (x, y, z) in RAS mm; other axes stay."""
    set_last(viewer.dims, list(mm)[::-1])


def set_last(dims: Any, point: Sequence[float]) -> None:
    """Go to a point of the last axes, between steps of their sliders, too."""
    axes = range(dims.ndim - len(point), dims.ndim)
    for _ in range(2):  # a slider that moves goes to its nearest step; once it is there, it stays
        dims.set_point(axes, point)
