"""Figures of maps in the brain: slices and 3-D views with one colour scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.display_range import error_range, symmetric_range

from .plots import blank_figure, plain_colorbar
from .slices import BrainSpace, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ERROR_3D = ("the left", "the right", "the front", "behind", "above", "below")
_COMPONENT_3D = ("the left", "the right", "above")
_LARGEST = ("the right", "behind", "above")  # from opposite sides it is the same, mirrored
_OUTLINE = (0.5, 0.5, 0.5, 0.55)


@dataclass(frozen=True)
class Scale:
    """How values become colours; both maps are safe for the colour-blind.

    Attributes
    ----------
    colormap : str
        Of matplotlib.
    low, high : float
        Values at the ends; what lies beyond gets the end's colour.
    label : str
        What the values are, with their unit.
    """

    colormap: str
    low: float
    high: float
    label: str

    @classmethod
    def of_error(cls, rmse: np.ndarray) -> "Scale":
        """Return that of errors: 0 to their 99th percentile."""
        return cls("inferno", *error_range(rmse), "RMSE")

    @classmethod
    def of_component(cls, values: np.ndarray, label: str) -> "Scale":
        """Return that of latents: symmetric about the mean, as far as 99 % of them reach."""
        middle, reach = map(float, symmetric_range(values))
        return cls("RdBu_r", middle - reach, middle + reach, label)

    @property
    def extend(self) -> str:
        """Return at which ends of the colorbar values may lie beyond."""
        return "max" if self.low == 0 else "both"

    def mappable(self) -> Any:
        """Return matplotlib's ScalarMappable."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        return ScalarMappable(Normalize(self.low, self.high), self.colormap)


Rows = list[list[Picture]]


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
    rows: Sequence[Sequence[Picture]],
    volume: np.ndarray,
    scale: Scale,
    figure: "Figure | None" = None,
    foreground: str = "black",
) -> "Figure":
    """Draw pictures of one map in rows, all at the same size a millimetre, with a colorbar.

    Parameters
    ----------
    rows : sequence of sequences of Picture
    volume : ndarray, shape (x, y, z)
        NaN outside.
    scale : Scale
    figure, foreground
        Where to draw, and the colour of text: see `plots`.

    Returns
    -------
    matplotlib.figure.Figure
        9.5 inches wide.
    """
    width, bar, title = 9.5, 0.75, 0.24  # inches: of all, of the colorbar, above a row
    columns = max(map(len, rows))
    cell = 1.22 * max(picture.size[0] for row in rows for picture in row)  # letters have room
    inch = (width - bar) / columns / cell  # inches a mm
    heights = [max(picture.size[1] for picture in row) * inch + title for row in rows]
    figure = blank_figure(figure, (width, sum(heights)))
    figure.set_layout_engine("none")
    figure.set_size_inches(width, sum(heights))
    mappable = scale.mappable()
    top = sum(heights)
    for row, height in zip(rows, heights, strict=True):
        for column, picture in enumerate(row):
            w, h = (side * inch for side in picture.size)
            x = (column + 0.5) * cell * inch - w / 2
            y = top - title - (height - title) / 2 - h / 2
            box = (x / width, y / sum(heights), w / width, h / sum(heights))
            _draw_one(figure.add_axes(box), picture, volume, mappable, foreground)
        top -= height
    _draw_bar(figure, scale, 1 - 0.85 * bar / width, foreground)
    return figure


def _draw_one(
    axes: Any, picture: Picture, volume: np.ndarray, mappable: Any, foreground: str
) -> None:
    values = picture.values(volume)
    colours = mappable.to_rgba(values)
    colours[..., :3] *= picture.light[..., None]
    colours[..., 3] = np.isfinite(values)
    colours[_outline(np.isfinite(values))] = _OUTLINE
    axes.imshow(colours, origin="lower", interpolation="none", aspect="auto")
    axes.axis("off")
    style = {"color": foreground, "fontsize": 7.5, "transform": axes.transAxes}
    axes.text(0.5, 1.01, picture.title, ha="center", va="bottom", **style)
    for x, letter, align in ((0, picture.left, "right"), (1, picture.right, "left")):
        axes.text(x, 0.5, letter, ha=align, va="center", fontweight="bold", **style)


def _outline(inside: np.ndarray) -> np.ndarray:
    """Return the pixels just outside, so that near-white values end visibly."""
    around = np.zeros_like(inside)
    around[1:] |= inside[:-1]
    around[:-1] |= inside[1:]
    around[:, 1:] |= inside[:, :-1]
    around[:, :-1] |= inside[:, 1:]
    return around & ~inside


def _draw_bar(figure: "Figure", scale: Scale, left: float, foreground: str) -> None:
    from matplotlib.ticker import MaxNLocator

    height = min(0.7, 1.6 / figure.get_size_inches()[1])
    axes = figure.add_axes((left, 0.5 - height / 2, 0.012, height))
    ticks = MaxNLocator(4)
    bar = figure.colorbar(scale.mappable(), cax=axes, extend=scale.extend, ticks=ticks)
    plain_colorbar(bar, scale.label, foreground)
