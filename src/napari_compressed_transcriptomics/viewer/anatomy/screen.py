"""Which way left, front and above point on the screen."""

from typing import Any

import numpy as np

# Negative and positive end of each spatial axis (z, y, x) of RAS+ millimetres.
_ENDS = (("I", "S"), ("P", "A"), ("L", "R"))


def directions(viewer: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what points right and what points up on the screen, each (z, y, x) of length 1.

    None where the viewer does not show space: it has fewer axes, or shows components as one.
    """
    camera, dims = viewer.scene.camera, viewer.dims
    spatial = [axis - (dims.ndim - 3) for axis in dims.displayed]
    if dims.ndim < 3 or min(spatial) < 0:
        return None
    right, up = np.zeros(3), np.zeros(3)
    if dims.ndisplay == 2:
        vertical, horizontal = camera.orientation2d
        up[spatial[0]] = 1 if vertical == "up" else -1
        right[spatial[1]] = 1 if horizontal == "right" else -1
    else:
        view, upward = np.array(camera.view_direction), np.array(camera.up_direction)
        sign = 1 if camera.handedness == "right" else -1
        up[spatial] = upward
        right[spatial] = sign * np.cross(view, upward)
    return right, up


def to_screen(viewer: Any) -> np.ndarray:
    """Return how far right and down, (2, 3), a step along z, y or x goes at a zoom of 1."""
    found = directions(viewer)
    if found is None:
        return np.zeros((2, 3))
    right, up = found
    return np.stack([right, -up])


def letters(direction: np.ndarray) -> str:
    """Name an anatomical direction (z, y, x) by one letter, or two when it lies between."""
    order = np.argsort(-np.abs(direction))
    names = [_ENDS[axis][int(direction[axis] > 0)] for axis in order]
    return names[0] + (names[1] if abs(direction[order[1]]) > 0.5 else "")
