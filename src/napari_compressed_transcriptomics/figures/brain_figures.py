"""Figures of maps in the brain: slices, surfaces and 3-D views beside their colour scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError

from .hatching import LEGEND, hatch
from .plots import blank_figure, plain_colorbar
from .scale import Scale
from .slices import BrainSpace, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .surface_pictures import SurfacePicture

_ERROR_3D = ("the left", "the right", "the front", "behind", "above", "below")
_COMPONENT_3D = ("the left", "the right", "above")
_LARGEST = ("the right", "behind", "above")  # from opposite sides it is the same, mirrored
_OUTLINE = (0.5, 0.5, 0.5, 0.55)
_CROSS = "#00B4A0"  # in none of inferno, viridis and blue-red
_LEAST = 0.25  # inches of a picture
_BAR = 13  # least height of a colour bar with its label, in font sizes
_LETTERS = 21  # that fit beside it
_POINT = 1 / 72  # inches

Rows = Sequence[Sequence["Picture | SurfacePicture"]]


@dataclass(frozen=True, eq=False)
class Panel:
    """Pictures of one map, with its scale."""

    rows: Rows
    volume: Any
    """What the pictures take values from; NaN where there are none. Shape (x, y, z), or SurfaceMap,
    an array."""
    scale: Scale
    title: str = ""
    """Above the pictures, if any."""


@dataclass(frozen=True)
class Look:
    """How a figure looks."""

    width: float = 9.5
    """Inches; the height follows."""
    font: float = 7.5
    """Size of text in points."""
    foreground: str = "black"
    """Colour of text."""
    outline: bool = True
    letters: bool = True
    colorbar: bool = True
    captions: bool = True
    """`outline`, `letters`, `colorbar`, `captions`: see `FigureRequest`."""


def slice_rows(space: BrainSpace) -> Rows:
    """Return six axial, six coronal and six sagittal slices, spaced evenly over the brain."""
    return [space.slices(plane, 6) for plane in ("axial", "coronal", "sagittal")]


def view_rows(space: BrainSpace, volume: np.ndarray) -> Rows:
    """Return the surface from six sides, and the largest value along each line of sight."""
    surfaces = [space.surface(side) for side in _ERROR_3D]
    return [surfaces, [space.projection(side, volume) for side in _LARGEST]]


def component_rows(space: BrainSpace) -> Rows:
    """Return what is shown of each component: three slices and three sides."""
    slices = [space.slices(plane)[0] for plane in ("axial", "coronal", "sagittal")]
    return [slices + [space.surface(side) for side in _COMPONENT_3D]]


def draw(
    panels: Sequence[Panel], look: Look = Look(), title: str = "", figure: "Figure | None" = None
) -> "Figure":
    """Draw maps one below the other, all pictures at the same size a millimetre.

    Maps of the same scale share one colour bar, in the middle of them.

    Parameters
    ----------
    panels : sequence of Panel
    look : Look, optional
    title : str, optional
        Of the whole figure.
    figure : matplotlib.figure.Figure, optional
        Drawn into after clearing; a new one where not given.

    Returns
    -------
    matplotlib.figure.Figure
        ``look.width`` inches wide.

    Raises
    ------
    UserError
        The pictures would be too small to see anything.
    """
    line = 1.35 * look.font * _POINT
    rows = [row for panel in panels for row in panel.rows]
    columns = max(map(len, rows))
    lines = max(len(_label(panel.scale, _LETTERS)) for panel in panels)
    bar = (5.8 + 1.35 * lines) * look.font * _POINT if look.colorbar else 0.0
    letters = 1.6 * look.font * _POINT if look.letters else 2 * _POINT  # beside a picture
    cell = (look.width - bar) / columns
    inch = (cell - 2 * letters) / max(picture.size[0] for row in rows for picture in row)
    if inch * max(picture.size[0] for row in rows for picture in row) < _LEAST:
        raise UserError(
            f"{columns} pictures do not fit side by side into {look.width * 2.54:.1f} cm; show "
            "fewer, or make the figure wider or its text smaller"
        )
    caption = line if look.captions else 2 * _POINT
    heads = [1.3 * line if panel.title else 0.0 for panel in panels]
    heights = [
        [max(picture.size[1] for picture in row) * inch + caption for row in panel.rows]
        for panel in panels
    ]
    head = 1.6 * line if title else 0.0
    masks = [getattr(picture, "hatched", None) for row in rows for picture in row]
    hatched = look.captions and any(mask is not None and mask.any() for mask in masks)
    foot = (1.4 if hatched else 0.4) * line
    least = _BAR * look.font * _POINT if look.colorbar else 0.0  # of a colour bar with its label
    needed = head + sum(heads) + sum(map(sum, heights)) + foot
    total = max(needed, head + least + foot)
    figure = blank_figure(figure, (look.width, total))
    figure.set_layout_engine("none")
    figure.set_size_inches(look.width, total)
    if title:
        figure.text(
            0.5, 1 - 0.3 * line / total, title, ha="center", va="top",
            color=look.foreground, fontsize=1.15 * look.font,
        )  # fmt: skip
    if hatched:
        figure.text(
            letters / look.width, 0.3 * line / total, LEGEND,
            va="bottom", color=look.foreground, fontsize=look.font,
        )  # fmt: skip
    top = total - head - (total - needed) / 2
    spans = []
    for panel, above, row_heights in zip(panels, heads, heights, strict=True):
        begin = top
        if panel.title:
            x = letters / look.width
            style: dict[str, Any] = {"color": look.foreground, "fontsize": look.font}
            y = (top - 0.2 * line) / total
            figure.text(x, y, panel.title, va="top", fontweight="bold", **style)
        top -= above
        mappable = panel.scale.mappable()
        for row, height in zip(panel.rows, row_heights, strict=True):
            for column, picture in enumerate(row):
                w, h = (side * inch for side in picture.size)
                x = (column + 0.5) * cell - w / 2
                y = top - caption - (height - caption) / 2 - h / 2
                box = (x / look.width, y / total, w / look.width, h / total)
                _draw_one(figure.add_axes(box), picture, panel.volume, mappable, look)
            top -= height
        spans.append((panel.scale, begin - above, top))
    if look.colorbar:
        for scale, begin, end in _bars(spans):
            _draw_bar(figure, scale, look, (begin, end), total, bar)
    return figure


def _bars(spans: list[tuple[Scale, float, float]]) -> list[tuple[Scale, float, float]]:
    """Return each scale once where maps that follow each other share it, from where to where."""
    bars = spans[:1]
    for scale, begin, end in spans[1:]:
        if scale == bars[-1][0]:
            bars[-1] = (scale, bars[-1][1], end)
        else:
            bars.append((scale, begin, end))
    return bars


def _draw_one(
    axes: Any, picture: "Picture | SurfacePicture", volume: Any, mappable: Any, look: Look
) -> None:
    axes.imshow(
        colours_of(picture, volume, mappable, look.outline),
        origin="lower",
        interpolation="none",
        aspect="auto",
        extent=(0, 1, 0, 1),
    )
    axes.axis("off")
    if picture.mark is not None:
        x, y = picture.mark
        cross = {"color": _CROSS, "linewidth": 0.7}
        axes.axvline(x, 0.03, 0.97, **cross)
        axes.axhline(y, 0.03, 0.97, **cross)
    style = {"color": look.foreground, "fontsize": look.font, "transform": axes.transAxes}
    if look.captions:
        axes.text(
            0.5,
            1.01,
            picture.title.replace("-", "\N{MINUS SIGN}"),
            ha="center",
            va="bottom",
            **style,
        )
    if look.letters:
        for x, letter, align in ((0, picture.left, "right"), (1, picture.right, "left")):
            axes.text(x, 0.5, letter, ha=align, va="center", fontweight="bold", **style)


def colours_of(
    picture: "Picture | SurfacePicture", volume: Any, mappable: Any, outline: bool = True
) -> np.ndarray:
    """Return the colours of a picture of a map, RGBA in 0..1, shape (height, width, 4)."""
    values = picture.values(volume)
    known = np.isfinite(values)
    colours = mappable.to_rgba(values)
    colours[..., 3] = known
    if picture.under is not None:
        behind = ~known & np.isfinite(picture.under)
        colours[behind, :3] = picture.under[behind, None]
        colours[behind, 3] = 1
    hatched = getattr(picture, "hatched", None)
    if hatched is not None:
        hatch(colours, hatched)
    colours[..., :3] *= picture.light[..., None]
    if outline:
        around = _outline(colours[..., 3] > 0)
        colours[around] = _OUTLINE
    return colours


def _outline(inside: np.ndarray) -> np.ndarray:
    """Return the pixels just outside, so that near-white values end visibly."""
    around = np.zeros_like(inside)
    around[1:] |= inside[:-1]
    around[:-1] |= inside[1:]
    around[:, 1:] |= inside[:, :-1]
    around[:, :-1] |= inside[:, 1:]
    return around & ~inside


def _draw_bar(
    figure: "Figure", scale: Scale, look: Look, span: tuple[float, float], total: float, room: float
) -> None:
    """Draw a colour bar in the middle of a span of the height, in inches from below."""
    from matplotlib.ticker import MaxNLocator

    begin, end = span
    high = max(begin - end, _BAR * look.font * _POINT)
    middle = min(max((begin + end) / 2, high / 2), total - high / 2)
    length = min(0.72 * high, 22 * look.font * _POINT)
    width = look.font * _POINT
    left = look.width - room + 0.6 * look.font * _POINT
    axes = figure.add_axes(
        (left / look.width, (middle - length / 2) / total, width / look.width, length / total)
    )
    bar = figure.colorbar(scale.mappable(), cax=axes, extend=scale.extend, ticks=MaxNLocator(4))
    letters = max(_LETTERS, int(high / (0.6 * look.font * _POINT)))
    plain_colorbar(bar, "\n".join(_label(scale, letters)), look.foreground, look.font)


def _label(scale: Scale, letters: int) -> list[str]:
    """Return what stands beside a colour bar, in lines of so many letters."""
    from textwrap import wrap

    return wrap(scale.label, letters) or [""]
