"""Axial, coronal, sagittal and 3-D views, and fitting what they show."""

from typing import Any

from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.window.painting import paint_later

from .solid import dress

# Order of the last three axes (z, y, x): what the slider moves, what points up, what right.
PLANES = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}


def plane_of(viewer: Any) -> str:
    """Return ``axial``, ``coronal``, ``sagittal``, ``3d``, or an empty string for another view."""
    dims = viewer.dims
    if dims.ndim < 3:
        return ""
    if dims.ndisplay == 3:
        return "3d"
    order = tuple(axis - (dims.ndim - 3) for axis in dims.order[-3:])
    return next((name for name, plane in PLANES.items() if plane == order), "")


def show_plane(viewer: Any, name: str) -> None:
    """Show a plane (a key of `PLANES`), or ``3d``; superior or anterior is up, right is right.

    Sagittal slices are seen from the right: anterior is right.
    """
    dims = viewer.dims
    if dims.ndim < 3 or plane_of(viewer) == name:
        return
    paint_later(viewer)
    if name == "3d":
        dress(viewer.layers, in_3d=True)  # before napari brings them there, which it would do twice
        dims.ndisplay = 3
        return
    first = dims.ndim - 3
    order = (*range(first), *(first + axis for axis in PLANES[name]))
    if dims.ndisplay == 3:
        attach(viewer).order_2d = order  # else there would be another in between
        dims.ndisplay = 2
    dims.order = order
    viewer.scene.camera.orientation2d = ("up", "right")
    fit(viewer)


def fit(viewer: Any) -> None:
    """Fit the view: brains fill their cells, with room for titles, letters and colour bars."""
    attach(viewer).cells.fit()
