"""Letters of the sides of the brain (L, R, A, P, S, I), by how the viewer is turned."""

from typing import Any

import numpy as np

# Negative and positive end of each spatial axis (z, y, x) of RAS+ millimetres.
_ENDS = (("I", "S"), ("P", "A"), ("L", "R"))


def directions(viewer: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what points right and up in the viewer, each (z, y, x); None without three axes."""
    camera, dims = viewer.scene.camera, viewer.dims
    right, up = np.zeros(3), np.zeros(3)
    spatial = [axis - (dims.ndim - 3) for axis in dims.displayed]
    if dims.ndim < 3 or min(spatial) < 0:  # nothing, or a component axis, is displayed
        return None
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


def side_letters(viewer: Any) -> dict[str, str]:
    """Return the letters of the ``left``, ``right``, ``top`` and ``bottom`` of all cells."""
    pointing = directions(viewer)
    if pointing is None:
        return dict.fromkeys(("left", "right", "top", "bottom"), "")
    right, up = pointing
    return {
        "left": _letters(-right),
        "right": _letters(right),
        "top": _letters(up),
        "bottom": _letters(-up),
    }


def _letters(direction: np.ndarray) -> str:
    """Name an anatomical direction (z, y, x) by one letter, or two when it lies between."""
    order = np.argsort(-np.abs(direction))
    names = [_ENDS[axis][int(direction[axis] > 0)] for axis in order]
    return names[0] + (names[1] if abs(direction[order[1]]) > 0.5 else "")
