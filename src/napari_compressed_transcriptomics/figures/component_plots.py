"""Figures of what components do; see `plots` for their form."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.reconstruction.latent_change import largest_changes

from .plots import BLUE, VERMILION, blank_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def change_bars(
    genes: Sequence[str],
    change: np.ndarray,
    figure: "Figure | None" = None,
    foreground: str = "black",
) -> "Figure":
    """Plot the ten genes that rise most and the ten that fall most as bars.

    Parameters
    ----------
    genes : sequence of str
        Symbols.
    change : ndarray, shape (n_genes,)
        In units of the data.
    figure, foreground
        Where to draw, and the colour of text: see `plots`.

    Returns
    -------
    matplotlib.figure.Figure
        Vermilion to the right for rises, blue to the left for falls; empty where nothing changes.
        The title has the root mean square of the change over all genes.
    """
    figure = blank_figure(figure, (3.4, 4.2))
    shown = largest_changes(change)
    if not len(shown):
        return figure
    rms = float(np.sqrt(np.square(change, dtype=float).mean()))
    title = f"RMS over {len(change):,} genes: {rms:.3g}"
    axes = plain_axes(figure, foreground, title=title, x="change, in units of the data")
    values, rows = change[shown], np.arange(len(shown))
    axes.barh(rows, values, color=np.where(values > 0, VERMILION, BLUE), height=0.75)
    axes.axvline(0, color=foreground, linewidth=0.8)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
    beside = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    for row, index in enumerate(shown):  # much faster than tick labels
        axes.text(-0.02, row, genes[index], color=foreground, fontsize=7.5, **beside)
    return figure
