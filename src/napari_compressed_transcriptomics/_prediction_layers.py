"""A target, its prediction and what is left of it as layers."""

from typing import TYPE_CHECKING

import numpy as np

from ._layers import LayerData, samples_layer
from ._shown import shown

if TYPE_CHECKING:
    from typing import Any

    from .core.predict import Prediction, Score


def prediction_layers(prediction: "Prediction", score: "Score") -> list[LayerData]:
    """Return the target, its held-out prediction, and the residual, in the target's units.

    The residual is target minus prediction, in diverging colours about 0: red where the
    prediction is too low. Target and prediction have the same contrast limits.
    """
    name, how = score.target, feature_title(score)
    expression = prediction.request.expression
    target = samples_layer(expression, prediction.target(name).values, "target", f"{name}: target")
    about = f"{how}, {score.regressor}, {score.split}"
    predicted = samples_layer(
        expression, prediction.predicted(score), "predicted", f"{name}: predicted by {about}"
    )
    predicted[1]["contrast_limits"] = target[1]["contrast_limits"]
    residual = samples_layer(
        expression,
        prediction.residual(score),
        "residual",
        f"{name}: residual of {about}",
        center=0.0,
    )
    return [target, predicted, residual]


def feature_title(score: "Score") -> str:
    """Return what a target was predicted from, with the number of features."""
    return f"{score.method}, {score.latent_size}"


def show_prediction(viewer: "Any", prediction: "Prediction", score: "Score") -> list["Any"]:
    """Show the three layers of a score side by side, and nothing else; those there are reused.

    Other layers are hidden, none is removed.
    """
    from ._viewer import attach

    layers = []
    for data, attributes, _ in prediction_layers(prediction, score):
        layer = _same(viewer, attributes)
        if layer is None:
            layer = viewer.add_image(data, **attributes)
            layer.colorbar.position = "bottom_left"  # cells are narrow: names need the top
        layers.append(layer)
    for layer in viewer.layers:
        layer.visible = layer in layers
    viewer.layers.link_layers(layers[:2], ("contrast_limits", "colormap", "gamma"))
    attach(viewer).show_side_by_side(layers, rows=1)
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
