"""Figures of one sample: its genes, original against reconstruction, and its latents."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.reconstruction.sample_profile import SampleProfile

from .plots import BLUE, VERMILION, blank_figure, count_colorbar, plain_axes, sequential_colormap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LABEL_HEIGHT = 0.062  # of the axes


def profile_plot(
    profile: SampleProfile, figure: "Figure | None" = None, foreground: str = "black"
) -> "Figure":
    """Plot a sample's genes, original against reconstruction, and name the worst.

    Colour is the number of genes in a cell, logarithmic; on the dashed line the reconstruction
    is the original. The worst genes are ringed: above the line the reconstruction is too high.

    Parameters
    ----------
    profile : SampleProfile
    figure, foreground
        Where to draw, and the colour of text: see `plots`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = blank_figure(figure, size=(3.4, 3.0))
    axes = plain_axes(figure, foreground, x="original expression", y="reconstruction")
    known = ~np.isnan(profile.original)
    original, reconstructed = profile.original[known], profile.reconstructed[known]
    low, high = _limits(np.concatenate([original, reconstructed]))
    cells = axes.hexbin(
        original,
        reconstructed,
        gridsize=36,
        bins="log",
        mincnt=1,
        extent=(low, high, low, high),
        cmap=sequential_colormap(foreground),
        linewidths=0,
    )
    axes.plot([low, high], [low, high], "--", color=foreground, linewidth=0.8, alpha=0.7)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    place = {"ax": axes, "fraction": 0.045, "pad": 0.02}
    count_colorbar(figure, cells, max(cells.get_array(), default=1), "genes", foreground, **place)
    _name_genes(axes, profile, foreground)
    return figure


def latents_plot(
    profile: SampleProfile, figure: "Figure | None" = None, foreground: str = "black"
) -> "Figure":
    """Plot a sample's latents as bars: blue above zero, vermilion below.

    A short line marks each component's mean over all samples. Components count from 1, and
    latents have no unit.
    """
    from matplotlib.ticker import MaxNLocator

    figure = blank_figure(figure, size=(3.4, 1.5))
    axes = plain_axes(figure, foreground, x="component", y="latent value")
    values = profile.latents
    k = np.arange(1, len(values) + 1)
    axes.bar(k, values, width=0.8, color=np.where(values < 0, VERMILION, BLUE))
    axes.hlines(profile.latents_mean, k - 0.4, k + 0.4, color=foreground, linewidth=1)
    axes.axhline(0, color=foreground, linewidth=0.6)
    axes.set_title("line: mean of all samples", color=foreground, fontsize=8)
    axes.set_xlim(0.4, len(values) + 0.6)
    if len(values) <= 16:
        axes.set_xticks(k)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return figure


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 0.5
    return low - margin, high + margin


def _name_genes(axes: Any, profile: SampleProfile, foreground: str) -> None:
    """Ring the worst genes; their names stand in the corners that the diagonal leaves free."""
    worst = profile.worst_genes()
    x, y = profile.original[worst], profile.reconstructed[worst]
    axes.plot(x, y, "o", markersize=5, fillstyle="none", color=VERMILION, markeredgewidth=1.2)
    for above in (True, False):
        side = np.flatnonzero((y > x) == above)
        side = side[np.argsort(-y[side], kind="stable")]  # lines to the names do not cross
        top = 0.97 if above else _LABEL_HEIGHT * (len(side) - 0.5)
        for row, index in enumerate(side):
            height = top - _LABEL_HEIGHT * row
            label = axes.annotate(
                profile.genes[worst[index]],
                (x[index], y[index]),
                xytext=(0.015 if above else 0.985, height),
                textcoords="axes fraction",
                ha="left" if above else "right",
                va="center",
                fontsize=7,
                color=foreground,
                arrowprops={"arrowstyle": "-", "color": foreground, "linewidth": 0.4, "alpha": 0.6},
            )
            label.set_in_layout(False)  # laying out ten labels costs more than drawing them
