"""What is true of any window at rest: of its maps, their places, sides, scales and views.

Each is found another way than the program finds it: places from the parcellation as it was read,
sides from where the canvas draws two points.
"""

import numpy as np

from napari_compressed_transcriptomics.viewer.anatomy.four_views import open_views
from napari_compressed_transcriptomics.viewer.anatomy.helpers import is_helper
from napari_compressed_transcriptomics.viewer.anatomy.solid import is_solid, unfilled
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells.letters import side_letters
from napari_compressed_transcriptomics.viewer.cells.shared_contrast import (
    common_limits,
    own_limits,
    quantity,
)
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.layer_values import part_shown
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view

_AXES = {"I": 0, "S": 0, "P": 1, "A": 1, "L": 2, "R": 2}
_TOWARDS = {"S": 1, "I": -1, "A": 1, "P": -1, "R": 1, "L": -1}


def untruths(viewer, rng):
    """Yield what is not as it must be, in words.

    Parameters
    ----------
    viewer : napari.Viewer
        At rest: no work waits for its turn.
    rng : random.Random
        Chooses the samples that are looked at.
    """
    models = [viewer]
    if (views := open_views(viewer)) is not None:
        models += [view.model for view in views.views]
        yield from _of_views(viewer, views)
    for model in models:
        for layer in model.layers:
            if (what := shown(layer)) is not None:
                yield from _of_layer(model, layer, what, rng)
    yield from _of_scales(viewer)
    yield from _of_sides(viewer)
    yield from _of_surface(viewer)


def _of_layer(viewer, layer, what, rng):
    name = layer.name[:40]
    part = part_shown(viewer, layer) if what.kind == "latents" else 0
    if (wrong := _source_of(what)) is not None and not _same(wrong, what.values):
        yield f"{name} does not show the {what.kind} that it is said to"
    if what.values is None or what.view is None or what.kind in ("composite", "labels"):
        return
    if layer.ndim not in (3, 4):
        return
    painted, data = what.painted(), layer.data
    if layer.ndim == 4:
        painted, data = painted[part], data[part]
    painted, data = np.asarray(painted), np.asarray(data)
    right = unfilled(data, painted) if is_solid(layer) else _same(data, painted)
    if not right and np.isfinite(painted).any():
        yield f"{name} holds other numbers than its {what.kind} {what.gene}"
    values = what.values if what.values.ndim == 1 else what.values[:, part]
    labels = what.parcellation.labels
    if what.image_space.is_oblique:  # resampled
        return
    for _ in range(3):
        voxel = np.array([rng.randrange(n) for n in labels.shape])
        if labels[tuple(voxel)] == 0:
            inside = np.flatnonzero(labels.ravel() == rng.randrange(len(values)) + 1)
            voxel = np.array(np.unravel_index(inside[rng.randrange(len(inside))], labels.shape))
        sample = labels[tuple(voxel)] - 1
        mm = what.parcellation.affine[:3] @ (*voxel, 1)
        at = layer.world_to_data((0,) * (layer.ndim - 3) + tuple(mm[::-1]))[-3:]
        there = painted[tuple(np.rint(at).astype(int))]
        if not _same(np.float32(values[sample]), there):
            yield f"{name} has {there} where sample {sample} with {values[sample]} lies"


def _source_of(what):
    """Return the values that a layer of a kind has, None where that is not looked at."""
    data, result = what.expression, what.reconstruction
    if what.kind in ("expression", "original") and what.gene and data is not None:
        return data.values[:, data.column(what.gene)]
    if what.kind == "rmse" and result is not None:
        return result.rmse_samples
    if what.kind == "latents" and result is not None:
        return result.latents
    return None


def _of_scales(viewer):
    same = attach(viewer).same_scale
    if not same.on:
        return
    groups = {}
    for layer in viewer.layers:
        what = shown(layer)
        if what is None or what.values is None or not hasattr(layer, "contrast_limits"):
            continue
        if (key := quantity(viewer, layer, what)) is not None:
            groups.setdefault(key, []).append((layer, what))
    for members in groups.values():
        own = [own_limits(viewer, *member) for member in members]
        if common_limits(own, members[0][1].is_signed) is None:
            continue
        limits = {tuple(np.float32(layer.contrast_limits)) for layer, _ in members}
        if len(limits) > 1:
            yield f"{[layer.name[:30] for layer, _ in members]} have limits {limits}"


def _of_sides(viewer):
    """Compare letters with where two points are drawn."""
    if viewer.dims.ndim < 3 or viewer.canvas.grid.enabled:
        return
    if not any(shown(layer) for layer in viewer.layers) or surface_view(viewer).layer is not None:
        return
    letters = side_letters(viewer)
    displayed = viewer.dims.displayed
    if not any(letters.values()):
        return
    canvas = viewer.window._qt_viewer.canvas
    if min(canvas.native.width(), canvas.native.height()) < 50:
        return
    to_canvas = canvas.view.scene.node_transform(canvas._scene_canvas.scene)
    middle = np.array(viewer.scene.camera.center, float)[-len(displayed) :]
    drawn = {}
    for axis in displayed:
        direction = np.array([float(other == axis) for other in displayed])
        ends = []
        for point in (middle - direction, middle + direction):
            found = to_canvas.map(point[::-1])
            ends.append(found[:2] / found[3])
        drawn[axis - (viewer.dims.ndim - 3)] = ends[1] - ends[0]
    for side, letter in letters.items():
        if not letter:
            continue
        sign = {"left": -1, "right": 1, "top": -1, "bottom": 1}[side]
        across = int(side in ("top", "bottom"))
        reach = {axis: move[across] for axis, move in drawn.items()}
        first = letter[0]
        moved = reach[_AXES[first]] * _TOWARDS[first] * sign
        if moved <= 0 or moved < 0.8 * max(abs(value) for value in reach.values()):
            yield f"{letter} is at the {side}, where points move by {reach}, {viewer.dims}"


def _of_views(viewer, views):
    if (
        views.held
        or views._timer.isActive()
        or views._bringing.isActive()
        or views._exchanging.busy
    ):
        return
    seen = [x for x in viewer.layers if views.views[0]._is_seen(x)]
    for view in views.views:
        there = [view.copies.get(layer) for layer in seen]
        if None in there:
            yield f"{view.plane} lacks {[x.name[:30] for x in seen if x not in view.copies]}"
            continue
        more = [x for x in view.model.layers if x.visible and x not in there and not is_helper(x)]
        if more:
            yield f"{view.plane} shows {[x.name[:30] for x in more]} which the window does not"
        for layer, copy in zip(seen, there, strict=True):
            name = layer.name[:30]
            if not copy.visible:
                yield f"{view.plane} hides {name}"
            if shown(layer) is not shown(copy):
                yield f"{view.plane} shows something else of {name}"
            limits = (getattr(one, "contrast_limits", 0) for one in (layer, copy))
            if not np.allclose(*limits):
                yield f"{view.plane} has other limits of {name}"
        if not _is_there(view.model.dims, viewer.dims):
            yield f"{view.plane} is at {view.model.dims.point}, the window at {viewer.dims.point}"


def _is_there(own, dims):
    """Tell whether a slice of another view is where the window is, as far as it can be."""
    if own.ndisplay == 3:
        return True
    for axis in range(-min(own.ndim, dims.ndim), 0):
        low, high, step = own.range[axis]
        wanted = np.clip(dims.point[axis], low, high)
        if own.ndim + axis not in own.displayed and abs(own.point[axis] - wanted) > step:
            return False
    return True


def _of_surface(viewer):
    view = surface_view(viewer)
    layer, source = view.layer, view.source
    if layer is None or source is None:
        return
    low, high = source.contrast_limits
    if not np.allclose(layer.contrast_limits, (low, high)):
        yield f"the surface has limits {layer.contrast_limits}, its map {source.contrast_limits}"
    values = shown(source).values
    if values.ndim == 2:
        values = values[:, part_shown(viewer, source)]
    seen = view._scene.values(view._sampling(values))
    if not np.array_equal(np.nan_to_num(seen), layer.vertex_values):
        yield "the surface shows other numbers than its map has"


def _same(one, other):
    one, other = np.asarray(one, np.float32), np.asarray(other, np.float32)
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
