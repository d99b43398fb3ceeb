"""Figures of the genes that are given back worst and best; see `plots` for their form."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .plots import BLUE, VERMILION, blank_figure, plain, worst_first

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GENES = 12
"""At each end."""


def gene_extremes(
    genes: Sequence[str],
    rmse: np.ndarray,
    held_out: np.ndarray | None = None,
    figure: "Figure | None" = None,
    foreground: str = "black",
) -> "Figure":
    """Plot the error of the genes that are given back worst, and of those given back best.

    Parameters
    ----------
    genes : sequence of str
        Symbols.
    rmse : ndarray, shape (n_genes,)
        In the units of the data; NaN is left out.
    held_out : ndarray, shape (n_genes,), optional
        held-out RMSE.
    figure, foreground
        Where to draw, and the colour of text: see `plots`.
    """
    order = worst_first(rmse)
    n = min(GENES, len(order))
    ends = {"the largest error": order[:n], "the smallest error": order[::-1][:n][::-1]}
    figure = blank_figure(figure, (3.4, 1.1 + 0.3 * max(n, 3)))
    both = figure.subplots(2, 1, sharex=True)
    for axes, (title, rows) in zip(both, ends.items(), strict=True):
        at = np.arange(len(rows))
        axes.hlines(at, 0, 1, transform=axes.get_yaxis_transform(), color=foreground, alpha=0.12)
        axes.plot(rmse[rows], at, "o", color=BLUE, markersize=5, label="on the data fitted to")
        if held_out is not None:
            axes.plot(
                held_out[rows], at, "D", color=VERMILION, markersize=4, label="on held-out samples"
            )
        axes.set_yticks(at, [genes[i] for i in rows], fontsize=7.5)
        axes.set_ylim(max(len(rows), 3) - 0.4, -0.6)
        axes.set_title(f"{len(rows)} genes with {title}", color=foreground, fontsize=8)
        plain(axes, foreground)
        axes.tick_params(axis="y", length=0, labelsize=7.5)
        axes.spines["left"].set_visible(False)
        axes.locator_params(axis="x", nbins=4)
        axes.margins(x=0.08)
    both[1].set_xlabel("RMSE (units of the data)", color=foreground, fontsize=8)
    if held_out is not None:
        figure.legend(
            *both[0].get_legend_handles_labels(),
            loc="outside lower center",
            frameon=False,
            fontsize=8,
            labelcolor=foreground,
        )
    return figure
