"""Where things lie in the cells of a canvas, in pixels: brains, titles, bars, letters, scale.

Pure functions: what they compute is what is painted, and what the camera is fitted to.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

TITLE, LETTER, BAR, NUMBERS, CAPTION = 18, 16, 9, 14, 15
"""Heights; a vertical bar is `BAR` wide, its numbers `NUMBERS_BESIDE`."""
NUMBERS_BESIDE = 46
_SIDE_LETTER = 22  # width; in 3-D there may be two
_GAP = 4
_LONGEST_BAR = 180
_LEAST_BRAIN = 24
LEAST_SCALE = 54
"""Least width for the scale bar with its number, and for the place of the slice."""


@dataclass(frozen=True)
class Rect:
    """A rectangle, in pixels from the canvas's upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        """Middle (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    def contains(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    def moved(self, x: float, y: float) -> "Rect":
        """Return it moved by (x, y)."""
        return Rect(self.x + x, self.y + y, self.width, self.height)


@dataclass(frozen=True)
class CellLayout:
    """Where the parts of a cell lie; None for what has no room.

    `place` and `scale` are for the slice's place and the scale bar, which one cell each shows.
    """

    cell: Rect
    brain: Rect
    title: Rect | None = None
    left: Rect | None = None
    right: Rect | None = None
    top: Rect | None = None
    bottom: Rect | None = None
    bar: Rect | None = None
    numbers: Rect | None = None
    caption: Rect | None = None
    place: Rect | None = None
    scale: Rect | None = None

    def parts(self) -> Iterator[tuple[str, Rect]]:
        """Return names and rectangles of all that has room, but the cell."""
        for field in fields(self):
            rect = getattr(self, field.name)
            if field.name != "cell" and rect is not None:
                yield field.name, rect

    def moved(self, x: float, y: float) -> "CellLayout":
        """Return it moved by (x, y)."""
        parts = {name: rect.moved(x, y) for name, rect in self.parts()}
        return CellLayout(self.cell.moved(x, y), **parts)


def lay_out(
    canvas: tuple[float, float],
    shape: tuple[int, int],
    aspect: float = 1.0,
    *,
    titled: bool = True,
    spacing: float = 0.0,
    even: bool = False,
    barred: bool = True,
    lettered: bool = True,
) -> list[CellLayout]:
    """Lay out all cells of a canvas, row by row.

    Parameters
    ----------
    canvas : (width, height)
        In pixels.
    shape : (rows, columns)
    aspect : float
        Width of what is shown over its height, in mm.
    titled : bool
        Whether cells have titles.
    spacing : float
        Pixels between cells.
    even : bool
        Leave as much room on the left as on the right, and above as below: what turns in 3-D
        turns about the middle of its cell.
    barred : bool
        Whether cells have colour bars and captions.
    lettered : bool
        Whether sides have letters.
    """
    rows, columns = shape
    width = (canvas[0] - spacing * (columns - 1)) / columns
    height = (canvas[1] - spacing * (rows - 1)) / rows
    kinds = {"titled": titled, "even": even, "barred": barred, "lettered": lettered}
    one = lay_out_cell(width, height, aspect, **kinds)
    return [
        one.moved(column * (width + spacing), row * (height + spacing))
        for row in range(rows)
        for column in range(columns)
    ]


def lay_out_cell(
    width: float,
    height: float,
    aspect: float,
    *,
    titled: bool = True,
    even: bool = False,
    barred: bool = True,
    lettered: bool = True,
) -> CellLayout:
    """Lay out one cell, its bar below or beside the brain: where the brain is larger.

    What leaves the brain no room is left out: first the caption, then the bar, then letters.
    """
    for captioned, with_bar, with_letters in (
        (True, True, lettered),
        (False, True, lettered),
        (False, False, lettered),
        (False, False, False),
    ):
        if with_bar and not barred:
            continue
        wanted = (captioned, with_letters, titled)
        below = _cell(width, height, "below" if with_bar else "", wanted, even)
        beside = _cell(width, height, "beside" if with_bar else "", wanted, even)
        best = max(below, beside, key=lambda one: brain_height(one.brain, aspect))
        enough = 0.3 * height if captioned else _LEAST_BRAIN
        if min(best.brain.height, best.brain.width) >= enough:
            break
    return best


def brain_height(room: Rect, aspect: float) -> float:
    """Return the height of a brain (width over height: `aspect`) that fills its room."""
    return min(room.height, room.width / aspect)


def _cell(
    width: float, height: float, bar: str, wanted: tuple[bool, bool, bool], even: bool
) -> CellLayout:
    captioned, lettered, titled = wanted
    parts: dict[str, Rect] = {}
    top, bottom, left, right = float(_GAP), float(_GAP), float(_GAP), float(_GAP)
    if titled and height > 3 * TITLE:
        parts["title"] = Rect(_GAP, top, width - 2 * _GAP, TITLE)
        top += TITLE
    if captioned:
        bottom += CAPTION
        parts["caption"] = Rect(_GAP, height - bottom, width - 2 * _GAP, CAPTION)
    if bar == "below":
        long = min(_LONGEST_BAR, width - 4 * _GAP)
        bottom += NUMBERS
        parts["numbers"] = Rect(_GAP, height - bottom, width - 2 * _GAP, NUMBERS)
        bottom += BAR
        parts["bar"] = Rect((width - long) / 2, height - bottom, long, BAR)
        bottom += _GAP
    if bar == "beside":
        right += NUMBERS_BESIDE + BAR + _GAP
    if lettered:
        middle = (width - left - right) / 2 + left
        parts["top"] = Rect(middle - _SIDE_LETTER / 2, top, _SIDE_LETTER, LETTER)
        top += LETTER
        bottom += LETTER
        parts["bottom"] = Rect(middle - _SIDE_LETTER / 2, height - bottom, _SIDE_LETTER, LETTER)
        half = middle - _SIDE_LETTER / 2 - _GAP - left
        if half >= LEAST_SCALE:
            parts["place"] = Rect(left, height - bottom, half, LETTER)
            parts["scale"] = Rect(width - right - half, height - bottom, half, LETTER)
        parts["left"] = Rect(left, 0, _SIDE_LETTER, LETTER)
        parts["right"] = Rect(width - right - _SIDE_LETTER, 0, _SIDE_LETTER, LETTER)
        left += _SIDE_LETTER
        right += _SIDE_LETTER
    if even:
        top = bottom = max(top, bottom)
        left = right = max(left, right)
    brain = Rect(left, top, max(1.0, width - left - right), max(1.0, height - top - bottom))
    for side in ("left", "right"):
        if side in parts:
            parts[side] = parts[side].moved(0, brain.middle[1] - LETTER / 2)
    if bar == "beside":
        long = max(1.0, min(_LONGEST_BAR, brain.height - NUMBERS))
        x = width - _GAP - NUMBERS_BESIDE - BAR
        parts["bar"] = Rect(x, brain.middle[1] - long / 2, BAR, long)
        up = parts["bar"].y - NUMBERS / 2
        parts["numbers"] = Rect(x + BAR, up, NUMBERS_BESIDE, long + NUMBERS)
    return CellLayout(Rect(0, 0, width, height), brain, **parts)
