"""Figures of predictions: how well each method predicts, and one map against its prediction."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import method_colors, short_title
from napari_compressed_transcriptomics.study.regressors import REGRESSORS

from .plots import bar_with_dots, blank_figure, plain, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_compressed_transcriptomics.study.predict import Prediction, Score

_LOWEST = -0.5
_FEW = 500  # samples; dots of more would lie over each other


def utility_bars(
    prediction: "Prediction", figure: "Figure | None" = None, foreground: str = "black"
) -> "Figure":
    """Plot the R2 of each method: a bar its mean over targets, a dot per target.

    Bars carry the 95 % confidence interval of the mean over targets (Student's t). Dots are
    filled where the corrected p-value is at most 0.05. One panel a split and regressor. R2
    below -0.5 is drawn there.

    Parameters
    ----------
    prediction : Prediction
    figure, foreground
        Where to draw, and the colour of text: see `plots`.
    """
    panels: dict[tuple[str, str], list[Score]] = {}
    for score in prediction.scores:
        panels.setdefault((score.regressor, score.split), []).append(score)
    bars = [list(dict.fromkeys((s.method, s.latent_size) for s in of)) for of in panels.values()]
    colors = method_colors(score.method for score in prediction.scores)
    heights = [max(1.4, 0.24 * len(rows) + 0.8) for rows in bars]
    figure = blank_figure(figure, (4.2, 0.6 + sum(heights)))
    if not panels:
        return figure
    all_axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True, height_ratios=heights))
    for axes, rows, ((regressor, split), scores) in zip(
        all_axes, bars, panels.items(), strict=True
    ):
        for row, bar in enumerate(rows):
            these = [s for s in scores if (s.method, s.latent_size) == bar]
            _bar(axes, row, these, colors[bar[0]], foreground)
        axes.set_yticks(range(len(rows)), [f"{short_title(name)}, {size}" for name, size in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.axvline(0, color=foreground, linewidth=0.8)
        how = "blocks of space" if split == "blocks" else "random samples"
        axes.set_title(f"{REGRESSORS[regressor]}, {how} held out", color=foreground, fontsize=9)
        plain(axes, foreground)
    n_targets = len({score.target for score in prediction.scores})
    label = f"held-out R²\ndots: {n_targets} target{'s' if n_targets > 1 else ''}"
    if any(np.isfinite(score.p_fdr) for score in prediction.scores):
        label += ", filled: p (FDR) ≤ 0.05"
        if prediction.compartments is not None and prediction.compartments.doubtful:
            label += "\ncortex and subcortex are not told apart: p may be too small"
    all_axes[-1].set_xlabel(label, color=foreground, fontsize=8)
    return figure


def predicted_against_target(
    prediction: "Prediction",
    score: "Score",
    figure: "Figure | None" = None,
    foreground: str = "black",
) -> "Figure":
    """Plot a target's values against their held-out predictions, a dot per sample.

    Parameters as in `utility_bars`; `score` says which prediction.
    """
    figure = blank_figure(figure, (3.4, 3.2))
    predicted, target = prediction.predicted(score), prediction.target(score.target).values
    title = (
        f"{score.target}\n{short_title(score.method)}, {score.latent_size}: R² = {score.r2:.2f} "
        f"({score.r2_low:.2f} to {score.r2_high:.2f})"
    )
    axes = plain_axes(figure, foreground, title=title, x="target", y="predicted, held out")
    color = method_colors([score.method])[score.method]
    size = 4 if len(target) <= _FEW else 1.5
    axes.plot(target, predicted, "o", color=color, markersize=size, alpha=0.8, linewidth=0)
    both = np.concatenate([target[np.isfinite(predicted)], predicted[np.isfinite(predicted)]])
    if both.size:
        ends = [both.min(), both.max()]
        axes.plot(ends, ends, color=foreground, linewidth=0.8)
    return figure


def _bar(axes: Any, row: int, scores: "list[Score]", color: str, foreground: str) -> None:
    from scipy.stats import t

    r2 = np.array([score.r2 for score in scores])
    n = len(r2)
    found = np.array([score.p_fdr <= 0.05 for score in scores])
    bar_with_dots(axes, row, r2.mean(), np.maximum(r2, _LOWEST), found, (color, foreground))
    if n > 1:
        half = t.ppf(0.975, n - 1) * r2.std(ddof=1) / np.sqrt(n)
        low, high = r2.mean() - half, r2.mean() + half
    else:
        low, high = scores[0].r2_low, scores[0].r2_high
    low, high = np.clip([low, high], _LOWEST, 1)  # no R2 is larger than 1
    axes.plot([low, high], [row, row], color=foreground, linewidth=1.6, zorder=4)
