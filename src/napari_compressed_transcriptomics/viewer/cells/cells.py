"""The cells of a viewer: what they hold is laid out, fitted and written beside the layers."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakMethod, WeakSet, proxy

import numpy as np

from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.window.turns import timer_of

from .arrangement import arrange
from .camera import corner_is_free, extent_of, fit_to
from .captions import CellTexts
from .drawing import Drawing
from .painting import Painter
from .picture import Pictures
from .seen import Seen, Wanted, layouts_of, look
from .slices import SlicePicture, SliceSource

_OF_DRAWING = ("scale_factor", "thumbnail", "set_data")
"""What napari tells of layers while it draws, or where it draws by itself."""


class Cells:
    """Lays cells out, and draws their titles, colour bars, letters and marks.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
        Without a window nothing is drawn; `look` still tells what would be.

    Attributes
    ----------
    wanted : Wanted
        What is drawn; call `update` after a change.
    """

    def __init__(self, viewer: Any):
        viewer = itself(viewer)
        self._viewer = proxy(viewer)  # cells must not keep their viewer alive
        self._texts = CellTexts()
        self._seen = Seen()
        self._drawn: tuple[Any, ...] = ()
        self._fitted: dict[int, tuple[Any, ...]] = {}
        self._free = True  # the shape follows from what there is
        self._arranging = self._fitting = False
        self.wanted = Wanted()
        self._helpers: WeakKeyDictionary[Any, SliceSource] = WeakKeyDictionary()
        self._beside: dict[str, tuple[SliceSource, bool]] = {}
        self._hidden: WeakSet[Any] = WeakSet()
        self._painter = Painter()
        self._pictures: Pictures | None = None
        self._timer = timer_of(viewer)
        if self._timer is not None:
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(self._settle)
            self.draw_in(viewer.window.main_menu.window().centralWidget())
        viewer.layers.events.connect(self._on_layers)
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(self._soon, position="last")  # napari counts axes before
        viewer.canvas.events.size.connect(self._soon)
        viewer.dims.events.order.connect(self._soon)
        viewer.dims.events.ndisplay.connect(self._on_ndisplay)
        viewer.events.reset_view.connect(self._on_reset)
        viewer.canvas.grid.events.enabled.connect(self._on_grid)

    def draw_in(self, widget: Any) -> None:
        """Draw over and under the layers of the canvas in a widget.

        Parameters
        ----------
        widget : QWidget
            In it a `napari.qt.QtViewer` shows this viewer; of a window, it is known.
        """
        self._pictures = Pictures(widget, _weak(self._redraw), _weak(self._tooltip))

    def make_current(self) -> None:
        """Let what OpenGL is told be about this viewer's canvas, before napari removes layers.

        It does not say so itself: where another window was drawn last, that would lose what has
        the same numbers there, and end the program with its next frame.
        """
        if self._pictures is not None:
            self._pictures.make_current()

    def look(self) -> Seen:
        """Return all that is drawn in the cells beside layers."""
        sliced = bool(self._sources(under=True) or self._sources(under=False))
        return look(self._viewer, self._texts, self.wanted, sliced)

    def update(self) -> None:
        """Draw all anew with the next frame."""
        self._drawn = ()
        if self._pictures is not None:
            self._pictures.update()

    def _on_layers(self, event: Any) -> None:
        """Have a frame, before which it is found out whether texts changed."""
        if self._pictures is not None and event.type not in _OF_DRAWING:
            self._pictures.update()
        if event.type == "visible":
            self._soon()
        if event.type == "removed" and not any(shown(layer) for layer in self._viewer.layers):
            self._fitted.clear()  # what comes next lies elsewhere

    def mark(self, place: Any, name: str = "") -> None:
        """Ring a place, in mm (z, y, x), in every cell, with a name; None for no place."""
        self.wanted.marked = None if place is None else (np.asarray(place, float), name)
        self.update()

    def cross(self, place: Any) -> None:
        """Draw a crosshair at a place, in mm (z, y, x), in every cell; None for none."""
        before = self.wanted.cross
        self.wanted.cross = None if place is None else np.array(place, float)
        if not np.array_equal(before, self.wanted.cross):  # type: ignore[arg-type]
            self.update()

    def share(self, layer: Any, source: SliceSource) -> None:
        """Show a helper layer (a selection) in every cell of a grid, in none its own.

        In a grid the layer is hidden, and pictures of its slices are drawn over the maps in all
        2-D cells; without a grid the layer is shown itself. In cells in 3-D it is not seen.
        Called again for the same layer, other pictures replace the former.
        """
        self._helpers[itself(layer)] = source
        self._hide_helpers()
        self.update()

    def draw(self, name: str, source: SliceSource | None, under: bool = False) -> None:
        """Draw pictures of slices in every 2-D cell, over or under its map; None for no more."""
        if source is not None:
            self._beside[name] = source, under
        elif self._beside.pop(name, None) is None:
            return
        self.update()

    def _hide_helpers(self) -> None:
        grid = self._viewer.canvas.grid.enabled or self._arranging
        for layer in list(self._helpers):
            if grid and layer in self._viewer.layers:
                self._hidden.add(layer)
                layer.visible = False
            elif not grid and layer in self._hidden:
                self._hidden.discard(layer)
                layer.visible = True

    def _sources(self, under: bool) -> list[SliceSource]:
        found = [source for source, below in self._beside.values() if below == under]
        if not under:
            layers = self._viewer.layers
            shared = self._helpers.items()
            found += [x for layer, x in shared if layer in self._hidden and layer in layers]
        return found

    def fit(self) -> None:
        """Let brains fill their cells."""
        before, self._fitting = self._camera(), True
        try:
            fit_to(self._viewer, layouts_of(self._viewer, self.wanted)[0])
        finally:
            self._fitting = False
        if self._pictures is not None and self._camera() != before:
            self._pictures.update()
        self._fitted[self._viewer.dims.ndisplay] = self._camera()

    def axes_fit(self) -> bool:
        """Whether there is room for napari's axes beside what is seen: only without a grid."""
        viewer = self._viewer
        if viewer.canvas.grid.enabled:
            return False
        return corner_is_free(viewer, layouts_of(viewer, self.wanted)[0])

    def show_grid(self, shape: tuple[int, int] | None = None) -> None:
        """Give each visible layer a cell, of a grid of this (rows, columns) or of the best.

        The best has results as rows and quantities as columns; layers are put in that order.
        """
        grid = self._viewer.canvas.grid
        self._arranging = True
        self._free = shape is None
        try:
            grid.stride = 1
            self._hide_helpers()
            if shape is None:
                self._arrange()
            else:
                grid.shape = shape
            grid.enabled = True
        finally:
            self._arranging = False
        self.fit()

    def state(self) -> tuple[bool, bool, tuple[int, int]]:
        """Return how layers lie now, for `restore`."""
        grid = self._viewer.canvas.grid
        return grid.enabled, self._free, tuple(grid.shape)

    def restore(self, state: tuple[bool, bool, tuple[int, int]]) -> None:
        """Lay layers out as they lay, in the best grid of those seen now where it was that."""
        enabled, free, shape = state
        if enabled:
            self.show_grid(None if free else shape)
            return
        self._free = free
        self._viewer.canvas.grid.enabled = False
        self.fit()

    def _arrange(self, in_order: bool = True) -> None:
        viewer = self._viewer
        self._hide_helpers()
        layers = [layer for layer in viewer.layers if layer.visible]
        extent = extent_of(viewer) or (1.0, 1.0)
        height, width = viewer.canvas.size
        order, shape = arrange(
            [_result_of(layer) for layer in layers],
            (width, height),
            extent[0] / extent[1],
            even=viewer.dims.ndisplay == 3,
        )
        wanted = [viewer.layers.index(layers[i]) for i in order]
        if in_order and wanted != sorted(wanted):
            viewer.layers.move_multiple(wanted, len(viewer.layers))
        if viewer.canvas.grid.shape != shape:
            viewer.canvas.grid.shape = shape

    def _on_grid(self) -> None:
        """Lay napari's own grid out as ours."""
        if self._arranging:
            return
        self._hide_helpers()
        if self._viewer.canvas.grid.enabled:
            self.show_grid()
        elif any(shown(layer) is not None for layer in self._viewer.layers):
            self._soon()

    def _on_reset(self, event: Any = None) -> None:
        """Fit as we do wherever napari fits (Home, another plane, first time in 3-D)."""
        if not self._fitting and any(shown(layer) is not None for layer in self._viewer.layers):
            self.fit()

    def _on_ndisplay(self, event: Any = None) -> None:
        if self._pictures is not None and self._timer is not None:
            self._pictures.wait()
        self._soon()

    def _soon(self, event: Any = None) -> None:
        if self._timer is None:
            self._settle()
        else:
            self._timer.start(0)

    def _settle(self) -> None:
        """Lay out and fit anew after what is seen, or the canvas, changed; not what was zoomed."""
        viewer = self._viewer
        if not any(shown(layer) is not None and layer.visible for layer in viewer.layers):
            return
        untouched = self._fitted.get(viewer.dims.ndisplay, ()) in ((), self._camera())
        if viewer.canvas.grid.enabled and self._free and not self._arranging:
            self._arranging = True
            try:
                # Without a window this comes with each of several changes: too early for an order.
                self._arrange(in_order=self._timer is not None)
            finally:
                self._arranging = False
        if untouched:
            self.fit()

    def _camera(self) -> tuple[Any, ...]:
        camera = self._viewer.scene.camera
        return tuple(camera.center), camera.zoom

    def _redraw(self, ratio: float) -> tuple[list[Drawing], list[Drawing]] | None:
        """Return what is drawn under and over the layers, where something changed."""
        before, self._seen = self._seen, self.look()
        seen = self._seen
        in_grid = len(seen.cells) > 1 or len(before.cells) > 1
        if in_grid and _layouts(before) != _layouts(seen) and self._pictures is not None:
            self._pictures.again()  # napari knows the size of new cells only after a frame
        if self._drawn == (seen, ratio):
            return None
        # napari draws new cells as if they had ten pixels, which 3-D fills with one voxel.
        veiled = bool(before.cells) and _boxes(before) != _boxes(seen)
        self._drawn = () if veiled else (seen, ratio)
        under, over = (_slices(self._sources(under), seen) for under in (True, False))
        return self._painter.under(seen, under), self._painter.over(seen, over, ratio, veiled)

    def _tooltip(self, x: float, y: float) -> str:
        return self._seen.tooltip_at(x, y)


def _weak(method: Any) -> Any:
    """Return a method as a function that does not keep its object alive."""
    reference = WeakMethod(method)

    def call(*arguments: Any) -> Any:
        found = reference()
        assert found is not None
        return found(*arguments)

    return call


def _layouts(seen: Seen) -> list[Any]:
    return [cell.layout for cell in seen.cells]


def _boxes(seen: Seen) -> tuple[Any, ...]:
    return len(seen.cells), seen.shape


def _slices(sources: Sequence[SliceSource], seen: Seen) -> list[SlicePicture]:
    if not seen.slice:
        return []
    axis, mm = seen.slice[:2]
    found = (source.slice(axis, mm) for source in sources)
    return [picture for picture in found if picture is not None]


def _result_of(layer: Any) -> Any:
    what = shown(layer)
    return None if what is None or what.reconstruction is None else id(what.reconstruction)
