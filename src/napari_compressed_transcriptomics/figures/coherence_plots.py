"""Figure of anatomical coherence: each measure of each component, by method and size."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import method_colors, short_title

from .plots import bar_with_dots, blank_figure, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_TITLES = {
    "regions": "variance explained by regions",
    "moran": "Moran's I",
    "symmetry": "correlation of hemispheres",
}


def coherence_dots(
    table: "pd.DataFrame", figure: "Figure | None" = None, foreground: str = "black"
) -> "Figure":
    """Plot a dot per component, and a bar at their median.

    Dots are filled where p is at most 0.05, which only the measure ``regions`` has.

    Parameters
    ----------
    table : DataFrame
        As `coherence.coherence_table` makes it; rows for ``all`` components are not drawn.
    figure, foreground
        Where to draw, and the colour of text: see `plots`.
    """
    table = table[table["component"] != "all"]
    measures = [m for m in _TITLES if (table["measure"] == m).any()]
    rows = list(dict.fromkeys(zip(table["method"], table["latent_size"], strict=True)))
    colors = method_colors(table["method"])
    height = 0.4 + max(1, len(measures)) * (0.7 + 0.22 * len(rows))
    figure = blank_figure(figure, (4.2, height))
    if not measures:
        return figure
    all_axes = np.atleast_1d(figure.subplots(len(measures), 1))
    for axes, measure in zip(all_axes, measures, strict=True):
        of_measure = table[table["measure"] == measure]
        for row, (method, size) in enumerate(rows):
            these = of_measure[
                (of_measure["method"] == method) & (of_measure["latent_size"] == size)
            ]
            numbers = these["value"].to_numpy(), these["p"].to_numpy()
            _row(axes, row, *numbers, colors[method], foreground)
        axes.axvline(0, color=foreground, linewidth=0.8)
        axes.set_yticks(range(len(rows)), [f"{short_title(name)}, {size}" for name, size in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_title(_TITLES[measure], color=foreground, fontsize=9)
        plain(axes, foreground)
    label = "dot: a component; bar: median"
    if "regions" in measures:
        label += "\nfilled: regions explain more than of smooth symmetric maps (p ≤ 0.05)"
    figure.supxlabel(label, color=foreground, fontsize=8)
    return figure


def _row(
    axes: Any, row: int, values: np.ndarray, p: np.ndarray, color: str, foreground: str
) -> None:
    finite = np.isfinite(values)
    values, p = values[finite], p[finite]
    if not values.size:
        return
    bar_with_dots(axes, row, float(np.median(values)), values, p <= 0.05, (color, foreground))
