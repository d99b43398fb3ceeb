"""A cut through all that is seen in 3-D, at the place that is looked at."""

from collections.abc import Iterator
from typing import Any
from weakref import proxy

import numpy as np

from napari_compressed_transcriptomics.viewer.cells.letters import directions

from .place import go_to, position

# Of the axes (z, y, x): across which a cut goes.
AXES = {"axial": 0, "coronal": 1, "sagittal": 2}


class Cut:
    """Cuts away what lies on the viewer's side of the place, along one plane.

    The cut goes with the place (sliders, fields, crosshair); Shift and the mouse drag it.
    """

    def __init__(self, viewer: Any):
        self._viewer = self._leader = proxy(viewer)
        self.plane = ""
        self._sign = 1
        viewer.dims.events.point.connect(self.update)
        viewer.dims.events.ndisplay.connect(self.update)
        viewer.layers.events.inserted.connect(self.update)
        viewer.mouse_drag_callbacks.append(self._on_drag)

    def show(self, plane: str) -> None:
        """Cut along a plane, a key of `AXES`; an empty one ends it."""
        self.plane = plane
        if plane:
            # What is behind stays: the face of the cut is turned to whoever looks.
            forward = self._viewer.scene.camera.view_direction[AXES[plane]]
            self._sign = 1 if forward >= 0 else -1
        self.update()

    def led_by(self, leader: Any) -> None:
        """Go with the place of another viewer, when told to `update`; drag that one, too."""
        self._leader = proxy(leader)

    def update(self, event: Any = None) -> None:
        """Cut where the place is now, all layers that can be cut."""
        viewer = self._viewer
        seen = bool(self.plane) and viewer.dims.ndisplay == 3 and self._leader.dims.ndim >= 3
        for layer in viewer.layers:
            planes = getattr(layer, "experimental_clipping_planes", None)
            if planes is None or layer.ndim < 3 or not (seen or planes):
                continue
            if not seen:
                planes.clear()
                continue
            # In mm, though napari's documentation says voxels (napari#3874).
            at, normal = position(self._leader)[::-1], np.zeros(3)
            normal[AXES[self.plane]] = self._sign
            if planes:
                planes[0].position, planes[0].normal = tuple(at), tuple(normal)
            else:
                plane = {"position": tuple(at), "normal": tuple(normal), "enabled": True}
                layer.experimental_clipping_planes = [plane]

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """Move the cut along its axis as the mouse goes, with Shift."""
        if not self.plane or viewer.dims.ndisplay != 3 or "Shift" not in event.modifiers:
            return
        camera, axis = viewer.scene.camera, AXES[self.plane]
        pointing = directions(viewer)
        if pointing is None:
            return
        right, up = pointing
        along = np.array((right[axis], -up[axis]))  # right and down, of a step of a mm
        pans, camera.mouse_pan = camera.mouse_pan, False
        start, first = np.array(event.pos, float), position(self._leader)[::-1].copy()
        yield
        while event.type == "mouse_move":
            if event.pos is not None and np.linalg.norm(along) > 1e-3:
                moved = (np.array(event.pos) - start) @ along / (along @ along)
                place = first.copy()
                place[axis] += moved / camera.zoom
                go_to(self._leader, place[::-1])
            yield
        camera.mouse_pan = pans
