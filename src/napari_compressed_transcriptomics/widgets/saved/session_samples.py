"""Layers of a session with a number a sample that no result holds, above all those of predictions.

Those of the prediction that is here are made of it again; the numbers of others are kept.
"""

from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.viewer.layer_content import LayerContent
from napari_compressed_transcriptomics.viewer.layers import LayerData, samples_layer
from napari_compressed_transcriptomics.viewer.prediction_layers import (
    KINDS,
    link_contrast,
    prediction_layer,
    score_shown,
)

from .session_drawn import Drawn

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.core.parcellation import Parcellation
    from napari_compressed_transcriptomics.study.predict import Prediction
    from napari_compressed_transcriptomics.widgets.shared.work import Work

_BY_VALUES = ("error_difference", "component", *KINDS)


def of_samples(layer: Any, what: LayerContent, work: "Work", drawn: Drawn) -> dict[str, Any] | None:
    """Return what a session's record says of such a layer, None where it cannot be kept."""
    prediction = _with_maps(work.prediction)
    score = None if prediction is None else score_shown(prediction, layer)
    if score is not None:
        return {"prediction": list(score.key), "kind": what.kind}
    if what.kind not in _BY_VALUES or what.values is None or what.values.ndim != 1:
        return None
    place = _place(what.parcellation, work)
    if place is None:
        return None
    center = None if what.centers is None else float(what.centers[0])
    key = drawn.keep({"values": what.values})
    return {"samples": key, "of": place, "kind": what.kind, "center": center}


def _with_maps(study: Any) -> "Prediction | None":
    return study if getattr(study, "maps", None) else None


def _place(parcellation: "Parcellation | None", work: "Work") -> dict[str, Any] | None:
    """Return which of the results or data has these samples."""
    for kind, places in (
        ("result", [result.expression.parcellation for result in work.results]),
        ("data", [data.parcellation for data in work.data]),
    ):
        for index, place in enumerate(places):
            if place is parcellation:
                return {kind: index}
    return None


def samples_again(
    entry: dict[str, Any],
    prediction: "Prediction | None",
    places: "dict[str, list[Expression | None]]",
    drawn: Drawn | None,
) -> LayerData | None:
    """Return such a layer as it was; None where what it is of was not found, which is noted.

    Parameters
    ----------
    entry : dict
        As `of_samples` gives it.
    prediction : Prediction or None
    places : dict of str to list of Expression or None
        Those of each ``result`` and of each of the ``data``.
    drawn : Drawn or None

    Raises
    ------
    KeyError, TypeError, ValueError, IndexError, StopIteration
        The record is damaged.
    """
    if "prediction" in entry:
        if prediction is None:
            return None
        score = next(s for s in prediction.scores if list(s.key) == entry["prediction"])
        return prediction_layer(prediction, score, entry["kind"])
    ((kind, index),) = entry["of"].items()
    expression = places[kind][index]
    if expression is None or drawn is None:
        return None
    if entry["kind"] not in _BY_VALUES:
        raise ValueError(entry["kind"])
    values = drawn.arrays[f"{entry['samples']}.values"]
    if values.shape != (expression.n_samples,):
        raise ValueError("samples")
    return samples_layer(expression, values, entry["kind"], "", center=entry["center"])


def link_predictions(viewer: Any, entries: list[dict[str, Any]], made: dict[int, Any]) -> None:
    """Let targets and predictions that are shown keep the same limits, as they did."""
    pairs: dict[str, dict[str, Any]] = {}
    for number, layer in made.items():
        key = entries[number].get("prediction")
        if layer is not None and key is not None:
            pairs.setdefault(str(key), {})[entries[number]["kind"]] = layer
    for pair in pairs.values():
        if {"target", "predicted"} <= set(pair):
            link_contrast(viewer, pair["target"], pair["predicted"])
