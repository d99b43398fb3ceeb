"""Which sample of a layer lies under the mouse, in 2-D and in 3-D."""

from typing import Any

import numpy as np

from .layer_content import shown

_STEPS_A_VOXEL = 4


def value_under(
    layer: Any, position: Any, view_direction: Any = None, dims_displayed: Any = None
) -> float | None:
    """Return the value that a layer of ours shows of the sample there; see `sample_under`."""
    sample, what = sample_under(layer, position, view_direction, dims_displayed), shown(layer)
    if sample is None or what is None or what.values is None or what.kind == "composite":
        return None
    value = what.values[sample]
    return float(value[_component(layer, position, what.values)] if value.ndim else value)


def sample_under(
    layer: Any, position: Any, view_direction: Any = None, dims_displayed: Any = None
) -> int | None:
    """Return the index of the sample of a layer of ours at a place on the canvas, or None.

    In 2-D it is the voxel there. In 3-D it is the first on the ray that no cut took away, as maps
    are solid, and none where that has no data; where the user chose maximum projection for the
    layer, the one that this shows.

    Parameters
    ----------
    layer : napari.layers.Image
    position, view_direction, dims_displayed
        Of a mouse event, world coordinates.
    """
    what = shown(layer)
    if what is None or what.view is None:
        return None
    if view_direction is None or len(dims_displayed) < 3:
        index = np.rint(layer.world_to_data(position)).astype(int)
        return _sample(what.view.labels, index[-3:])
    # The viewer may have more axes (a component) than this layer: the layer's are the last.
    own, more = slice(-layer.ndim, None), len(position) - layer.ndim
    displayed = [axis - more for axis in dims_displayed]
    if min(displayed) < layer.ndim - 3:  # a component axis is displayed
        return None
    start, end = layer.get_ray_intersections(
        np.asarray(position)[own], np.asarray(view_direction)[own], displayed
    )
    if start is None or end is None:
        return None
    start, end = np.asarray(start, float)[-3:], np.asarray(end, float)[-3:]
    steps = max(2, int(np.linalg.norm(end - start) * _STEPS_A_VOXEL))
    on_ray = np.rint(np.linspace(start, end, steps)).astype(int)
    on_ray = on_ray[((on_ray >= 0) & (on_ray < what.view.labels.shape)).all(axis=1)]
    for plane in layer.experimental_clipping_planes:
        if plane.enabled:
            mm = on_ray * layer.scale[-3:] + layer.translate[-3:]  # as planes are, see `cut.py`
            on_ray = on_ray[(mm - plane.position) @ plane.normal >= 0]
    samples = what.view.labels[tuple(on_ray.T)] - 1
    inside = samples >= 0
    if what.view.lacking is not None and layer.rendering != "mip":
        inside |= what.view.lacking[tuple(on_ray.T)]
    samples = samples[inside]
    values = what.values
    assert values is not None
    if values.ndim == 2:
        values = values[:, _component(layer, position, values)]
    if layer.rendering == "mip":
        samples = samples[~np.isnan(values[samples])]
        return int(samples[values[samples].argmax()]) if len(samples) else None
    if not len(samples) or samples[0] < 0 or np.isnan(values[samples[0]]):
        return None
    return int(samples[0])


def _component(layer: Any, position: Any, values: np.ndarray) -> int:
    """Return which column of a stack's values is shown at a place."""
    return int(np.clip(round(layer.world_to_data(position)[0]), 0, values.shape[1] - 1))


def _sample(labels: np.ndarray, index: np.ndarray) -> int | None:
    if (index < 0).any() or (index >= labels.shape).any():
        return None
    sample = int(labels[tuple(index)]) - 1
    return sample if sample >= 0 else None
