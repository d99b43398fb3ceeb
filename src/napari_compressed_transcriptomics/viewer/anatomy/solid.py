"""How maps look in 3-D: solid, in the very colours that they have in 2-D.

A ray ends at the first voxel of the brain that it meets, so near hides far, left and right stay
apart, and a cut (`cut.py`) shows the map within. napari draws a volume like this (``translucent``)
if the outside is transparent, which NaN is in 2-D only: here it lies far below the lower limit,
whose colour is clear, and what is as low within the brain is lifted by a step of the colormap.
Regions without data lie half as far below, which `cells/rays.py` hatches; and the outside tells it
how far from the brain it is.
"""

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary, proxy

import numpy as np

from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.viewer.cells.rays import LEAPS, NO_DATA, OUTSIDE
from napari_compressed_transcriptomics.viewer.layer_content import LayerContent, shown
from napari_compressed_transcriptomics.viewer.painted_stack import Limits, PaintedStack
from napari_compressed_transcriptomics.viewer.picking import value_under

SUFFIX = " (3-D)"
_STEPS = 256  # of the colormap, as many as napari's have
_LIFT = 1.5 / (_STEPS - 1)
_BLOCK = 4  # voxels a side
_LEAPS = 256  # steps, at most one less

_limits_of: WeakKeyDictionary[Any, dict[int, Limits]] = WeakKeyDictionary()
"""By layer that is solid: the contrast limits that each component was filled for."""


_opaque: dict[str, Any] = {}
"""What the colormaps of 3-D, by name, were made of."""


def is_solid(layer: Any) -> bool:
    """Whether a layer has its look of 3-D."""
    return layer in _limits_of


def dress(layers: Iterable[Any], in_3d: bool) -> None:
    """Give layers of ours their look of 2-D or of 3-D; a composite has but one.

    Those that are hidden wait for that of 3-D until they are seen: it is as large as they are.
    A hidden duplicate, which napari made of one that has it, gets that of 2-D.
    """
    ours = []
    for layer in layers:
        what = shown(layer)
        if what is None or what.values is None or what.kind == "composite":
            continue
        solid = in_3d and (layer.visible or is_solid(layer))
        if solid != is_solid(layer) or _is_copy_of_solid(layer, what):
            _dress(layer, what, solid)
            ours.append(layer)
    for layer in ours:  # last: linked layers share their colormap
        follow_colormap(layer)


def _is_copy_of_solid(layer: Any, what: LayerContent) -> bool:
    """Whether a layer, which is not solid, is filled; linked ones share only the colormap."""
    if is_solid(layer) or not layer.colormap.name.endswith(SUFFIX):
        return False
    part = 0 if layer.ndim > 3 else ...
    return unfilled(np.asarray(layer.data[part]), what.painted()[part])


def _dress(layer: Any, what: LayerContent, solid: bool) -> None:
    if solid:
        layer.data = _filled_for(layer, what)
        layer.interpolation3d = "nearest"  # linear would blur into the outside
        layer.rendering = "translucent"
        layer.get_value = _ValueSeen(layer)
    else:
        _limits_of.pop(layer, None)
        vars(layer).pop("get_value", None)  # napari's own is there again
        layer.data = what.painted()
        layer.rendering = "mip"


class _ValueSeen:
    """Tells napari's status bar the value that is seen; napari tells the outside's, before it."""

    def __init__(self, layer: Any):
        self._layer = proxy(layer)

    def __call__(
        self, position: Any, *, view_direction: Any = None, dims_displayed: Any = None, **how: Any
    ) -> float | None:
        """Return the value under a place in the world, as `napari.layers.Layer.get_value`."""
        layer = self._layer
        return (
            value_under(layer, position, view_direction, dims_displayed) if layer.visible else None
        )


def paint(layer: Any, what: LayerContent, limits: Limits | None = None) -> None:
    """Write what a layer is to show into its data, in the look that it has.

    Parameters
    ----------
    layer : napari.layers.Image
    what : LayerContent
        What it is to show.
    limits : tuple of float, optional
        Contrast limits that it is about to have; those that it has where not given.
    """
    data = _filled_for(layer, what, limits) if is_solid(layer) else what.painted()
    if isinstance(data, PaintedStack):
        layer.data = data
    else:  # in place: faster, as nothing else can change
        layer.data[...] = data


def follow_limits(layer: Any, component: int = 0) -> None:
    """Fill a solid layer anew if its contrast limits are others, for the component shown."""
    what, limits = shown(layer), tuple(layer.contrast_limits)
    if what is None or not is_solid(layer) or _limits_of[layer].get(component) == limits:
        return
    _limits_of[layer][component] = limits
    if isinstance(layer.data, PaintedStack):
        layer.data.set_limits(component, limits)
    else:
        layer.data[...] = _filled(what, limits)
    layer.refresh(extent=False)


def follow_colormap(layer: Any) -> None:
    """Make the lower end of a solid layer's colormap clear, and opaque again in 2-D."""
    from napari.utils.colormaps import Colormap

    colormap, solid = layer.colormap, is_solid(layer)
    if solid == colormap.name.endswith(SUFFIX):
        return
    if not solid:
        layer.colormap = _opaque.get(colormap.name, colormap.name.removesuffix(SUFFIX))
        return
    colors = colormap.map(np.linspace(0, 1, _STEPS))
    colors[0] = LEAPS
    name = colormap.name + SUFFIX
    _opaque[name] = colormap
    layer.colormap = Colormap(colors, name=name, display_name=name)


def opaque(colormap: Any) -> Any:
    """Return what a colormap of 3-D was made of; any other as it is."""
    return _opaque.get(colormap.name, colormap)


def filled(place: Parcellation, values: np.ndarray, limits: Limits, part: Any = ...) -> np.ndarray:
    """Return a map whose outside is far below the limits, and whose inside is not below.

    Parameters
    ----------
    place : Parcellation
        Where samples lie.
    values : ndarray, shape (n_samples,)
        NaN where there is none.
    limits : tuple of float
        Lower and upper contrast limit.
    part : index of an array, optional
        The part of the map that is wanted.
    """
    low, high = limits
    reach = (high - low) or 1.0
    no_data = low - NO_DATA * reach
    lifted = np.maximum(values, low + _LIFT * reach)
    outside = low - (OUTSIDE + np.arange(_LEAPS)) * reach
    seen = np.concatenate([np.where(np.isnan(values), no_data, lifted), [no_data], outside])
    return seen.astype(np.float32)[_kinds(place)[part]]


_kinds_of: WeakKeyDictionary[Parcellation, np.ndarray] = WeakKeyDictionary()


def _kinds(place: Parcellation) -> np.ndarray:
    """Return what each voxel is, as a number, so that a map is filled by looking up each once.

    That is first of all its sample; then that it has no data; then that it is outside, and how
    many steps of a ray can be leapt over from there. A step is shorter than a voxel, so a leap
    ends in none that is more than one further. Distances are those of blocks of voxels, for which
    they are found in a tenth of the time.
    """
    if place not in _kinds_of:
        from scipy.ndimage import distance_transform_cdt

        near = place.labels != 0
        if place.lacking is not None:
            near |= place.lacking
        for axis, size in enumerate(near.shape):
            near = np.logical_or.reduceat(near, range(0, size, _BLOCK), axis)
        far = distance_transform_cdt(~near, "chessboard")
        n = place.n_samples
        smallest = np.uint16 if n + _LEAPS < 2**16 else np.int32
        kinds = n + 1 + (_BLOCK * (far - 1) - 1).clip(0, _LEAPS - 1).astype(smallest)
        for axis in (2, 1, 0):
            kinds = kinds.repeat(_BLOCK, axis)
        kinds = kinds[tuple(map(slice, place.labels.shape))]
        np.subtract(place.labels, 1, out=kinds, where=place.labels != 0, casting="unsafe")
        if place.lacking is not None:
            kinds[place.lacking] = n
        _kinds_of[place] = kinds
    return _kinds_of[place]


def _filled(what: LayerContent, limits: Limits) -> np.ndarray:
    assert what.values is not None
    assert what.view is not None
    return filled(what.view, what.values, limits)


def unfilled(data: np.ndarray, painted: np.ndarray) -> bool:
    """Whether `data` is what `filled` makes of `painted`, for some limits.

    Parameters
    ----------
    data, painted : ndarray of float32, shape (z, y, x)
    """
    if data.shape != painted.shape:
        return False
    inside = np.isfinite(painted)
    if not inside.any() or not np.isfinite(data).all():
        return False
    floor = data[inside].min()
    outside_is_far = bool((data[~inside] < floor).all())
    return outside_is_far and np.array_equal(data[inside], np.maximum(painted[inside], floor))


def _filled_for(
    layer: Any, what: LayerContent, limits: Limits | None = None
) -> np.ndarray | PaintedStack:
    """Return a solid layer's data, and remember the limits that it was filled for."""
    if (data := what.stack()) is not None:
        each = {k: what.contrast_limits(k) for k in range(len(data))}
        _limits_of[layer] = each
        return PaintedStack(data.view, data.values, filled, each)
    limits = limits or tuple(layer.contrast_limits)
    _limits_of[layer] = {0: limits}
    return _filled(what, limits)
