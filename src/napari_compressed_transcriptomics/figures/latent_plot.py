"""Scatter of samples in latent space, as a matplotlib Figure for windows, reports and scripts.

Points of the same colour are drawn as one line of markers, which matplotlib does in a sixth of
the time that its own ``scatter`` takes. Places are set in pixels instead of by a layout engine,
which would double the time of each drawing.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.reconstruction.latent_space import (
    LEVELS,
    Coloring,
    category_colors,
)

from .plots import blank_figure, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_VALUE = "#808080"
_FADED = 0.2  # opacity of what is not selected

_LEGEND_ROWS = 4  # of two names each


def latent_scatter(
    points: np.ndarray,
    coloring: Coloring,
    components: tuple[int, int] = (0, 1),
    figure: "Figure | None" = None,
    foreground: str = "black",
    selected: np.ndarray | None = None,
) -> "Figure":
    """Plot samples in the plane of two components.

    Parameters
    ----------
    points : ndarray, shape (n_samples, 2)
        Two columns of the latents.
    coloring : Coloring
        What the colours stand for: a bar on top tells, or a legend of the largest regions.
        Samples without a value are grey. Small regions and high values are drawn last.
    components : (int, int)
        Which columns these are, counted from 0, for the axes' names.
    figure : matplotlib.figure.Figure, optional
        Drawn into; a new one where not given. It is empty, or this function drew it before:
        then its axes stay, with lines that were added to them.
    foreground : str
        Colour of text and axes; the background is transparent.
    selected : ndarray of bool, shape (n_samples,), optional
        The other points fade.

    Returns
    -------
    matplotlib.figure.Figure
        Made for its size: after a change of size draw it anew.
    """
    from matplotlib.figure import Figure

    figure = figure or Figure(figsize=(3.4, 3.9))
    axes = _axes(figure)
    left, bottom, wide, high = _place(figure, 36 if coloring.names is None else 66)
    axes.set_position((left, bottom, wide, high))
    palette = palette_of(coloring, foreground)
    groups = coloring.groups()
    strong = np.ones(len(points), bool) if selected is None else selected
    parts = [
        (points[rows[strong[rows] == of_strong]], color, 1 if of_strong else _FADED)
        for of_strong in (False, True)
        for color, rows in groups
    ]
    axes.add_artist(_points(parts, palette, point_size(len(points))))
    for which, values in (("x", points[:, 0]), ("y", points[:, 1])):
        low, high_end = values.min(), values.max()
        margin = 0.04 * (high_end - low) or 0.5
        axes.set(**{f"{which}lim": (low - margin, high_end + margin)})
    axes.set_xlabel(f"component {components[0] + 1}", color=foreground, fontsize=9)
    axes.set_ylabel(f"component {components[1] + 1}", color=foreground, fontsize=9)
    axes.tick_params(colors=foreground, labelsize=8)
    for spine in axes.spines.values():
        spine.set_color(foreground)
    largest = [color for color, _ in groups if color >= 0]
    _legend(figure, (left, left + wide), coloring, palette, largest, foreground)
    return figure


def point_size(n: int) -> float:
    """Return the diameter in pt at which `n` points can be told apart."""
    return float(np.clip(40 / max(n, 1) ** 0.3, 1.8, 7))


def _axes(figure: "Figure") -> Any:
    """Return the axes of a figure drawn before, without points and legend, else new ones."""
    if figure.axes:
        for artist in (*figure.axes[0].artists, *figure.lines, *figure.texts, *figure.artists):
            artist.remove()
        return figure.axes[0]
    blank_figure(figure).set_layout_engine("none")
    axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
    axes.patch.set_alpha(0)
    axes.spines[["right", "top"]].set_visible(False)
    axes.locator_params(nbins=4)
    return axes


def _points(parts: list[tuple[np.ndarray, int, float]], palette: np.ndarray, size: float) -> Any:
    """Return an artist that draws points (n, 2), each part in its colour and opacity.

    Parameters
    ----------
    parts : list of (points, colour's row in `palette` or -1, opacity)
    palette : ndarray, shape (n, 3)
    size : float
        Diameter in pt.
    """
    from matplotlib.artist import Artist
    from matplotlib.colors import to_rgb
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    drawn = [
        (Path(points), palette[color] if color >= 0 else to_rgb(NO_VALUE), alpha)
        for points, color, alpha in parts
        if len(points)
    ]

    class Points(Artist):
        def draw(self, renderer: Any) -> None:
            axes: Any = self.axes
            disc = Affine2D().scale(renderer.points_to_pixels(size) / 2)
            context = renderer.new_gc()
            context.set_linewidth(0)
            context.set_clip_rectangle(axes.bbox)
            for path, color, alpha in drawn:
                context.set_alpha(alpha)
                renderer.draw_markers(
                    context, Path.unit_circle(), disc, path, axes.transData, tuple(color)
                )
            context.restore()

    return Points()


def _place(figure: "Figure", above: float) -> tuple[float, float, float, float]:
    """Return where the axes go: a square where there is room, so many pt below the top."""
    width, height = (length * 72 / figure.dpi for length in figure.bbox.bounds[2:])
    left, right, below = 44, 8, 34
    wide = max(width - left - right, 20)
    high = max(min(height - above - below, 1.15 * wide), 20)
    return left / width, (height - above - high) / height, wide / width, high / height


def palette_of(coloring: Coloring, foreground: str) -> np.ndarray:
    """Return the colours, (n, 3), that `Coloring.groups` counts.

    Of viridis, whose high values are light in the brain, too, without the end that could not
    be told from the background.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    if coloring.names is not None:
        return category_colors(len(coloring.names))
    on_dark = sum(to_rgb(foreground)) > 1.5
    low, high = (0.15, 1.0) if on_dark else (0.0, 0.92)
    return colormaps["viridis"](np.linspace(low, high, LEVELS))[:, :3]


def _legend(
    figure: "Figure",
    span: tuple[float, float],
    coloring: Coloring,
    palette: np.ndarray,
    largest: list[int],
    color: str,
) -> None:
    """Show on top, from `span` left to right, which value or which region a colour means."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    left, right = span
    point = figure.dpi / 72 / figure.bbox.height  # as a part of the height
    text: dict[str, Any] = {"color": color, "fontsize": 7.5, "va": "center"}
    title = shortened(coloring.title, 48)
    figure.text(left, 1 - 3 * point, title, color=color, fontsize=8.5, va="top")
    if coloring.names is None:
        edges, y = np.linspace(left, right, LEVELS + 1), 1 - 20 * point
        pieces = [[(x, y), (end, y)] for x, end in pairwise(edges)]
        figure.add_artist(LineCollection(pieces, colors=palette, linewidths=6, capstyle="butt"))
        low, high = coloring.limits
        for at, side in ((0, "left"), (0.5, "center"), (1, "right")):
            x = left + at * (right - left)
            figure.text(x, y - 9 * point, f"{low + at * (high - low):.3g}", ha=side, **text)
        return
    room = 2 * _LEGEND_ROWS
    entries = [(palette[group], shortened(coloring.names[group], 15)) for group in largest]
    if len(largest) > room:
        entries[room - 1 :] = [("none", f"and {len(largest) - room + 1} more")]
    for i, (dot, name) in enumerate(entries):
        column, row = divmod(i, _LEGEND_ROWS)
        x, y = left + column * (right - left) / 2, 1 - (22 + 11 * row) * point
        figure.add_artist(Line2D([x + 0.01], [y], marker="o", color=dot, markersize=5))
        figure.text(x + 0.03, y, name, **text)
