"""Figures for windows, reports and scripts: matplotlib Figures, never pyplot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion: safe for the colour-blind, readable on dark and light.
TRAIN_COLOR, VALIDATION_COLOR = "#56B4E9", "#D55E00"


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
    figure : matplotlib.figure.Figure, optional
        Drawn into after clearing; a new one where not given.
    foreground : str
        Colour of text and axes; the background is transparent.

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic error over epochs; empty before the first.
    """
    from matplotlib.figure import Figure

    figure = figure or Figure(figsize=(3.4, 2.4), layout="constrained")
    figure.clear()
    figure.patch.set_alpha(0)
    if not train:
        return figure
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    epochs = range(1, len(train) + 1)
    axes.plot(epochs, train, color=TRAIN_COLOR, label="training")
    axes.plot(epochs, validation, color=VALIDATION_COLOR, label="held out")
    best = min(range(len(validation)), key=validation.__getitem__)
    axes.plot(best + 1, validation[best], "o", color=VALIDATION_COLOR, markersize=5)
    axes.set_title(
        f"held out {validation[best]:.4f} in epoch {best + 1}", color=foreground, fontsize=9
    )
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=8, labelcolor=foreground)
    axes.set_xlabel("epoch", color=foreground, fontsize=9)
    axes.set_ylabel("RMSE", color=foreground, fontsize=9)
    axes.tick_params(which="both", colors=foreground, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(foreground)
    return figure
