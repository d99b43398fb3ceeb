"""The figure of a comparison: error on held-out samples against the number of components."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import METHODS, method_colors
from napari_compressed_transcriptomics.study.compare_summary import distances

from .plots import blank_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_compressed_transcriptomics.study.compare_score import Score

MIN_FOR_BOX = 5
_WIDE = 4.5  # inches


def error_by_size(
    scores: "Sequence[Score]", figure: "Figure | None" = None, foreground: str = "black"
) -> "Figure":
    """Plot held-out RMSE against the number of components, a box per method.

    A box holds the middle half of the folds, its line is their median, and its whiskers reach
    all of them; each fold is a dot. With fewer than five folds there are only dots, and a line
    at their mean. One panel a split, with the same scale; its title tells how far away training
    samples were.

    Parameters
    ----------
    scores : sequence of Score
    figure, foreground
        Where to draw, and the colour of text: see `plots`.
    """
    from matplotlib.patches import Patch

    splits = [s for s in ("blocks", "random") if any(score.split == s for score in scores)]
    height = 0.8 + 2.4 * max(1, len(splits))
    figure = blank_figure(figure, (5.4, height))
    if not splits:
        return figure
    methods = [name for name in METHODS if any(score.method == name for score in scores)]
    colors = method_colors(methods)
    sizes = sorted({score.latent_size for score in scores})
    apart = distances(scores)
    all_axes = np.atleast_1d(figure.subplots(len(splits), 1, sharex=True, sharey=True))
    for axes, split in zip(all_axes, splits, strict=True):
        _panel(axes, [score for score in scores if score.split == split], colors, sizes)
        how = "blocks of space held out" if split == "blocks" else "random samples held out"
        about = f"{how}\n{apart[split].short}" if split in apart else how
        axes.set_title(about, color=foreground, fontsize=8)
        axes.set_ylabel("held-out RMSE", color=foreground, fontsize=9)
        axes.set_xticks(range(len(sizes)), map(str, sizes))
        axes.set_xlim(-0.5, len(sizes) - 0.5)
        axes.set_ylim(bottom=0)
        for between in range(1, len(sizes)):
            axes.axvline(between - 0.5, color=foreground, linewidth=0.4, alpha=0.3)
        plain(axes, foreground)
    all_axes[-1].set_xlabel("number of components", color=foreground, fontsize=9)
    figure.legend(
        handles=[Patch(color=color, label=METHODS[name].title) for name, color in colors.items()],
        loc="outside lower center",
        ncols=min(3 if figure.get_figwidth() > _WIDE else 2, len(methods)),
        frameon=False,
        fontsize=8,
        labelcolor=foreground,
    )
    return figure


def _panel(axes: "Axes", scores: "list[Score]", colors: dict[str, str], sizes: list[int]) -> None:
    width = 0.8 / len(colors)
    for place, (method, color) in enumerate(colors.items()):
        at = {}
        for column, size in enumerate(sizes):
            rmse = [s.rmse for s in scores if (s.method, s.latent_size) == (method, size)]
            if rmse:
                at[column + (place - (len(colors) - 1) / 2) * width] = rmse
        half = 0.4 * width
        boxes = {x: rmse for x, rmse in at.items() if len(rmse) >= MIN_FOR_BOX}
        if boxes:
            style = {"color": color, "linewidth": 1}
            axes.boxplot(
                list(boxes.values()),
                positions=list(boxes),
                widths=2 * half,
                whis=(0, 100),
                showcaps=False,
                manage_ticks=False,
                patch_artist=True,
                boxprops={"facecolor": color, "alpha": 0.4, "edgecolor": color},
                medianprops={**style, "linewidth": 2},
                whiskerprops=style,
            )
        for x, rmse in at.items():
            if x not in boxes:
                mean = float(np.mean(rmse))
                axes.plot([x - half, x + half], [mean, mean], color=color, linewidth=2)
            axes.plot(np.full(len(rmse), x), rmse, "o", color=color, markersize=2.5)
