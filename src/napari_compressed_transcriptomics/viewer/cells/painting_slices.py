"""Slices where they lie in a cell: pictures of them, and hatching."""

import numpy as np

from .drawing import Drawing, parts_of, placed, premultiplied
from .layout import CellLayout
from .rays import PERIOD, THICK
from .seen import Seen
from .slices import SlicePicture

_LINE = premultiplied(np.array((45, 45, 45, 230), np.uint8))
_BETWEEN = premultiplied(np.array((190, 190, 190, 150), np.uint8))


def draw_slice(seen: Seen, layout: CellLayout, one: SlicePicture) -> Drawing:
    """Return the picture of a slice where it lies in a cell."""
    start, size, turned = _place(seen, layout, one)
    pixels, parts = one.pixels, one.parts
    return placed(pixels, parts, start, size, layout.cell, seen.size, one.smooth, turned)


def hatch(
    seen: Seen, layout: CellLayout, where: SlicePicture, ratio: float = 1.0
) -> Drawing | None:
    """Hatch what is opaque in the picture of a slice; lines are as wide however it is zoomed."""
    start, size, turned = _place(seen, layout, where)
    inside = where.pixels[..., 3] > 0
    if turned:
        inside = inside.T
    cell = layout.cell
    low = np.maximum(np.minimum(start, start + size), (cell.y, cell.x))
    high = np.minimum(np.maximum(start, start + size), (cell.y + cell.height, cell.x + cell.width))
    rows, columns = (
        np.arange(np.ceil(first * ratio), np.floor(last * ratio))
        for first, last in zip(low, high, strict=True)
    )
    if not (len(rows) and len(columns)):
        return None
    at = (
        np.floor(((along + 0.5) / ratio - first) / length * n).astype(int)
        for along, first, length, n in zip((rows, columns), start, size, inside.shape, strict=True)
    )
    on_line = (rows[:, None] + columns) % (PERIOD * ratio) < THICK * ratio
    colors = np.where(on_line[..., None], _LINE, _BETWEEN)
    colors *= inside[np.ix_(*at)][..., None]
    begin = np.array((rows[0], columns[0])) / ratio
    size = np.array(colors.shape[:2]) / ratio
    return placed(colors, parts_of(colors), begin, size, cell, seen.size)


def _place(
    seen: Seen, layout: CellLayout, one: SlicePicture
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return where the picture of a slice lies on the canvas, as `placed` takes it."""
    _, _, vertical, horizontal, center, zoom, (up, right) = seen.slice
    shape, corner, step = np.array(one.pixels.shape[:2]), one.corner, one.step
    turned = vertical > horizontal  # axes as in the volume, others displayed
    if turned:
        shape, corner, step = shape[::-1], corner[::-1], step[::-1]
    signs = np.array([-1 if up == "up" else 1, 1 if right == "right" else -1])
    middle = np.array(layout.cell.middle[::-1])
    start = middle + signs * (corner - step / 2 - np.array(center[-2:])) * zoom
    return start, signs * shape * step * zoom, turned
