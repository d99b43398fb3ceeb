"""Figures for windows, reports and scripts: matplotlib Figures, never pyplot.

Each takes a figure to draw into (a new one where not given) and the colour of its text, and
leaves the background transparent.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.regions import short_name
from napari_compressed_transcriptomics.reconstruction.joint_histogram import JointHistogram

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion: safe for the colour-blind, readable on dark and light.
BLUE, VERMILION = "#56B4E9", "#D55E00"
TRAIN_COLOR, VALIDATION_COLOR = BLUE, VERMILION

ROWS_SEEN_AT_ONCE = 25
"""Regions above whose number their plot has its scale on top, too."""

LONGEST_NAME = 24
"""Letters of a region's name on an axis; longer ones lose their middle."""


def blank_figure(figure: "Figure | None" = None, size: tuple[float, float] = (3.4, 2.4)) -> Any:
    """Return the figure, cleared and transparent, or a new one of that size in inches."""
    from matplotlib.figure import Figure

    figure = figure or Figure(figsize=size, layout="constrained")
    figure.clear()
    figure.patch.set_alpha(0)
    return figure


def plain_colorbar(bar: Any, label: str, foreground: str, font: float = 8) -> None:
    """Give a colorbar the look of all: a label, small ticks, no frame."""
    bar.set_label(label, color=foreground, fontsize=font)
    bar.ax.tick_params(which="both", colors=foreground, labelsize=0.875 * font)
    bar.outline.set_visible(False)


def count_colorbar(
    figure: "Figure", counted: Any, most: float, label: str, foreground: str, **place: Any
) -> None:
    """Add the colorbar of counts on a logarithmic scale, labelled 1, 10, 100, 1,000, 10k.

    Powers of ten set as formulas, with all ticks between, take longer to lay out.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    counted : matplotlib.cm.ScalarMappable
    most : float
        The highest count.
    label, foreground : str
        What is counted, and the colour of text.
    **place
        As of `matplotlib.figure.Figure.colorbar`.
    """
    from matplotlib.ticker import FixedLocator, NullLocator

    steps = (1, 2, 5) if most < 100 else (1,)
    ticks = [step * 10**power for power in range(10) for step in steps if step * 10**power <= most]
    bar = figure.colorbar(counted, ticks=FixedLocator(ticks), format=_short, **place)
    bar.minorlocator = NullLocator()
    plain_colorbar(bar, label, foreground)


def _short(count: float, place: int | None = None) -> str:
    return f"{count:,.0f}" if count < 10_000 else f"{count / 1000:,.0f}k"


def bar_with_dots(
    axes: Any, row: int, height: float, dots: np.ndarray, filled: np.ndarray, look: tuple[str, str]
) -> None:
    """Draw a bar to the right, and as dots what it is the middle of; `look`: its colour, ink."""
    color, foreground = look
    axes.barh(row, height, height=0.7, color=color, alpha=0.55)
    spread = np.linspace(-0.22, 0.22, len(dots)) if len(dots) > 1 else np.zeros(1)
    for which, fill in ((filled, color), (~filled, "none")):
        axes.scatter(
            dots[which],
            row + spread[which],
            s=14,
            facecolors=fill,
            edgecolors=foreground,
            linewidths=0.6,
            zorder=3,
        )


def plain_axes(
    figure: "Figure", foreground: str = "black", *, title: str = "", x: str = "", y: str = ""
) -> Any:
    """Add axes as all plots have them: small text, lines only to the left and below.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    foreground : str
        Colour of text and lines.
    title, x, y : str
        What stands above, below and to the left; x and y with their units.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = figure.add_subplot()
    axes.set_title(title, color=foreground, fontsize=9)
    axes.set_xlabel(x, color=foreground, fontsize=9)
    axes.set_ylabel(y, color=foreground, fontsize=9)
    plain(axes, foreground)
    return axes


def plain(axes: Any, foreground: str) -> None:
    """Give axes transparent ground, small text, and lines only to the left and below."""
    axes.patch.set_alpha(0)
    axes.tick_params(which="both", colors=foreground, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(foreground)


def training_curve(
    train: Sequence[float],
    validation: Sequence[float],
    figure: "Figure | None" = None,
    foreground: str = "black",
) -> "Figure":
    """Plot the error of each epoch of training, and mark the best.

    Parameters
    ----------
    train, validation : sequence of float
        RMSE over the training and the held-out samples, one an epoch, in the units of the data.
    figure, foreground
        Where to draw, and the colour of text: see `plots`.

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic error over epochs; empty before the first.
    """
    figure = blank_figure(figure)
    if not train:
        return figure
    best = min(range(len(validation)), key=validation.__getitem__)
    title = f"held out {validation[best]:.4f} in epoch {best + 1}"
    axes = plain_axes(figure, foreground, title=title, x="epoch", y="RMSE")
    epochs = range(1, len(train) + 1)
    axes.plot(epochs, train, color=TRAIN_COLOR, label="training")
    axes.plot(epochs, validation, color=VALIDATION_COLOR, label="held out")
    axes.plot(best + 1, validation[best], "o", color=VALIDATION_COLOR, markersize=5)
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=8, labelcolor=foreground)
    return figure


def density_plot(
    density: JointHistogram, rmse: float, figure: "Figure | None" = None, foreground: str = "black"
) -> "Figure":
    """Plot original against reconstructed expression, as the logarithm of how many there are.

    The title tells the RMSE, and how many of the samples the density is of where it is not
    all. On the dashed line the reconstruction is the original.

    Parameters
    ----------
    density : JointHistogram
        See `core.density.density_of`.
    rmse : float
        Over all samples and genes (`Reconstruction.rmse`), in the units of the data.
    figure, foreground
        Where to draw, and the colour of text: see `plots`.
    """
    from matplotlib.colors import LogNorm

    figure = blank_figure(figure, (3.6, 3.4))
    of = f"density of all {density.n_values:,} values"
    if density.n_drawn < density.n_samples:
        of = f"density of {density.n_drawn:,} of {density.n_samples:,} samples, drawn at random"
    axes = plain_axes(figure, foreground, x="original expression", y="reconstructed expression")
    figure.suptitle(f"RMSE {rmse:.4f}", color=foreground, fontsize=10)
    figure.supxlabel(of, color=foreground, fontsize=7.5)
    low, high = density.edges[[0, -1]]
    most = max(10, density.counts.max())
    image = axes.imshow(
        np.ma.masked_equal(density.counts.T, 0),
        extent=(low, high, low, high),
        origin="lower",
        interpolation="nearest",
        cmap=sequential_colormap(foreground),
        norm=LogNorm(1, most),
    )
    axes.plot([low, high], [low, high], "--", color=VERMILION, linewidth=1)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    place = {"ax": axes, "fraction": 0.05, "pad": 0.03}
    count_colorbar(figure, image, most, "values in a cell", foreground, **place)
    return figure


def error_histogram(
    rmse_samples: np.ndarray, figure: "Figure | None" = None, foreground: str = "black"
) -> "Figure":
    """Plot how many samples have which error; lines mark the median and the 95th percentile.

    Parameters
    ----------
    rmse_samples : ndarray, shape (n_samples,)
        RMSE of each sample over its genes, in the units of the data; NaN is left out.
    figure, foreground
        Where to draw, and the colour of text: see `plots`.
    """
    figure = blank_figure(figure)
    errors = np.asarray(rmse_samples, float)
    errors = errors[np.isfinite(errors)]
    axes = plain_axes(figure, foreground, x="RMSE of a sample", y="samples")
    if not len(errors):
        return figure
    axes.hist(errors, bins=int(np.clip(np.sqrt(len(errors)), 8, 60)), color=BLUE)
    median, high = np.percentile(errors, [50, 95])
    axes.axvline(median, color=foreground, linewidth=1.2, label=f"median {median:.4f}")
    axes.axvline(
        high, color=VERMILION, linewidth=1.5, linestyle="--", label=f"95th percentile {high:.4f}"
    )
    figure.legend(
        loc="outside upper center",
        handlelength=1.5,
        frameon=False,
        fontsize=8,
        labelcolor=foreground,
    )
    axes.locator_params(axis="x", nbins=5)
    return figure


def worst_first(values: np.ndarray, most: int | None = None) -> np.ndarray:
    """Return the indices of the largest values, the largest first; NaN is left out."""
    values = np.asarray(values, float)
    order = np.argsort(-values, kind="stable")
    return order[np.isfinite(values[order])][:most]


def region_dots_height(n_rows: int) -> float:
    """Return the height in inches at which `region_dots` can be read."""
    return 0.9 + 0.17 * max(n_rows, 3)


def region_dots(
    names: Sequence[str],
    values: np.ndarray,
    counts: np.ndarray | None = None,
    *,
    overall: float | None = None,
    most: int | None = None,
    figure: "Figure | None" = None,
    foreground: str = "black",
) -> "Figure":
    """Plot the error of each region as a dot, the worst on top.

    Row ``i`` from the top is the region ``worst_first(values, most)[i]`` and lies at ``y = i``.

    Parameters
    ----------
    names : sequence of str
        Of the regions.
    values : ndarray, shape (n_regions,)
        RMSE of each, in the units of the data; NaN is left out.
    counts : ndarray of int, shape (n_regions,), optional
        Samples in each region, which then stand behind its name.
    overall : float, optional
        RMSE over all samples, drawn as a line.
    most : int, optional
        Regions to show; the title tells how many are left out.
    figure : matplotlib.figure.Figure, optional
        Drawn into after clearing; a new one where not given, as high as it must be.
    foreground : str
        Colour of text and axes; the background is transparent.
    """
    values = np.asarray(values, float)
    order, n = worst_first(values, most), int(np.isfinite(values).sum())
    figure = blank_figure(figure, (4.0, region_dots_height(len(order))))
    title = f"worst {len(order)} of {n} regions" if len(order) < n else f"{n} regions, worst on top"
    axes = plain_axes(figure, foreground, x="RMSE")
    rows = np.arange(len(order))
    axes.hlines(rows, 0, 1, transform=axes.get_yaxis_transform(), color=foreground, alpha=0.12)
    if overall is not None:
        axes.axvline(overall, color=foreground, linewidth=1, linestyle=":")
        title += f"\ndotted: all samples, {overall:.4f}"
    figure.suptitle(title, color=foreground, fontsize=9)
    axes.plot(values[order], rows, "o", color=BLUE, markersize=5)
    labels = [shortened(names[i]) for i in order]
    if counts is not None:
        labels = [f"{label} ({counts[i]:,})" for label, i in zip(labels, order, strict=True)]
    axes.set_yticks(rows, labels, fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=3)
    if len(order) > ROWS_SEEN_AT_ONCE:
        axes.tick_params(axis="x", top=True, labeltop=True)
        axes.spines["top"].set_visible(True)
    return figure


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """Return a `short_name`, without its middle where it is longer than `most` letters."""
    name = short_name(name)
    if len(name) <= most:
        return name
    return f"{name[: most // 2]}…{name[-(most - most // 2 - 1) :]}"


def sequential_colormap(foreground: str) -> Any:
    """Return viridis, its end for many away from the background: light on dark, dark on light."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, to_rgb

    on_dark = sum(to_rgb(foreground)) > 1.5
    ends = (0.2, 1) if on_dark else (0.92, 0)
    return ListedColormap(colormaps["viridis"](np.linspace(*ends, 256)))
