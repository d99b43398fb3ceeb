"""Figures of predictions say what the table says."""

from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.figures.prediction_plots import (
    predicted_against_target,
    utility_bars,
)
from napari_compressed_transcriptomics.study.predict import Prediction, Score
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from small import small_expression

VALUES = np.r_[np.nan, np.linspace(0, 1, 59)]


def prediction(*numbers, regressors=("ridge",)):
    """Scores of methods a and b: (R2 of target x, of target y) each."""
    scores = [
        Score(t, method, 8, r, "blocks", r2, r2 - 0.2, r2 + 0.2, 0.01, 0.01 if r2 > 0.5 else 0.9)
        for r in regressors
        for method, both in zip("ab", numbers, strict=True)
        for t, r2 in zip("xy", both, strict=False)
    ]
    targets = tuple(Target(name, VALUES) for name in "xy")
    request = PredictRequest(small_expression(), targets)
    return Prediction(request, tuple(scores), {s.key: VALUES * s.r2 for s in scores})


def test_a_bar_a_method_and_a_dot_a_target():
    figure = utility_bars(prediction((0.2, 0.6), (-3.0, 0.0)), foreground="#f0f0f0")
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.4, -1.5])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a, 8", "b, 8"]
    filled, hollow = axes.collections[:2]
    np.testing.assert_allclose(filled.get_offsets()[:, 0], [0.6])
    np.testing.assert_allclose(hollow.get_offsets()[:, 0], [0.2])
    # R2 far below zero stays in the picture
    assert min(axes.collections[3].get_offsets()[:, 0]) == -0.5
    assert "2 targets, filled" in axes.get_xlabel()
    assert axes.title.get_color() == "#f0f0f0"


def test_one_target_shows_its_own_interval():
    figure = utility_bars(prediction((0.2,), (0.6,)))
    ends = [line.get_xdata() for line in figure.axes[0].lines if len(set(line.get_xdata())) > 1]
    np.testing.assert_allclose(ends, [[0.0, 0.4], [0.4, 0.8]], atol=1e-12)


def test_a_panel_a_regressor_and_drawing_again():
    both = prediction((0.2, 0.6), (0.1, 0.1), regressors=("ridge", "trees"))
    figure = utility_bars(both)
    assert [axes.get_title().split(",")[0] for axes in figure.axes] == [
        "ridge",
        "gradient boosting",
    ]
    assert utility_bars(prediction((0.2, 0.6), (0.1, 0.1)), figure) is figure
    assert len(figure.axes) == 1
    assert not utility_bars(prediction((), ())).axes


def test_each_panel_has_the_rows_it_has_numbers_for():
    """All genes are never put to gradient boosting."""
    both = prediction((0.2, 0.6), (0.1, 0.1), regressors=("ridge", "trees"))
    scores = tuple(s for s in both.scores if (s.method, s.regressor) != ("b", "trees"))
    ridge, boosting = utility_bars(replace(both, scores=scores)).axes
    assert [len(axes.patches) for axes in (ridge, boosting)] == [2, 1]
    assert [label.get_text() for label in boosting.get_yticklabels()] == ["a, 8"]
    assert boosting.patches[0].get_facecolor() == ridge.patches[0].get_facecolor()


def test_target_against_prediction():
    found = prediction((0.5, 0.6), (0.1, 0.1))
    figure = predicted_against_target(found, found.scores[0])
    (axes,) = figure.axes
    assert "R² = 0.50 (0.30 to 0.70)" in axes.get_title()
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(y[1:], 0.5 * x[1:])
