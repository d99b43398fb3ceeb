"""The place that a viewer is at, in RAS millimetres."""

from typing import Any

import numpy as np


def position(viewer: Any) -> np.ndarray:
    """Return the place that the sliders are at, in RAS mm (x, y, z)."""
    return np.array(viewer.dims.point[-3:][::-1])


def go_to(viewer: Any, mm: Any) -> None:
    """Move the sliders to a place (x, y, z) in RAS mm; other axes stay."""
    first = viewer.dims.ndim - 3
    viewer.dims.set_point([first, first + 1, first + 2], list(mm)[::-1])
