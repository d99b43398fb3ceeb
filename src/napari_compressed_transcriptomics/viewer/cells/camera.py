"""Fitting brains to their cells, and where a place in the brain lies on the canvas."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_compressed_transcriptomics.viewer.layer_content import shown

from .layout import CellLayout, Rect
from .letters import directions

_MARGIN = 0.97
_boxes: WeakKeyDictionary[Any, np.ndarray] = WeakKeyDictionary()


def box_of(viewer: Any) -> np.ndarray | None:
    """Return the box, shape (2, 3), in mm (z, y, x), of all samples seen; else of all layers."""
    seen = [layer for layer in viewer.layers if layer.visible and layer.ndim >= 3]
    ours = [layer for layer in seen if (what := shown(layer)) and what.view is not None]
    boxes = [_box(layer) for layer in ours or seen]
    if not boxes:
        return None
    return np.array([np.min(boxes, axis=0)[0], np.max(boxes, axis=0)[1]])


def _box(layer: Any) -> np.ndarray:
    what = shown(layer)
    if what is None or what.view is None:
        return np.asarray(layer.extent.world)[:, -3:]
    if what.view not in _boxes:
        inside = what.view.labels > 0
        ends = []
        for axis in range(3):
            others = tuple(other for other in range(3) if other != axis)
            found = np.flatnonzero(inside.any(axis=others))
            ends.append((found[0] - 0.5, found[-1] + 0.5) if len(found) else (0, 1))
        _boxes[what.view] = np.transpose(ends)
    return _boxes[what.view] * layer.scale[-3:] + layer.translate[-3:]


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
