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
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.worker import Worker

from .helpers import add_helper
from .template import Grid, brain_on, finer, outlines, template_on

TEMPLATE, OUTLINE, REGIONS = "MNI152 T1", "brain outline", "region outlines"
_COLORS = {OUTLINE: (0.6, 0.6, 0.6, 0.9), REGIONS: (0.0, 0.0, 0.0, 0.55)}

_made: dict[Any, Any] = {}
"""What was made of the template, by kind, grid and axis: all viewers share it."""


class Background:
    """Keeps the template and outlines with the slices of one viewer.

    They are layers of their own, made in a thread when they are first needed, and again where
    another plane or other data are shown. In 3-D they are hidden; in a grid, too, where every
    cell has their picture.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    cells : Cells
        Of this viewer.

    Attributes
    ----------
    wanted : dict of str to bool
        By name of the layer; set it by `show`.
    in_thread : bool
        Whether there is a window that must not wait; of a view within one, say so.
    """

    def __init__(self, viewer: Any, cells: Cells):
        self._viewer = proxy(viewer)
        self._cells = cells
        self.wanted = {TEMPLATE: True, OUTLINE: True, REGIONS: False}
        self._layers: dict[str, tuple[Any, Any]] = {}  # what it is of, and the layer
        self.in_thread = getattr(viewer, "window", None) is not None
        self._asked: set[Any] = set()
        self._adding = False
        events = viewer.layers.events
        dims = viewer.dims.events
        for event in (events.inserted, events.reordered, dims.order, dims.ndisplay):
            event.connect(self._soon)
        events.removed.connect(self._on_removed)
        viewer.canvas.grid.events.enabled.connect(self.update)

    def show(self, name: str, wanted: bool) -> None:
        """Show or hide one of the layers wherever there is something to show."""
        self.wanted[name] = wanted
        self.update()

    def _on_removed(self, event: Any) -> None:
        for name, (_, layer) in list(self._layers.items()):
            if layer is event.value:
                del self._layers[name]
                self.wanted[name] = self._adding  # the user deleted it
        self.update()

    def _soon(self, event: Any = None) -> None:
        """Follow in the next turn of the event loop, if there is one.

        Within an event of dims, napari's sliders would hear of other steps too late, and move.
        """
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
        if self._adding:
            return
        viewer = self._viewer
        if self._layers and not any(map(_has_place, viewer.layers)):
            self._clear()
        flat = viewer.dims.ndisplay == 2 and viewer.dims.ndim >= 3
        axis = viewer.dims.order[-3] - (viewer.dims.ndim - 3) if flat else -1
        grid = viewer.canvas.grid.enabled
        for name, wanted in self.wanted.items():
            key, make = self._of(name, axis) if axis >= 0 and wanted else (None, None)
            if key is not None and make is not None:
                self._bring(name, key, make)
            if not grid or key is None:
                self._cells.draw(name, None)
            if name in self._layers:
                of, layer = self._layers[name]
                visible = key is not None and of == key and not grid
                if layer.visible != visible:
                    layer.visible = visible

    def _clear(self) -> None:
        """Take all away with the last of the maps."""
        self._adding = True
        for _, layer in list(self._layers.values()):
            self._viewer.layers.remove(layer)
        self._adding = False

    def _of(self, name: str, axis: int) -> tuple[Any, Callable[[], Any] | None]:
        """Return what tells a layer's content from another one, and what makes it."""
        ours = next((x for x in reversed(self._viewer.layers) if _has_place(x)), None)
        if name == REGIONS:
            labels, grid = regions_of(self._viewer)
            if labels is None or grid is None:
                return None, None
            fine = grid.within(axis)
            return (id(labels), grid, axis), lambda: (
                outlines(finer(labels, grid, fine), axis),
                fine,
            )
        if ours is None or not is_mni(space_of_layer(ours)):
            return None, None
        grid = grid_of(ours).within(axis)
        if name == TEMPLATE:
            return (grid, axis), lambda: (template_on(grid), grid)
        return (grid, axis), lambda: (outlines(brain_on(grid), axis), grid)

    def _bring(self, name: str, key: Any, make: Callable[[], Any]) -> None:
        """Have a layer show what `key` tells, now or as soon as it is made."""
        grid = self._viewer.canvas.grid.enabled
        if not grid and name in self._layers and self._layers[name][0] == key:
            return
        if (name, key) not in _made:
            if self.in_thread:
                self._ask((name, key), make)
                return
            _keep((name, key), make())
        if grid:
            self._cells.draw(name, _pictures(name, *_made[name, key]), under=name == TEMPLATE)
            return
        self._adding = True
        try:
            self._put(name, key, *_made[name, key])
        finally:
            self._adding = False

    def _ask(self, key: Any, make: Callable[[], Any]) -> None:
        """Have a thread make it, and look again when it is there."""
        if key in self._asked:
            return
        self._asked.add(key)
        worker = Worker(lambda: (key, make()))
        worker.returned.connect(self._on_made)
        worker.start()

    def _on_made(self, answer: Any) -> None:
        key, made = answer
        self._asked.discard(key)
        _keep(key, made)
        self.update()

    def _put(self, name: str, key: Any, data: np.ndarray, grid: Grid) -> None:
        viewer = self._viewer
        before = viewer.dims.point
        if name in self._layers:
            viewer.layers.remove(self._layers[name][1])
        place = {"name": name, "scale": grid.scale, "translate": grid.translate}
        below = name == TEMPLATE
        look = _gray() if below else _line(_COLORS[name])
        layer = add_helper(viewer, "image", data, below=below, **place, **look)
        self._layers[name] = key, layer
        # Where the steps of a slider become fewer, napari leaves it at the last.
        viewer.dims.point = before


def regions_of(viewer: Any) -> tuple[np.ndarray | None, Grid | None]:
    """Return the labels (z, y, x) whose regions are outlined, and where they lie.

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
            return np.asarray(layer.data), grid_of(layer)
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


def _keep(key: Any, made: Any) -> None:
    """Remember what was made: of a few planes and grids only, as each takes some MB."""
    while len(_made) >= 12:
        del _made[next(iter(_made))]
    _made[key] = made


def _gray() -> dict[str, Any]:
    """Return the look of the template, whose outside is clear on any canvas."""
    from napari.utils.colormaps import Colormap

    colors = [[0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]]
    gray = Colormap(colors, controls=[0, 0.02, 1], name="gray, outside clear")
    return {"colormap": gray, "contrast_limits": (0, 255), "interpolation2d": "linear"}


def _pictures(name: str, data: np.ndarray, grid: Grid) -> ImageSlices:
    """Return slices as the layer of that name shows them."""
    look = _gray() if name == TEMPLATE else _line(_COLORS[name])
    low, high = look["contrast_limits"]
    colors = look["colormap"].map(np.linspace(0, 1, high - low + 1))
    table = np.rint(255 * colors).astype(np.uint8)
    scale, translate = np.array(grid.scale), np.array(grid.translate)
    return ImageSlices(data, scale, translate, table, smooth=name == TEMPLATE)


def _line(color: tuple[float, float, float, float]) -> dict[str, Any]:
    """Return the look of outlines, clear where there is none."""
    from napari.utils.colormaps import Colormap

    shade = Colormap([(*color[:3], 0.0), color], name=f"outline {color[0]}")
    return {"colormap": shade, "contrast_limits": (0, 1)}
