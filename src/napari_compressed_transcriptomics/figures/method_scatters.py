"""Scatter plots of several methods' latents beside each other, a panel a method."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.reconstruction.latent_space import LEVELS, Coloring
from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents

from .latent_plot import NO_VALUE, palette_of, point_size
from .plots import blank_figure, plain, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_NAMES = 24
_SMOOTHEST = 6000  # points of all panels; more are a picture in SVG and PDF, which stay small
CAPTION = "one dot per sample; the sign of each component is arbitrary"


def columns_of(n_panels: int) -> int:
    """Return in how many columns to lay out so many panels: at most six."""
    return next((columns for most, columns in _COLUMNS if n_panels <= most), 6)


_COLUMNS = ((1, 1), (4, 2), (6, 3), (8, 4), (10, 5))


def latent_panels(
    latents: Sequence[NamedLatents],
    coloring: Coloring,
    figure: "Figure | None" = None,
    foreground: str = "black",
) -> "Figure":
    """Plot component 1 against 2 of each method, all coloured by the same.

    Parameters
    ----------
    latents : sequence of NamedLatents
        Those of a single component are left out.
    coloring : Coloring
        Of all samples of all `latents`, one set after the other (`latent_space.joined`). Small
        regions and high values are drawn last; samples without a value are grey.
    figure, foreground
        Where to draw, and the colour of text: see `plots`.
    """
    shown = [one for one in latents if one.latent_size > 1]
    n_columns = columns_of(len(shown))
    n_rows = max(1, -(-len(shown) // n_columns))
    figure = blank_figure(figure, (2.6 * n_columns + 1, 2.5 * n_rows + 0.7))
    if not shown:
        return figure
    color = np.full((len(coloring.values), 4), np.nan)
    order = np.zeros(len(color), int)  # which is drawn first
    palette = palette_of(coloring, foreground)
    groups, drawn = coloring.groups(), 0
    for group, rows in groups:
        color[rows] = (*(palette[group] if group >= 0 else _grey()), 1)
        order[rows] = np.arange(drawn, drawn + len(rows))
        drawn += len(rows)
    starts = np.cumsum([0, *(len(one.values) for one in latents)])
    n_points = sum(len(one.values) for one in shown)
    all_axes = np.ravel(figure.subplots(n_rows, n_columns, squeeze=False))
    for axes in all_axes[len(shown) :]:
        axes.set_axis_off()
    panels = [(one, start) for one, start in zip(latents, starts, strict=False) if one in shown]
    for place, (axes, (one, start)) in enumerate(zip(all_axes, panels, strict=False)):
        rows = start + np.argsort(order[start : start + len(one.values)])
        axes.scatter(
            *one.values[rows - start, :2].T,
            s=(0.8 * point_size(len(rows))) ** 2,
            c=color[rows],
            linewidths=0,
            rasterized=n_points > _SMOOTHEST,
        )
        axes.set_title(one.title, color=foreground, fontsize=10)
        if place + n_columns >= len(shown):
            axes.set_xlabel("component 1", color=foreground, fontsize=8)
        if place % n_columns == 0:
            axes.set_ylabel("component 2", color=foreground, fontsize=8)
        axes.locator_params(nbins=4)
        plain(axes, foreground)
    figure.supxlabel(CAPTION, color=foreground, fontsize=8)
    if coloring.names is None:
        _bar(figure, all_axes, coloring, palette, foreground)
    else:
        _names(figure, coloring, [group for group, _ in groups if group >= 0], palette, foreground)
    return figure


def _grey() -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(NO_VALUE)


def _bar(
    figure: "Figure", axes: np.ndarray, coloring: Coloring, palette: np.ndarray, foreground: str
) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    assert len(palette) == LEVELS
    scale = ScalarMappable(Normalize(*coloring.limits), ListedColormap(palette))
    bar = figure.colorbar(scale, ax=list(axes), fraction=0.03, pad=0.01, aspect=35)
    bar.set_label(shortened(coloring.title, 60), color=foreground, fontsize=9)
    bar.ax.tick_params(colors=foreground, labelsize=8)
    bar.outline.set_visible(False)  # type: ignore[operator]


def _names(
    figure: "Figure", coloring: Coloring, largest: list[int], palette: np.ndarray, foreground: str
) -> None:
    """Name the largest regions at the right, by size."""
    from matplotlib.lines import Line2D

    assert coloring.names is not None
    named = largest if len(largest) <= _MAX_NAMES else largest[: _MAX_NAMES - 1]
    style: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 5}
    handles = [
        Line2D([], [], color=palette[group], label=shortened(coloring.names[group], 24), **style)
        for group in named
    ]
    if len(named) < len(largest):
        more = f"and {len(largest) - len(named)} more"
        handles.append(Line2D([], [], color="none", label=more, **style))
    figure.legend(
        handles=handles,
        loc="outside right upper",
        title=shortened(coloring.title, 28),
        frameon=False,
        fontsize=8,
        labelcolor=foreground,
        title_fontproperties={"size": 9},
    ).get_title().set_color(foreground)
