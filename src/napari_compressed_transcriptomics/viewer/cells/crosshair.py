"""The crosshair, which is drawn without painting: it moves with every step."""

import numpy as np

from .drawing import Drawing
from .layout import Rect
from .seen import Seen

_COLORS = np.array([[(0, 0, 0, 110), (90, 255, 120, 255)]], np.uint8)  # seen on dark and on green
_WIDTHS = (3, 1)  # pixels
_OPEN = 5  # pixels around the place where the crosshair leaves the slice to be seen


def crosshair(seen: Seen) -> Drawing | None:
    """Return the crosshair in all cells, open where its lines meet; None for none."""
    if not seen.cross:
        return None
    corners = []
    for color, width in enumerate(_WIDTHS):
        u = (color + 0.5) / len(_WIDTHS)
        for cell in seen.cells:
            for start, end in _lines(seen, cell.layout.cell):
                along = (end - start) / np.hypot(*(end - start))
                across = along[::-1] * (-width / 2, width / 2)
                a, b, c, d = start + across, start - across, end + across, end - across
                corners += [(*at / seen.size, u, 0.5) for at in (a, b, c, c, b, d)]
    if not corners:
        return None
    return Drawing(_COLORS, np.array(corners, np.float32))


def _lines(seen: Seen, cell: Rect) -> list[np.ndarray]:
    """Return the lines in a cell, each (2, 2): where they begin and end, cut at its edges."""
    place, *ends = np.array(seen.cross) + cell.middle
    low, high = np.array((cell.x, cell.y)), np.array((cell.x + cell.width, cell.y + cell.height))
    found = []
    for end in ends:
        reach, length = end - place, float(np.hypot(*(end - place)))
        if length <= _OPEN:
            continue
        moving = np.abs(reach) > 1e-9
        with np.errstate(divide="ignore", invalid="ignore"):
            edges = (low - place) / reach, (high - place) / reach
        first = max(_OPEN / length, *np.minimum(*edges)[moving])
        last = min(1.0, *np.maximum(*edges)[moving])
        beside = (place < low) | (place > high)
        if first < last and not (beside & ~moving).any():
            found.append(place + np.outer((first, last), reach))
    return found
