"""Paints slices with Qt where they lie in a cell: pictures of them, and hatching."""

from typing import Any

import numpy as np

from .layout import CellLayout
from .seen import Seen
from .slices import SlicePicture

_PERIOD, _THICK = 7, 2.2
"""Pixels from line to line of the hatching, and of them a line's."""
_LINE = np.array((45, 45, 45, 230), np.uint8)
_BETWEEN = np.array((190, 190, 190, 150), np.uint8)


def paint_slice(painter: Any, seen: Seen, layout: CellLayout, one: SlicePicture) -> None:
    """Paint the picture of a slice where it lies in a cell."""
    from qtpy.QtCore import QRectF
    from qtpy.QtGui import QPainter

    if not seen.slice:
        return
    pixels, (y, x), (height, width) = _placed(seen, layout, one)
    cell = layout.cell
    painter.save()
    painter.setClipRect(QRectF(cell.x, cell.y, cell.width, cell.height))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, one.smooth)
    painter.drawImage(QRectF(x, y, width, height), _image(pixels))
    painter.restore()


def hatch(
    painter: Any, seen: Seen, layout: CellLayout, where: SlicePicture, ratio: float = 1.0
) -> None:
    """Hatch what is opaque in the picture of a slice; lines are as wide however it is zoomed."""
    from qtpy.QtCore import QRectF

    if not seen.slice:
        return
    pixels, start, size = _placed(seen, layout, where)
    cell = layout.cell
    low = np.maximum(start, (cell.y, cell.x))
    high = np.minimum(start + size, (cell.y + cell.height, cell.x + cell.width))
    rows, columns = (
        np.arange(np.ceil(first * ratio), np.floor(last * ratio))
        for first, last in zip(low, high, strict=True)
    )
    if not (len(rows) and len(columns)):
        return
    at = (
        ((along + 0.5) / ratio - first) / length * n
        for along, first, length, n in zip(
            (rows, columns), start, size, pixels.shape[:2], strict=True
        )
    )
    inside = pixels[..., 3][np.ix_(*(np.floor(one).astype(int) for one in at))] > 0
    on_line = (rows[:, None] + columns) % (_PERIOD * ratio) < _THICK * ratio
    colors = np.where(on_line[..., None], _LINE, _BETWEEN)
    colors *= inside[..., None]
    painter.drawImage(
        QRectF(columns[0] / ratio, rows[0] / ratio, len(columns) / ratio, len(rows) / ratio),
        _image(colors),
    )


def _placed(
    seen: Seen, layout: CellLayout, one: SlicePicture
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pixels as they are seen, and where on the canvas they begin and how large they are.

    Both are (down, right), in pixels of the canvas.
    """
    _, _, vertical, horizontal, center, zoom, (up, right) = seen.slice
    rgba, corner, step = one.rgba, one.corner, one.step
    if vertical > horizontal:  # axes as in the volume, others displayed
        rgba, corner, step = rgba.swapaxes(0, 1), corner[::-1], step[::-1]
    signs = np.array([-1 if up == "up" else 1, 1 if right == "right" else -1])
    middle = np.array(layout.cell.middle[::-1])
    first = middle + signs * (corner - step / 2 - np.array(center[-2:])) * zoom
    size = np.array(rgba.shape[:2]) * step * zoom
    start = np.where(signs > 0, first, first - size)
    return rgba[:: signs[0], :: signs[1]], start, size


def _image(pixels: np.ndarray) -> Any:
    """Return pixels, uint8 RGBA, as Qt has them."""
    from qtpy.QtGui import QImage

    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.copy()  # Qt keeps no bytes of Python's alive
