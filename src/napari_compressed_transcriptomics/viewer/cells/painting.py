"""Paints what is seen in the cells with Qt: texts in milliseconds, which napari needs seconds for.

A text of napari's is a visual with shaders of its own, made in Python for each cell anew.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .captions import Bar, CellText, numbers
from .crosshair import crosshair
from .drawing import Drawing, parts_of, placed
from .layout import CellLayout, Rect
from .painting_slices import draw_slice, hatch
from .seen import Mark, Seen
from .slices import SlicePicture

_TITLE, _SMALL, _LETTER = 13, 11, 14  # pixels
_REACH = 150
"""Pixels that words at a place take to both sides, at most."""
_MARKED = ((0, 0, 0), 4.0), ((255, 255, 255), 1.6)  # one of them stands out from any colour


@dataclass
class Painter:
    """Makes what is drawn of what is seen, and keeps what took time until it is another."""

    _hatched: dict[Any, Drawing | None] = field(default_factory=dict)
    _words: tuple[Any, Drawing | None] = (None, None)
    _place: tuple[Any, Drawing | None] = (None, None)

    def under(self, seen: Seen, slices: list[SlicePicture]) -> list[Drawing]:
        """Return what lies under the layers, lowest first."""
        return [draw_slice(seen, cell.layout, one) for cell in seen.cells for one in slices]

    def over(
        self, seen: Seen, slices: list[SlicePicture], ratio: float = 1.0, veiled: bool = False
    ) -> list[Drawing]:
        """Return what lies over the layers, lowest first.

        Parameters
        ----------
        seen : Seen
        slices : list of SlicePicture
            Over the map in every cell.
        ratio : float
            Pixels of the screen to one of the canvas.
        veiled : bool
            Nothing is seen of the layers.
        """
        found = [*self._hatches(seen, ratio), *self.under(seen, slices), crosshair(seen)]
        wordy = replace(
            seen,
            cells=tuple(replace(cell, no_data=None) for cell in seen.cells),
            place="",
            cross=(),
            slice=(),
        )
        if self._words[0] != (wordy, ratio, veiled):
            self._words = (wordy, ratio, veiled), _words(wordy, ratio, veiled)
        first = seen.cells[0].layout.place if seen.cells else None
        place = seen.place, first, seen.size, seen.background, ratio
        if self._place[0] != place:
            self._place = place, _place(seen, ratio)
        return [one for one in (*found, self._words[1], self._place[1]) if one is not None]

    def _hatches(self, seen: Seen, ratio: float) -> list[Drawing | None]:
        before, self._hatched = self._hatched, {}
        for cell in seen.cells if seen.slice else ():
            if cell.no_data is not None:
                key = cell.layout, cell.no_data, seen.slice, seen.size, ratio
                if key not in before:
                    before[key] = hatch(seen, cell.layout, cell.no_data, ratio)
                self._hatched[key] = before[key]
        return list(self._hatched.values())


def _words(seen: Seen, ratio: float, veiled: bool) -> Drawing | None:
    """Return texts, colour bars, scale and ring of all cells; over a ground where it is veiled."""
    whole = Rect(0, 0, *seen.size)
    image, painter = _begin(whole, ratio)
    if veiled:
        image.fill(_color(seen.background))
    if seen.mark is not None:
        for cell in seen.cells:
            _paint_mark(painter, seen, cell.layout, seen.mark)
    for cell in seen.cells:
        _paint_cell(painter, seen, cell.layout, cell.text)
        x, y = cell.layout.cell.middle
        for one in seen.words:
            room = Rect(x + one.x - _REACH, y + one.y - one.size, 2 * _REACH, 2 * one.size)
            _write(painter, seen, room, one.text, one.size)
    if seen.cells:
        _paint_scale(painter, seen, seen.cells[0].layout)
    return _end(seen, image, painter, whole)


def _place(seen: Seen, ratio: float) -> Drawing | None:
    """Return which slice is seen: painted apart, as it is another one with every step."""
    rect = seen.cells[0].layout.place if seen.cells else None
    if rect is None or not seen.place:
        return None
    x, y = np.floor((rect.x, rect.y)).tolist()  # where pixels begin
    room = Rect(x, y, *np.ceil((rect.x + rect.width - x, rect.y + rect.height - y)).tolist())
    image, painter = _begin(room, ratio)
    _write(painter, seen, rect, seen.place, _SMALL, "left")
    return _end(seen, image, painter, room)


def _begin(rect: Rect, ratio: float) -> tuple[Any, Any]:
    """Return an image of a part of the canvas, and a painter for the canvas's pixels."""
    from qtpy.QtGui import QImage, QPainter

    width, height = (max(1, round(side * ratio)) for side in (rect.width, rect.height))
    image = QImage(width, height, QImage.Format.Format_RGBA8888_Premultiplied)
    image.fill(0)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    painter.translate(-rect.x, -rect.y)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    return image, painter


def _end(seen: Seen, image: Any, painter: Any, rect: Rect) -> Drawing:
    painter.end()
    found = image.constBits().asarray(image.sizeInBytes())
    pixels = np.frombuffer(found, np.uint8).reshape(image.height(), image.width(), 4).copy()
    start, size = np.array((rect.y, rect.x)), np.array((rect.height, rect.width))
    return placed(pixels, parts_of(pixels), start, size, rect, seen.size)


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


def _paint_scale(painter: Any, seen: Seen, layout: CellLayout) -> None:
    from qtpy.QtCore import QRectF

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
            ((0, -1), (bar.x + bar.width / 2, bar.y)),
        )
    else:
        body = QRectF(bar.x + arrow, bar.y, long, bar.height)
        tips = (
            ((-1, 0), (bar.x, bar.y + bar.height / 2)),
            ((1, 0), (bar.x + bar.width, bar.y + bar.height / 2)),
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
