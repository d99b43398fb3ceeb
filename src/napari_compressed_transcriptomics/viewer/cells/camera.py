"""Fitting brains to their cells, and where a place in the brain lies on the canvas."""

from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import is_mni
from napari_compressed_transcriptomics.viewer.brain_space import space_of_layer
from napari_compressed_transcriptomics.viewer.image_space import MNI_BRAIN
from napari_compressed_transcriptomics.viewer.layer_content import shown

from .layout import CellLayout, Rect
from .letters import directions

_MARGIN = 0.97
_AXES, _ARROW = 190, 65  # pixels: napari's axes with their margin, an arrow with its letter


def box_of(viewer: Any) -> np.ndarray | None:
    """Return the box, shape (2, 3), in mm (z, y, x), of all samples seen; else of all layers.

    In slices of MNI space it is that of the whole brain, so far as the data's grid goes: the
    template reaches beyond the samples.
    """
    seen = [layer for layer in viewer.layers if layer.visible and layer.ndim >= 3]
    ours = [layer for layer in seen if (what := shown(layer)) and what.view is not None]
    boxes = [_box(layer) for layer in ours or seen]
    if viewer.dims.ndisplay == 2:
        in_mni = (layer for layer in ours if is_mni(space_of_layer(layer)))
        boxes += [np.clip(MNI_BRAIN, *_ends(layer)) for layer in in_mni]
    if not boxes:
        return None
    return np.array([np.min(boxes, axis=0)[0], np.max(boxes, axis=0)[1]])


def _box(layer: Any) -> np.ndarray:
    what = shown(layer)
    if what is None or what.view is None:
        return np.asarray(layer.extent.world)[:, -3:]
    edges = what.view.ends + np.array([[-0.5], [0.5]])
    return edges * layer.scale[-3:] + layer.translate[-3:]


def _ends(layer: Any) -> np.ndarray:
    """Return the middles, shape (2, 3), of the first and the last voxel of a layer, in mm."""
    shape = layer.data.shape[:3] if getattr(layer, "rgb", False) else layer.data.shape[-3:]
    return np.array([(0, 0, 0), np.subtract(shape, 1)]) * layer.scale[-3:] + layer.translate[-3:]


def extent_of(viewer: Any) -> tuple[float, float] | None:
    """Return width and height, in mm, of what is seen as the viewer is turned.

    In 3-D of the ellipsoid in the box, as brains have no corners.
    """
    box, pointing = box_of(viewer), directions(viewer)
    if box is None or pointing is None:
        return None
    size = box[1] - box[0]
    width, height = (float(np.linalg.norm(direction * size)) for direction in pointing)
    return (width, height) if width > 0 and height > 0 else None


def fit_to(viewer: Any, cell: CellLayout) -> None:
    """Let what is seen fill the brain's room in a cell; in all other cells it does so, too."""
    box, extent, pointing = box_of(viewer), extent_of(viewer), directions(viewer)
    if box is None or extent is None or pointing is None:
        viewer.fit_to_view()
        return
    room, camera, dims = cell.brain, viewer.scene.camera, viewer.dims
    zoom = _MARGIN * min(room.width / extent[0], room.height / extent[1])
    right, up = pointing
    (x, y), (middle_x, middle_y) = room.middle, cell.cell.middle
    center = box.mean(axis=0) - right * (x - middle_x) / zoom + up * (y - middle_y) / zoom
    spatial = [axis - (dims.ndim - 3) for axis in dims.displayed]
    before = camera.center[: -len(spatial)] if len(camera.center) > len(spatial) else ()
    camera.center = (*before, *center[spatial])
    camera.zoom = zoom


def corner_is_free(viewer: Any, cell: CellLayout) -> bool:
    """Whether the brain, fitted to a cell, leaves room for napari's axes in its lower left corner.

    Their middle is as far from both edges as half their size; the brain is taken as an ellipse.
    """
    extent, room = extent_of(viewer), cell.brain
    if extent is None:
        return False
    half = _MARGIN / 2 * min(room.width / extent[0], room.height / extent[1])
    away = room.middle[0] - _AXES / 2, cell.cell.height - _AXES / 2 - room.middle[1]
    return sum((d / (half * size + _ARROW)) ** 2 for d, size in zip(away, extent, strict=True)) > 1


def on_canvas(viewer: Any, cell: Rect, mm: np.ndarray) -> np.ndarray | None:
    """Return where places, shape (n, 3) in mm (z, y, x), lie in a cell: (n, 2) in pixels."""
    pointing = directions(viewer)
    if pointing is None:
        return None
    camera, dims = viewer.scene.camera, viewer.dims
    spatial = [axis - (dims.ndim - 3) for axis in dims.displayed]
    center = np.zeros(3)
    center[spatial] = camera.center[-len(spatial) :]
    right, up = pointing
    away = (np.atleast_2d(mm) - center) * camera.zoom
    x, y = cell.middle
    return np.stack([x + away @ right, y - away @ up], axis=1)
