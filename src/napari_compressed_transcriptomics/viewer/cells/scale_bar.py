"""The scale bar: so many millimetres that it fits at the camera's zoom."""

from typing import Any

from .layout import CellLayout

_MILLIMETRES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_NUMBER = 42  # pixels
_LONGEST = 50


def scale_bar(viewer: Any, layout: CellLayout) -> tuple[float, str]:
    """Return the length in pixels and what it says; 0 where there is no room."""
    zoom = viewer.scene.camera.zoom
    if layout.scale is None:
        return 0.0, ""
    most = min(_LONGEST, layout.scale.width - _NUMBER)
    fitting = [mm for mm in _MILLIMETRES if mm * zoom <= most]
    return (fitting[-1] * zoom, f"{fitting[-1]} mm") if fitting else (0.0, "")
