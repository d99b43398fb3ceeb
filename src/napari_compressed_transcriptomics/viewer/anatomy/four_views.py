"""Axial, coronal, sagittal and 3-D at once: the window's own view and three beside it."""

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.window.garbage import garbage
from napari_compressed_transcriptomics.viewer.window.turns import Turns, timer_of

from .linked_view import LinkedView, snapped
from .place import go_to, position
from .planes import PLANES, plane_of, show_plane
from .region_name import RegionName

ALL = (*PLANES, "3d")
_QUIET_MS = 120  # 3-D, which takes longest to draw, follows when the rest has come to a stop
_NEAR = 3  # pixels within which a press and its release are a click


_open: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""By viewer, its `FourViews` while they are open."""


def open_views(main: Any) -> "FourViews | None":
    """Return the four views of a viewer, None where they are not open."""
    found = _open.get(itself(main))
    return None if found is None else found()


class FourViews:
    """The three views that the window's own is not, with one crosshair in all four.

    A click or a drag in a slice of any goes there in all; where the window shows another plane,
    the view that had it takes what the window had. Whatever view is 3-D follows last.

    Parameters
    ----------
    main : napari.Viewer or napari.components.ViewerModel
    on_click : callable
        Told of each click: the mouse event and the layers, topmost first, that it was on.
    on_change : callable
        Told that views have changed their planes.

    Attributes
    ----------
    views : list of LinkedView
    held : bool
        Whether layers come only when `bring` is called, as while canvases are made.
    """

    def __init__(
        self, main: Any, on_click: Callable[[Any, list[Any]], None], on_change: Callable[[], None]
    ):
        main = itself(main)
        self._main_of, self._on_click, self._on_change = ref(main), on_click, on_change
        self._plane = plane_of(main) or "axial"
        self.held = False
        self._cells = attach(main).cells
        self._exchanging = Turns(main)
        self._timer = timer_of(main)
        self._bringing = timer_of(main)
        wait = soon = None
        if self._timer is not None:
            self._timer.setSingleShot(True)
            self._timer.setInterval(_QUIET_MS)
            self._timer.timeout.connect(self._follow_in_3d)
            self._bringing.setSingleShot(True)
            self._bringing.timeout.connect(self._on_bringing)
            wait, soon = self._timer.start, self._bringing.start
        self.views = [LinkedView(main, plane, wait, soon) for plane in ALL if plane != self._plane]
        for view in self.views:
            view.view.region_name = RegionName(view.model, main)
        for viewer in (main, *(view.model for view in self.views)):
            viewer.mouse_drag_callbacks.append(self._on_mouse)
        main.dims.events.point.connect(self._on_place)
        main.dims.events.order.connect(self._on_plane)
        main.dims.events.ndisplay.connect(self._on_plane)
        self._draw()
        garbage().comes(self)
        _open[main] = ref(self)

    @property
    def _main(self) -> Any:
        return self._main_of()

    def close(self) -> None:
        """Leave the window with its own view alone."""
        main = self._main
        views, self.views = self.views, []
        if main is None or not views:
            return
        _open.pop(main, None)
        main.dims.events.point.disconnect(self._on_place)
        main.dims.events.order.disconnect(self._on_plane)
        main.dims.events.ndisplay.disconnect(self._on_plane)
        main.mouse_drag_callbacks.remove(self._on_mouse)
        self._cells.cross(None)
        for view in views:
            view.close()
        garbage().goes(self)

    def enlarge(self, view: LinkedView) -> None:
        """Show in the window what a view shows, and there what the window had."""
        show_plane(self._main, view.plane)

    def follow_options(self) -> None:
        """Show the template, outlines and cut as the window does."""
        for view in self.views:
            view.follow_options()

    def _on_plane(self, event: Any = None) -> None:
        """Exchange planes with the window; its order and dimensions change one after another."""
        plane = plane_of(self._main)
        if plane == self._plane or plane not in ALL:
            return
        for view in self.views:
            if view.plane == plane:
                view.plane = self._plane
        self._plane = plane
        if not self._exchanging.busy:
            self._exchanging.start(self._exchange())
        self._draw()

    def _exchange(self) -> Iterator[None]:
        """Show in views what they are to show, once the window has drawn what it shows, twice."""
        yield
        while view := next((one for one in self.views if one.shows_another), None):
            view.show(view.plane)
            self._on_change()
            yield
        self._draw()  # where the sliders are by now: napari may have moved them in between

    def _on_place(self, event: Any = None) -> None:
        """Bring all to where the window went, 3-D last."""
        if attach(self._main).stays:
            return
        for view in self.views:
            if self._timer is None or view.plane != "3d":
                view.follow_place()
        self._draw(but="" if self._timer is None else "3d")
        if self._timer is not None:
            self._timer.start()

    def bring(self) -> bool:
        """Bring a layer to a view, or show it there; return whether there was one."""
        return any(view.bring() for view in self.views)

    def _on_bringing(self) -> None:
        """Bring a layer, and so on in the next turn of the event loop."""
        if not self.held and self.bring():
            self._bringing.start()

    def _follow_in_3d(self) -> None:
        for view in self.views:  # none once they are closed
            if view.plane == "3d":
                view.catch_up()
                view.follow_place()
                view.view.cells.cross(position(self._main)[::-1])

    def _draw(self, but: str = "") -> None:
        """Draw the crosshair in all views but that of a plane."""
        place = position(self._main)[::-1]
        if len(place) < 3:
            return
        cells = [self._cells, *(view.view.cells for view in self.views)]
        for plane, one in zip([self._plane, *(x.plane for x in self.views)], cells, strict=True):
            if plane != but:
                one.cross(place)

    def _on_mouse(self, viewer: Any, event: Any) -> Iterator[None]:
        """Go where the left button is pressed and drawn to in a slice; tell of a click."""
        viewer, camera = itself(viewer), viewer.scene.camera
        active = viewer.layers.selection.active
        busy = active is not None and active.mode != "pan_zoom"
        if event.button != 1 or event.modifiers or busy or viewer.dims.ndim < 3:
            return
        flat = viewer.dims.ndisplay == 2
        pans, camera.mouse_pan = camera.mouse_pan, camera.mouse_pan and not flat
        if flat:
            go_to(self._main, snapped(viewer, event.position)[::-1])
        start, moved = np.array(event.pos, float), False
        yield
        while event.type == "mouse_move":
            if event.pos is not None:
                moved |= float(np.abs(np.array(event.pos) - start).max()) > _NEAR
                if flat:
                    go_to(self._main, snapped(viewer, event.position)[::-1])
            yield
        camera.mouse_pan = pans
        if not moved and viewer is not self._main:
            self._on_click(event, [x for x in reversed(viewer.layers) if x.visible])
