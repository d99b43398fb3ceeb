"""What a layer shows as a map that figures are drawn of."""

from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import space_of
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.reconstruction.held_out_error import HELD_OUT

from .layer_content import shown
from .layer_values import part_shown, sliced_axis, volume_of_layer

_UNITS = "(units of the data)"
_LABELS = {
    "rmse": ("error", f"RMSE {_UNITS}"),
    HELD_OUT: ("error", f"held-out RMSE {_UNITS}"),
    "latents": ("signed", "component {part} (no unit)"),
    "component": ("signed", "{name} (no unit)"),
    "difference": ("signed", f"{{gene}}, reconstructed − original {_UNITS}"),
    "error_difference": ("signed", f"difference of RMSE {_UNITS}"),
    "prediction_error": ("signed", "target − predicted (its units)"),
    "distance": ("distance", "distance to training data (above 1: outside)"),
}
"""Kind of map, and what stands beside its colour bar, by the kind of layer."""
_GENES = {
    "expression": "gene",
    "original": "gene",
    "gene": "reconstructed",
    "reconstructed": "reconstructed",
    "difference": "difference",
}
_AROUND_0 = ("difference", "error_difference", "prediction_error")


def map_of_layer(viewer: Any, layer: Any) -> BrainMap:
    """Return what an image layer shows now: of a stack, the component at which the slider is.

    Raises
    ------
    UserError
        The layer shows no single number at each place.
    """
    what = shown(layer)
    rgb = bool(getattr(layer, "rgb", True))  # which labels and surfaces have none of
    if rgb or not hasattr(layer, "contrast_limits"):
        raise UserError(f"“{layer.name}” has no colour scale; choose a layer of values")
    part = part_shown(viewer, layer)
    if what is None or what.values is None or what.parcellation is None:
        volume = volume_of_layer(layer, part)
        inside = np.isfinite(volume.data)
        if volume.background is not None:
            inside &= volume.data != np.float32(volume.background)
        place = Parcellation.from_mask(inside, volume.affine)
        return BrainMap(volume.data[inside], place, layer.name, layer.name)
    values = what.values if what.values.ndim == 1 else what.values[:, part]
    words = {"part": part + 1, "gene": what.gene, "name": layer.name}
    usual = f"{what.gene} expression {_UNITS}" if what.gene else layer.name
    kind, label = _LABELS.get(what.kind, ("values", usual))
    return BrainMap(
        np.asarray(values),
        what.parcellation,
        layer.name,
        label.format(**words) if what.kind in _LABELS else label,
        kind,
        center=0.0 if what.kind in _AROUND_0 else None,
    )


def name_of_layer(viewer: Any, layer: Any) -> str:
    """Return what a layer shows by the name that the command `figure` has for it.

    Of other layers it is their own, which the command does not know.
    """
    what = shown(layer)
    kind = "" if what is None else what.kind
    gene = "" if what is None else what.gene
    if kind == "latents":
        return f"component:{part_shown(viewer, layer) + 1}"
    if gene and kind in _GENES:
        return f"{_GENES[kind]}:{gene}"
    return {"rmse": "rmse", HELD_OUT: "held-out", "distance": "distance"}.get(
        kind, f"layer:{layer.name}"
    )


def space_of_layer(layer: Any) -> str:
    """Return which space of the brain a layer's data lie in, empty where it is not known."""
    what = shown(layer)
    expression = None if what is None else what.expression
    return "" if expression is None else space_of(expression.source)


def plane_shown(viewer: Any) -> str:
    """Return which plane the viewer shows, or would in 2-D."""
    axis = sliced_axis(viewer.dims)
    if axis is None:  # 3-D, say
        axis = max(viewer.dims.order[-3] - (viewer.dims.ndim - 3), 0)
    return ("axial", "coronal", "sagittal")[axis]


def place_shown(viewer: Any) -> tuple[float, float, float]:
    """Return where the viewer's slices are, x, y and z in RAS mm."""
    z, y, x = (float(mm) for mm in viewer.dims.point[-3:])
    return x, y, z
