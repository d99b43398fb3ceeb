"""What is done to the whole viewer so that brains stand right in it.

Axial slices have anterior up and left on the left, 3-D has superior up, letters name the
sides, and signed layers swap their look between 2-D and 3-D.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary, proxy

from .anatomy.background import Background
from .anatomy.cut import Cut
from .anatomy.helpers import is_helper
from .anatomy.place import set_last
from .anatomy.region_name import RegionName
from .anatomy.shell import BrainShell
from .anatomy.solid import dress, follow_colormap, follow_limits
from .cells.cells import Cells
from .cells.shared_contrast import SameScale
from .component_axis import ComponentAxis
from .itself import OnePerViewer
from .layer_content import shown
from .layer_values import part_shown
from .layers import follow_component
from .settings import preferences
from .window.garbage import garbage
from .window.layer_list import LayerList
from .window.painting import paint_later, paint_once_turned, painted_after
from .window.status_bar import keep_room_for_sign
from .window.turns import Turns


class BrainView:
    """Keeps orientation, letters and 2-D/3-D looks of one viewer right."""

    def __init__(self, viewer: Any):
        self._viewer = proxy(viewer)  # a view must not keep its viewer alive
        self._turned_3d = self._at_once = False
        self.stays = False  # where it is, whatever the sliders say meanwhile
        self.hidden_meanwhile: list[Any] = []  # layers, while a surface stands in their place
        self.order_2d: tuple[int, ...] | None = None  # of the axes, when 3-D is left
        self._component_of: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self.turns = Turns(viewer)
        self.component_axis = ComponentAxis(viewer)
        self.cells = Cells(viewer)
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removing.connect(self._on_removing)
        viewer.dims.events.ndisplay.connect(self._on_ndisplay)
        viewer.dims.events.order.connect(self._on_order)
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.canvas.overlays.axes.box = False
        for event in (viewer.canvas.events.size, viewer.canvas.grid.events.enabled):
            event.connect(self._show_axes)
        self.shell = BrainShell(viewer)
        self.same_scale = SameScale(viewer)
        self.cut = Cut(viewer)
        self.region_name = RegionName(viewer, viewer)
        self.background = Background(viewer, self.cells)
        for layer in viewer.layers:
            self._welcome(layer)
        self.background.update()
        if getattr(viewer, "window", None) is not None:
            garbage().leave_out()
            viewer.window.main_menu.destroyed.connect(garbage().take_in)
            self.turns.start(self._load())
            self._layer_list = LayerList(viewer)
            self._resizes = paint_once_turned(self._viewer)
            keep_room_for_sign(viewer)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Have napari lay out all cells once after several changes, not after each.

        napari collects all garbage after that, in case layers were removed, for which the window
        stands still for a third of a second: where none was there is nothing to collect.
        """
        if self._at_once:
            yield
            return
        self._at_once = True
        layers = self._viewer.layers
        before = list(layers)
        with ExitStack() as after:
            try:
                with layers.batched_update():
                    yield
                    self.cells.make_current()
                    if all(layer in layers for layer in before):
                        after.enter_context(garbage().none_expected())
            finally:
                self._at_once = False

    @contextmanager
    def staying(self, point: tuple[float, ...] | None = None) -> Iterator[None]:
        """Stay at a point while axes get shorter or longer, whose sliders napari would move.

        By itself at that of now; axes that come or go are the first.
        """
        dims = self._viewer.dims
        point, self.stays = point or dims.point, True
        try:
            yield
            set_last(dims, point[-dims.ndim :])
        finally:
            self.stays = False

    def _on_inserted(self, event: Any) -> None:
        garbage().comes(event.value)
        self._welcome(event.value)

    def _on_removing(self, event: Any) -> None:
        """Before napari collects what goes, and makes room for other sliders and controls."""
        paint_later(self._viewer)
        self.cells.make_current()
        garbage().goes(self._viewer.layers[event.index])

    def _welcome(self, layer: Any) -> None:
        what = shown(layer)
        if what is None:
            return
        viewer = self._viewer
        # The orientation belongs to whoever came first.
        if sum(not is_helper(x) for x in viewer.layers) == 1:
            viewer.scene.camera.orientation2d = ("up", "right")
            viewer.scene.camera.synced = False  # looking at 3-D must not move the slice
        if what.kind == "latents" and sum(other.ndim == 4 for other in viewer.layers) == 1:
            viewer.dims.set_point(0, 1)  # napari starts in the middle of every axis
        dress([layer], viewer.dims.ndisplay == 3)
        layer.events.visible.connect(self._on_visible)
        if hasattr(layer, "contrast_limits"):
            layer.events.contrast_limits.connect(self._on_limits)
            layer.events.colormap.connect(self._on_colormap)
        if what.kind == "latents":
            self._follow(layer)
        if viewer.dims.ndisplay == 3:
            self._stand_upright()

    def show_side_by_side(self, shape: tuple[int, int] | None = None) -> None:
        """Give every visible layer a cell of the grid, with its name.

        Parameters
        ----------
        shape : (rows, columns), optional
            Of the grid, for layers in their order. By itself results are rows and quantities
            columns, see `cells.arrangement`.
        """
        with self.at_once():
            self.cells.show_grid(shape)

    def show_in_one(self) -> None:
        """Lay the visible layers over each other again."""
        with self.at_once():
            self._viewer.canvas.grid.enabled = False
        self.cells.fit()

    def show_elsewhere(self, moved: bool, several: bool = False) -> None:
        """Say whether what is shown lies elsewhere than in the brain: no place of it is marked.

        Parameters
        ----------
        moved : bool
        several : bool
            It lies turned in several ways: no letter and no axis is right for all.
        """
        self.cells.wanted.in_place = not moved
        self.cells.wanted.sided = not several
        self._show_axes()
        self.cells.update()

    def _on_order(self) -> None:
        self._unmirror()

    def _unmirror(self) -> None:
        """Show 3-D in the order (z, y, x) only: another order could be its mirror image."""
        dims = self._viewer.dims
        if dims.ndisplay == 2:
            order, self.order_2d = self.order_2d, None
            if order is not None and len(order) == dims.ndim:
                dims.order = order
        elif sorted(dims.displayed) == list(range(dims.ndim - 3, dims.ndim)):
            straight = tuple(range(dims.ndim))
            if dims.order != straight and any(shown(layer) for layer in self._viewer.layers):
                self.order_2d, dims.order = dims.order, straight

    def _on_visible(self, event: Any) -> None:
        dress([event.source], self._viewer.dims.ndisplay == 3)

    def _on_ndisplay(self) -> None:
        self._unmirror()
        in_3d = self._viewer.dims.ndisplay == 3
        dress(self._viewer.layers, in_3d)
        self._show_axes()
        if in_3d:
            self._stand_upright()

    def _show_axes(self, event: Any = None) -> None:
        """Show how 3-D is turned, where that lies over no brain; letters at the sides always do."""
        viewer = self._viewer
        seen = viewer.dims.ndisplay == 3 and self._any_of_ours() and self.cells.wanted.sided
        axes = viewer.canvas.overlays.axes
        if axes.visible != (wanted := bool(seen and self.cells.axes_fit())):
            axes.visible = wanted

    def _stand_upright(self) -> None:
        """Turn the 3-D camera once so that superior is up; then it is the user's."""
        if self._turned_3d or not self._any_of_ours():
            return
        self._turned_3d = True
        self._viewer.scene.camera.set_view_direction((-0.3, 0.9, -0.3), (1, 0, 0))

    def _on_step(self) -> None:
        with self.same_scale.apart():
            changed = [self._follow(layer) for layer in self._viewer.layers if _is_stack(layer)]
        if any(changed):
            self.same_scale.apply()

    def _follow(self, layer: Any) -> bool:
        """Set the contrast when another component is shown; else it is the user's."""
        component = part_shown(self._viewer, layer)
        if component == self._component_of.get(layer, 0):
            return False
        self._component_of[layer] = component
        follow_component(layer, component)
        return True

    def _on_limits(self, event: Any) -> None:
        """Keep the look of 3-D when colours have other limits."""
        layer = event.source
        follow_limits(layer, part_shown(self._viewer, layer) if layer.ndim == 4 else 0)

    def _on_colormap(self, event: Any) -> None:
        follow_colormap(event.source)

    def _load(self) -> Iterator[None]:
        """Load what napari loads with the first layer and in 3-D, and docks with the first figure.

        And their preferences, for which napari reads the manifests of all plugins.

        Each takes a tenth of a second at most, all of them half of one.
        """
        from pint import get_application_registry

        get_application_registry().Unit("mm")
        yield
        for name in LOADED:
            import_module(name)
            yield
        preferences()
        yield
        axes = self._viewer.canvas.overlays.axes
        if not axes.visible:
            with painted_after(self._viewer):
                axes.visible = True
                yield
                self._viewer.screenshot(flash=False)  # drawn with letters and shaders, yet not seen
                self._show_axes()
        yield
        garbage().leave_out()

    def _any_of_ours(self) -> bool:
        return any(shown(layer) is not None for layer in self._viewer.layers)


LOADED = (
    *("scipy.ndimage", "scipy.linalg", "scipy.spatial.transform"),
    *("matplotlib", "matplotlib.backend_bases", "matplotlib.axes", "matplotlib.figure"),
)
"""Modules that are imported in turns of the event loop, before they are needed."""

attach = OnePerViewer(BrainView)
"""Makes a viewer ready for our layers, present and to come; safe to call again."""


def _is_stack(layer: Any) -> bool:
    what = shown(layer)
    return what is not None and what.kind == "latents"
