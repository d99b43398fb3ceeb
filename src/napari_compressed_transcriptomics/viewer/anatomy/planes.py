"""Axial, coronal, sagittal and 3-D views, and going to a place in millimetres."""

from typing import Any

import numpy as np

# Order of the last three axes (z, y, x): what the slider moves, what points up, what right.
PLANES = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}

_PIXELS_DOWN = 18


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
    if name == "3d":
        dims.ndisplay = 3
        return
    dims.ndisplay = 2
    first = dims.ndim - 3
    dims.order = (*range(first), *(first + axis for axis in PLANES[name]))
    viewer.scene.camera.orientation2d = ("up", "right")
    fit(viewer)


def position(viewer: Any) -> np.ndarray:
    """Return the place that the sliders are at, in RAS mm (x, y, z)."""
    return np.array(viewer.dims.point[-3:][::-1])


def go_to(viewer: Any, mm: Any) -> None:
    """Move the sliders to a place (x, y, z) in RAS mm; other axes stay."""
    first = viewer.dims.ndim - 3
    viewer.dims.set_point([first, first + 1, first + 2], list(mm)[::-1])


def fit(viewer: Any) -> None:
    """Fit the view; in a grid of several rows leave room for letter and name above.

    In slices the brain goes a little down, too: the cells of many rows are low.
    """
    grid, camera = viewer.canvas.grid, viewer.scene.camera
    rows = grid.actual_shape(viewer.layers)[0]
    viewer.fit_to_view(margin=0.05 if rows == 1 else 0.22 + 0.03 * max(0, rows - 4))
    if rows > 1 and viewer.dims.ndisplay == 2:
        *before, vertical, horizontal = camera.center
        upwards = 1 if camera.orientation2d[0] == "up" else -1
        camera.center = (*before, vertical + upwards * _PIXELS_DOWN / camera.zoom, horizontal)
