"""A target, its prediction and what is left of it as layers."""

from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import GENES, short_title
from napari_compressed_transcriptomics.core.display_range import display_range

from .layer_content import shown
from .layers import LayerData, samples_layer

if TYPE_CHECKING:
    from typing import Any

    from napari_compressed_transcriptomics.study.predict import Prediction, Score
    from napari_compressed_transcriptomics.study.predict_request import PredictRequest

KINDS = ("target", "predicted", "prediction_error")
"""Of the layers of a score, `LayerContent.kind`."""
_LONGEST = 28
"""Characters that fit above a third of a canvas."""


def prediction_layers(prediction: "Prediction", score: "Score") -> list[LayerData]:
    """Return the target, its held-out prediction, and the prediction error, in the target's units.

    The prediction error is target minus prediction, in diverging colours about 0: red where the
    prediction is too low. Target and prediction have the same contrast limits.
    """
    return [prediction_layer(prediction, score, kind) for kind in KINDS]


def prediction_layer(prediction: "Prediction", score: "Score", kind: str) -> LayerData:
    """Return one of the layers of `prediction_layers`, by its `LayerContent.kind`."""
    name = layer_names(score, prediction.request)[KINDS.index(kind)]
    values = _values(prediction, score, kind)
    center = 0.0 if kind == "prediction_error" else None
    layer = samples_layer(prediction.request.expression, values, kind, name, center=center)
    if kind == "predicted":
        layer[1]["contrast_limits"] = display_range(prediction.target(score.target).values)
    return layer


def _values(prediction: "Prediction", score: "Score", kind: str) -> np.ndarray:
    if kind == "target":
        return prediction.target(score.target).values
    return (prediction.predicted if kind == "predicted" else prediction.prediction_error)(score)


def score_shown(prediction: "Prediction", layer: "Any") -> "Score | None":
    """Return the score that a layer is of; None if it is of none of this prediction."""
    what = shown(layer)
    if what is None or what.values is None or what.kind not in KINDS:
        return None
    for score in prediction.scores:
        name = layer_names(score, prediction.request)[KINDS.index(what.kind)]
        values = _values(prediction, score, what.kind)
        if layer.name == name and np.array_equal(what.values, values, equal_nan=True):
            return score
    return None


def link_contrast(viewer: "Any", target: "Any", predicted: "Any") -> None:
    """Let a target and its prediction keep the same limits and colours."""
    viewer.layers.link_layers([target, predicted], ("contrast_limits", "colormap", "gamma"))


def layer_names(score: "Score", request: "PredictRequest") -> list[str]:
    """Return what the layers are called: target, and how it was predicted.

    Regression and split are named where there are several; a long target is cut in its middle,
    as the names stand above narrow cells.
    """
    how = short_title(score.method)
    how += "" if score.method == GENES else f" {score.latent_size}"
    for value, all_values in ((score.regressor, request.regressors), (score.split, request.splits)):
        how += f", {value}" if len(all_values) > 1 else ""
    return [
        f"{_shortened(score.target, _LONGEST - len(what))}{what}"
        for what in (" target", f" by {how}", f" error, {how}")
    ]


def _shortened(text: str, most: int) -> str:
    most = max(most, 7)
    keep = (most - 1) // 2
    return text if len(text) <= most else f"{text[:keep]}…{text[-keep:]}"


def feature_title(score: "Score") -> str:
    """Return what a target was predicted from, with the number of features."""
    return f"{short_title(score.method)}, {score.latent_size}"


def show_prediction(viewer: "Any", prediction: "Prediction", score: "Score") -> list["Any"]:
    """Show the three layers of a score side by side, and nothing else; those there are reused.

    Other layers are hidden, none is removed.
    """
    from .brain_view import attach

    view = attach(viewer)
    layers = []
    with view.at_once():
        for data, attributes, _ in prediction_layers(prediction, score):
            layer = _same(viewer, attributes)
            if layer is None:
                layer = viewer.add_image(data, **attributes)
            layers.append(layer)
        for layer in viewer.layers:
            layer.visible = layer in layers
        link_contrast(viewer, *layers[:2])
        view.show_side_by_side((1, len(layers)))
    return layers


def _same(viewer: "Any", attributes: dict) -> "Any":
    """Return the layer that shows these very values of these samples, or None."""
    (wanted,) = attributes["metadata"].values()
    for layer in viewer.layers:
        what = shown(layer)
        if (
            what is not None
            and what.values is not None
            and (what.kind, layer.name) == (wanted.kind, attributes["name"])
            and what.parcellation is wanted.parcellation
            and np.array_equal(what.values, wanted.values, equal_nan=True)
        ):
            return layer
    return None
