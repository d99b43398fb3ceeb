"""Paints what is seen in the cells with Qt: texts in milliseconds, which napari needs seconds for.

A text of napari's is a visual with shaders of its own, made in Python for each cell anew.
"""

from typing import Any

import numpy as np

from .content import Bar, CellText, numbers
from .layout import CellLayout, Rect
from .painting_slices import hatch, paint_slice
from .seen import Mark, Seen
from .slices import SlicePicture

_TITLE, _SMALL, _LETTER = 13, 11, 14  # pixels
_MARKED = ((0, 0, 0), 4.0), ((255, 255, 255), 1.6)  # one of them stands out from any colour
_CROSS = ((0, 0, 0, 110), 3), ((90, 255, 120), 1)  # seen on dark and on green
_OPEN = 5  # pixels around the place where the crosshair leaves the slice to be seen


def paint(
    seen: Seen, over: list[SlicePicture], ratio: float = 1.0, veiled: bool = False
) -> np.ndarray:
    """Return what lies over the layers, `ratio` pixels of it to one of the canvas.

    It is uint8 RGBA, its colours multiplied by alpha. Where it is `veiled`, nothing is seen of the
    layers.
    """
    image, painter = _begin(seen, ratio)
    if veiled:
        image.fill(_color(seen.background))
    for cell in seen.cells:
        if cell.no_data is not None:
            hatch(painter, seen, cell.layout, cell.no_data, ratio)
        for one in over:
            paint_slice(painter, seen, cell.layout, one)
    for cell in seen.cells:
        _paint_cross(painter, seen, cell.layout)
    if seen.mark is not None:
        for cell in seen.cells:
            _paint_mark(painter, seen, cell.layout, seen.mark)
    for i, cell in enumerate(seen.cells):
        _paint_cell(painter, seen, cell.layout, cell.text)
        if i == 0:
            _paint_place(painter, seen, cell.layout)
    return _end(image, painter)


def paint_under(seen: Seen, under: list[SlicePicture], ratio: float = 1.0) -> np.ndarray:
    """Return what lies under the layers, as `paint` does."""
    image, painter = _begin(seen, ratio)
    for cell in seen.cells:
        for one in under:
            paint_slice(painter, seen, cell.layout, one)
    return _end(image, painter)


def _begin(seen: Seen, ratio: float) -> tuple[Any, Any]:
    from qtpy.QtGui import QImage, QPainter

    width, height = (max(1, round(side * ratio)) for side in seen.size)
    image = QImage(width, height, QImage.Format.Format_RGBA8888_Premultiplied)
    image.fill(0)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    return image, painter


def _end(image: Any, painter: Any) -> np.ndarray:
    painter.end()
    pixels = image.constBits().asarray(image.sizeInBytes())
    return np.frombuffer(pixels, np.uint8).reshape(image.height(), image.width(), 4).copy()


def _ink(seen: Seen) -> tuple[int, int, int]:
    """Return the colour of texts: dark on light and light on dark."""
    return (25, 25, 25) if sum(seen.background) > 3 * 127 else (235, 235, 235)


def _paint_cell(painter: Any, seen: Seen, layout: CellLayout, text: CellText) -> None:
    if layout.title is not None and text.title:
        _write(painter, seen, layout.title, text.title, _TITLE, bold=True)
    for side, letter in seen.letters:
        if (rect := getattr(layout, side)) is not None and letter:
            _write(painter, seen, rect, letter, _LETTER)
    if layout.caption is not None and text.captions:
        _set_font(painter, _SMALL)
        wide, room = painter.fontMetrics().horizontalAdvance, layout.caption.width
        caption = next((x for x in text.captions if wide(x) <= room), text.captions[-1])
        _write(painter, seen, layout.caption, caption, _SMALL)
    if text.bar is not None and layout.bar is not None and layout.numbers is not None:
        _paint_bar(painter, seen, layout.bar, layout.numbers, text.bar)


def _paint_place(painter: Any, seen: Seen, layout: CellLayout) -> None:
    """Paint which slice is seen, and the scale."""
    from qtpy.QtCore import QRectF

    if layout.place is not None:
        _write(painter, seen, layout.place, seen.place, _SMALL, "left")
    length, words = seen.scale
    if layout.scale is not None and length:
        room = layout.scale
        text = Rect(room.x, room.y, room.width - length - 5, room.height)
        _write(painter, seen, text, words, _SMALL, "right")
        middle = room.middle[1]
        painter.fillRect(
            QRectF(room.x + room.width - length, middle - 1, length, 2), _color(_ink(seen))
        )


def _color(rgb: Any) -> Any:
    from qtpy.QtGui import QColor

    return QColor(*rgb)


def _write(
    painter: Any,
    seen: Seen,
    rect: Rect,
    text: str,
    pixels: int,
    align: str = "center",
    bold: bool = False,
) -> None:
    """Write a text, cut in its middle where it is too long."""
    from qtpy.QtCore import QRectF, Qt

    _set_font(painter, pixels, bold)
    cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, int(rect.width))
    flags = (
        Qt.AlignmentFlag.AlignVCenter
        | {
            "left": Qt.AlignmentFlag.AlignLeft,
            "right": Qt.AlignmentFlag.AlignRight,
            "center": Qt.AlignmentFlag.AlignHCenter,
        }[align]
    )
    painter.setPen(_color(_ink(seen)))
    painter.drawText(QRectF(rect.x, rect.y, rect.width, rect.height), int(flags), cut)


def _set_font(painter: Any, pixels: int, bold: bool = False) -> None:
    font = painter.font()
    font.setPixelSize(pixels)
    font.setBold(bold)
    painter.setFont(font)


def _paint_bar(painter: Any, seen: Seen, bar: Rect, room: Rect, what: Bar) -> None:
    """Paint a colour bar: an arrow at an end beyond which there are values, numbers at the ends."""
    from qtpy.QtCore import QPointF, QRectF
    from qtpy.QtGui import QImage, QPolygonF

    upright = bar.height > bar.width
    colors = np.frombuffer(what.colors, np.uint8).reshape(-1, 4)
    strip = np.ascontiguousarray(colors[::-1, None] if upright else colors[None])
    height, width = strip.shape[:2]
    image = QImage(strip.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    arrow = min(bar.width, bar.height) * 0.8
    long = (bar.height if upright else bar.width) - 2 * arrow
    if upright:
        body = QRectF(bar.x, bar.y + arrow, bar.width, long)
        tips = (
            ((0, 1), (bar.x + bar.width / 2, bar.y + bar.height)),
            (
                (0, -1),
                (bar.x + bar.width / 2, bar.y),
            ),
        )
    else:
        body = QRectF(bar.x + arrow, bar.y, long, bar.height)
        tips = (
            ((-1, 0), (bar.x, bar.y + bar.height / 2)),
            (
                (1, 0),
                (bar.x + bar.width, bar.y + bar.height / 2),
            ),
        )
    painter.drawImage(body, image)
    painter.setPen(_color(_ink(seen)))
    painter.setBrush(_no_brush())
    painter.drawRect(body)
    for share, color, ((x, y), tip) in zip(
        (what.below, what.above), (colors[0], colors[-1]), tips, strict=True
    ):
        if not share:
            continue
        back = QPointF(tip[0] - x * arrow, tip[1] - y * arrow)
        across = QPointF(bar.width / 2 * abs(y), bar.height / 2 * abs(x))
        painter.setBrush(_color(color.tolist()))
        painter.drawPolygon(QPolygonF([QPointF(*tip), back + across, back - across]))
    painter.setBrush(_no_brush())
    _write_numbers(painter, seen, body, room, what.numbers)


def _write_numbers(
    painter: Any, seen: Seen, body: Any, room: Rect, values: tuple[float, ...]
) -> None:
    """Write the numbers at both ends of a bar, and in the middle where there is room."""
    _set_font(painter, _SMALL)
    texts = numbers(values)
    upright = room.height > room.width
    if upright:
        x, width, half = room.x + 4, room.width - 4, 7
        places = np.linspace(body.bottom(), body.top(), len(texts))
        if len(texts) > 2 and body.height() < 40:
            texts, places = [texts[0], texts[-1]], places[[0, -1]]
        for text, y in zip(texts, places, strict=True):
            _write(painter, seen, Rect(x, y - half, width, 2 * half), text, _SMALL, "left")
        return
    widths = [painter.fontMetrics().horizontalAdvance(text) + 2 for text in texts]
    places = np.linspace(body.left(), body.right(), len(texts))
    left = np.clip(places - np.array(widths) / 2, room.x, room.x + room.width - np.array(widths))
    if len(texts) > 2 and (left[0] + widths[0] > left[1] or left[1] + widths[1] > left[2]):
        texts, left, widths = [texts[0], texts[-1]], left[[0, -1]], [widths[0], widths[-1]]
    for text, x, width in zip(texts, left, widths, strict=True):
        _write(painter, seen, Rect(float(x), room.y, width, room.height), text, _SMALL)


def _no_brush() -> Any:
    from qtpy.QtGui import QBrush

    return QBrush()


def _paint_cross(painter: Any, seen: Seen, layout: CellLayout) -> None:
    """Paint the crosshair, open where its lines meet."""
    from qtpy.QtCore import QPointF, QRectF
    from qtpy.QtGui import QPainter, QPen

    if not seen.cross:
        return
    cell = layout.cell
    place, *ends = np.array(seen.cross) + cell.middle
    painter.save()
    painter.setClipRect(QRectF(cell.x, cell.y, cell.width, cell.height))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # upright lines, and quick
    for color, width in _CROSS:
        painter.setPen(QPen(_color(color), width))
        for end in ends:
            length = float(np.hypot(*(end - place)))
            if length > _OPEN:
                start = place + (end - place) * (_OPEN / length)
                painter.drawLine(QPointF(*start), QPointF(*end))
    painter.restore()


def _paint_mark(painter: Any, seen: Seen, layout: CellLayout, mark: Mark) -> None:
    """Paint the ring around the place picked, and its name beside it."""
    from qtpy.QtCore import QPointF, QRectF
    from qtpy.QtGui import QPainterPath, QPen

    cell = layout.cell
    x, y = cell.middle[0] + mark.x, cell.middle[1] + mark.y
    painter.save()
    painter.setClipRect(QRectF(cell.x, cell.y, cell.width, cell.height))
    painter.setBrush(_no_brush())
    for color, width in _MARKED:
        painter.setPen(QPen(_color(color), width))
        painter.drawEllipse(QPointF(x, y), mark.radius, mark.radius)
    _set_font(painter, _SMALL)
    wide = painter.fontMetrics().horizontalAdvance(mark.name)
    where = _beside(layout.brain, x, y, mark.radius, wide)
    if where is not None:
        path = QPainterPath()
        path.addText(QPointF(*where), painter.font(), mark.name)
        painter.strokePath(path, QPen(_color((0, 0, 0)), 3))
        painter.fillPath(path, _color((255, 255, 255)))
    painter.restore()


def _beside(
    brain: Rect, x: float, y: float, radius: float, wide: float
) -> tuple[float, float] | None:
    """Return where a name begins: right of a ring, left of it, or below, where letters are not."""
    right, end = x + radius + 4, brain.x + brain.width
    left = x - radius - 4 - wide
    if right + wide <= end:
        return right, y + 4
    if left >= brain.x:
        return left, y + 4
    if wide > brain.width:
        return None
    return min(max(x - wide / 2, brain.x), end - wide), y + radius + 13
