"""Under the maps the MNI152 T1 template, over them outlines of the brain and of regions.

The template and the brain's outline are shown only where data are known to lie in MNI space.
"""

from collections.abc import Callable
from typing import Any
from weakref import proxy

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import is_mni
from napari_compressed_transcriptomics.viewer.brain_space import space_of_layer
from napari_compressed_transcriptomics.viewer.cells.cells import Cells
from napari_compressed_transcriptomics.viewer.cells.slices import ImageSlices
from napari_compressed_transcriptomics.viewer.itself import Same
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.layer_values import sliced_axis
from napari_compressed_transcriptomics.viewer.window.worker import Worker

from .template import Grid, brain_on, finer, outlines, template_on

TEMPLATE, OUTLINE, REGIONS = "MNI152 T1", "brain outline", "region outlines"
_CLEAR = 0.02  # of the template's range: the edge of its head, which is blended with any canvas
_COLORS = {OUTLINE: (0.6, 0.6, 0.6, 0.9), REGIONS: (0.0, 0.0, 0.0, 0.55)}

_made: dict[Any, ImageSlices] = {}
"""What was made of the template, by kind, grid and axis: all viewers share it."""


class Background:
    """Keeps the template and outlines with the slices of one viewer.

    They are pictures in every 2-D cell, made in a thread when they are first needed, and again
    where another plane or other data are shown. Layers of their own would take several times as
    long to draw, and longer with each step.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    cells : Cells
        Of this viewer.

    Attributes
    ----------
    wanted : dict of str to bool
        By name; set it by `show`.
    in_thread : bool
        Whether there is a window that must not wait; of a view within one, say so.
    """

    def __init__(self, viewer: Any, cells: Cells):
        self._viewer = proxy(viewer)
        self._cells = cells
        self.wanted = {TEMPLATE: True, OUTLINE: True, REGIONS: False}
        self.in_thread = getattr(viewer, "window", None) is not None
        self._asked: set[Any] = set()
        events = viewer.layers.events
        dims = viewer.dims.events
        for event in (events.inserted, events.removed, events.reordered, dims.order, dims.ndisplay):
            event.connect(self._soon)

    def show(self, name: str, wanted: bool) -> None:
        """Show or hide one of them wherever there is something to show."""
        self.wanted[name] = wanted
        self.update()

    def _soon(self, event: Any = None) -> None:
        """Follow in the next turn of the event loop, if there is one: once after many changes."""
        if not self.in_thread:
            self.update()
            return
        from qtpy.QtCore import QTimer

        QTimer.singleShot(0, self._now)

    def _now(self) -> None:
        try:
            self.update()
        except ReferenceError:  # the viewer is gone
            return

    def update(self, event: Any = None) -> None:
        """Follow what is shown."""
        axis = sliced_axis(self._viewer.dims)
        for name, wanted in self.wanted.items():
            key, make = self._of(name, axis) if axis is not None and wanted else (None, None)
            if key is None or make is None:
                self._cells.draw(name, None)
                continue
            if (name, key) not in _made:
                if self.in_thread:
                    self._ask((name, key), make)
                    continue
                _keep((name, key), _pictures(name, *make()))
            self._cells.draw(name, _made[name, key], under=name == TEMPLATE)

    def _of(self, name: str, axis: int) -> tuple[Any, Callable[[], Any] | None]:
        """Return what tells one picture from another one, and what makes it."""
        ours = next((x for x in reversed(self._viewer.layers) if _has_place(x)), None)
        if name == REGIONS:
            labels, grid = regions_of(self._viewer)
            if labels is None or grid is None:
                return None, None
            fine = grid.within(axis)
            return (Same(labels), grid, axis), lambda: (
                outlines(finer(np.asarray(labels), grid, fine), axis),
                fine,
            )
        if ours is None or not is_mni(space_of_layer(ours)):
            return None, None
        grid = grid_of(ours).within(axis)
        if name == TEMPLATE:
            return (grid, axis), lambda: (template_on(grid), grid)
        return (grid, axis), lambda: (outlines(brain_on(grid), axis), grid)

    def _ask(self, key: Any, make: Callable[[], Any]) -> None:
        """Have a thread make it, and look again when it is there."""
        if key in self._asked:
            return
        self._asked.add(key)
        worker = Worker(lambda: (key, _pictures(key[0], *make())))
        worker.returned.connect(self._on_made)
        worker.start()

    def _on_made(self, answer: Any) -> None:
        key, made = answer
        self._asked.discard(key)
        _keep(key, made)
        self._now()


def regions_of(viewer: Any) -> tuple[Any, Grid | None]:
    """Return the labels, an array (z, y, x), whose regions are outlined, and where they lie.

    They are the topmost visible map's own regions, where it is of regions, else those of the
    topmost Labels layer.
    """
    from napari.layers import Labels

    for layer in reversed(viewer.layers):
        what = shown(layer)
        if layer.visible and what is not None and what.view is not None and has_regions(layer):
            return what.view.labels, grid_of(layer)
    for layer in reversed(viewer.layers):
        if isinstance(layer, Labels) and layer.ndim == 3 and not layer.multiscale:
            return layer.data, grid_of(layer)
    return None, None


def has_regions(layer: Any) -> bool:
    """Whether a layer of ours shows regions, not voxels."""
    what = shown(layer)
    place = None if what is None else what.parcellation
    return place is not None and int(place.voxels_per_sample.max(initial=0)) > 1


def grid_of(layer: Any) -> Grid:
    """Return where the last three axes of a layer lie."""
    return Grid(
        tuple(layer.data.shape[:3] if getattr(layer, "rgb", False) else layer.data.shape[-3:]),
        tuple(map(float, layer.scale[-3:])),
        tuple(map(float, layer.translate[-3:])),
    )


def _has_place(layer: Any) -> bool:
    what = shown(layer)
    return what is not None and what.view is not None and layer.ndim >= 3


def _keep(key: Any, made: ImageSlices) -> None:
    """Remember what was made: of a few planes and grids only, as each takes some MB."""
    while len(_made) >= 12:
        del _made[next(iter(_made))]
    _made[key] = made


def _pictures(name: str, data: np.ndarray, grid: Grid) -> ImageSlices:
    """Return slices with the colours of that name; what is 0 is clear."""
    if name == TEMPLATE:
        share = np.clip((np.linspace(0, 1, 256) / _CLEAR - 1) / (1 / _CLEAR - 1), 0, 1)
        colors = np.repeat(share[:, None], 4, axis=1)
        colors[:, 3] = np.minimum(1, np.linspace(0, 1, 256) / _CLEAR)
    else:
        colors = np.array([(0, 0, 0, 0), _COLORS[name]])
    table = np.rint(255 * colors).astype(np.uint8)
    scale, translate = np.array(grid.scale), np.array(grid.translate)
    return ImageSlices(data, scale, translate, table, smooth=name == TEMPLATE)
