"""What is done to the whole viewer so that brains stand right in it.

Axial slices have anterior up and left on the left, 3-D has superior up, letters name the
sides, and signed layers swap their look between 2-D and 3-D.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, proxy

from .anatomy.background import Background
from .anatomy.cut import Cut
from .anatomy.helpers import is_helper
from .anatomy.planes import fit
from .anatomy.region_name import RegionName
from .anatomy.screen import directions, letters
from .anatomy.shell import BrainShell
from .anatomy.solid import dress, follow_colormap, follow_limits
from .cells.legend import Legend
from .cells.texts import CellTexts
from .itself import OnePerViewer
from .layer_content import shown
from .layers import follow_component
from .turns import Turns

_NARROW = 3  # columns of a grid
_SIDES = ("middle_left", "middle_right", "top_center", "bottom_center")


class BrainView:
    """Keeps orientation, letters and 2-D/3-D looks of one viewer right.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    in_window : bool, optional
        Whether somebody waits; by default whether the viewer has a window of its own.
    bars : bool
        Show colour bars.
    """

    def __init__(self, viewer: Any, in_window: bool | None = None, bars: bool = True):
        from napari.components.overlays import TextOverlay

        if in_window is None:
            in_window = getattr(viewer, "window", None) is not None
        self._viewer = proxy(viewer)  # a view must not keep its viewer alive
        self._turned_3d = False
        self._order_2d: tuple[int, ...] | None = None
        self._fit_next = False
        self._component_of: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._letters = {}
        for side in _SIDES:
            overlay = TextOverlay(
                text="", position=side, font_size=14, box=False, gridded=True, visible=False
            )
            viewer.canvas.overlays[f"side_{side}"] = overlay
            self._letters[side] = overlay
        viewer.canvas.overlays.axes.box = False
        self.turns = Turns(viewer)
        self.texts = CellTexts(viewer, list(self._letters.values()))
        viewer.layers.events.inserting.connect(self.texts.before)
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.inserted.connect(self._after_insertion, position="last")
        viewer.layers.events.removing.connect(self.texts.take_off)
        viewer.layers.events.removed.connect(self._update_letters)
        viewer.layers.events.reordered.connect(self.texts.take_off)
        viewer.dims.events.ndisplay.connect(self._on_ndisplay)
        viewer.dims.events.order.connect(self._on_order)
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.canvas.grid.events.enabled.connect(self._on_grid)
        viewer.canvas.grid.events.shape.connect(self._on_grid)
        for event in (viewer.canvas.grid.events.enabled, viewer.canvas.grid.events.shape):
            event.connect(self.texts.take_off)
        viewer.scene.camera.events.angles.connect(self._update_letters)
        viewer.scene.camera.events.orientation.connect(self._update_letters)
        self.shell = BrainShell(viewer)
        self.cut = Cut(viewer)
        self.region_name = RegionName(viewer, viewer)
        self.background = Background(viewer, in_window)
        for layer in viewer.layers:
            layer.events.visible.connect(self.texts.take_off)
            self._welcome(layer)
        self.background.update()
        self._legend = Legend(viewer, self.texts, bars)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Have napari lay out all cells once after several changes, not after each."""
        if self.texts.held:
            yield
            return
        with self.texts.hold(), self._viewer.layers.batched_update():
            yield
        self._update_letters()
        self._legend.update()

    def _after_insertion(self, event: Any) -> None:
        """Listen to the layer after napari does, so as to be told before it."""
        event.value.events.visible.connect(self.texts.take_off)
        self.texts.after()
        self._update_letters()

    def _on_inserted(self, event: Any) -> None:
        self._welcome(event.value)

    def _welcome(self, layer: Any) -> None:
        what = shown(layer)
        if what is None:
            return
        viewer = self._viewer
        if (
            sum(not is_helper(x) for x in viewer.layers) == 1
        ):  # the orientation belongs to whoever came first
            viewer.scene.camera.orientation2d = ("up", "right")
            viewer.scene.camera.synced = False  # looking at 3-D must not move the slice
            viewer.canvas.overlays.scale_bar.visible = True
        if what.kind == "latents" and sum(other.ndim == 4 for other in viewer.layers) == 1:
            viewer.dims.set_point(0, 1)  # napari starts in the middle of every axis
        dress([layer], viewer.dims.ndisplay == 3)
        self._follow_look(layer)
        if what.kind == "latents":
            self._follow(layer)
        if viewer.dims.ndisplay == 3:
            self._stand_upright()
        self._update_letters()

    def show_side_by_side(
        self, layers: Sequence[Any] | None = None, rows: int = -1, columns: int = -1
    ) -> None:
        """Give every visible layer a cell of the grid, and all (or `layers`) their names.

        Parameters
        ----------
        layers : sequence of layer, optional
        rows, columns : int
            Of the grid; -1 for as many as needed, about as many rows as columns.
        """
        viewer = self._viewer
        with self.at_once():
            for layer in viewer.layers if layers is None else layers:
                layer.name_overlay.font_size = 8
                layer.name_overlay.position = "top_center"  # below the letter there
                layer.name_overlay.box = False  # costs time whenever the name changes
                self.texts.show(layer, layer.name_overlay, True)
            viewer.canvas.grid.shape = (rows, columns)
            viewer.canvas.grid.stride = 1
            viewer.canvas.grid.enabled = True
        fit(viewer)

    def show_in_one(self) -> None:
        """Lay the visible layers over each other again, without their names."""
        with self.at_once():
            for layer in self._viewer.layers:
                self.texts.show(layer, layer.name_overlay, False)
            self._viewer.canvas.grid.enabled = False
        fit(self._viewer)

    def _on_order(self) -> None:
        self._unmirror()
        self._update_letters()

    def _unmirror(self) -> None:
        """Show 3-D in the order (z, y, x) only: another order could be its mirror image."""
        dims = self._viewer.dims
        if dims.ndisplay == 2:
            order, self._order_2d = self._order_2d, None
            if order is not None and len(order) == dims.ndim:
                dims.order = order
        elif sorted(dims.displayed) == list(range(dims.ndim - 3, dims.ndim)):
            straight = tuple(range(dims.ndim))
            if dims.order != straight and any(shown(layer) for layer in self._viewer.layers):
                self._order_2d, dims.order = dims.order, straight

    def _on_ndisplay(self) -> None:
        self._unmirror()
        in_3d = self._viewer.dims.ndisplay == 3
        dress(self._viewer.layers, in_3d)
        self._viewer.canvas.overlays.axes.visible = in_3d and self._any_of_ours()
        if in_3d:
            self._stand_upright()
        if self._fit_next:
            self._fit_next = False
            fit(self._viewer)
        self._update_letters()

    def _on_grid(self) -> None:
        """Fit 2-D and 3-D, which zoom apart, to cells of another size: the one not seen, later."""
        self._fit_next = any(shown(layer) for layer in self._viewer.layers)
        self._update_letters()

    def _stand_upright(self) -> None:
        """Turn the 3-D camera once so that superior is up; then it is the user's."""
        if self._turned_3d or not self._any_of_ours():
            return
        self._turned_3d = True
        self._viewer.scene.camera.set_view_direction((-0.3, 0.9, -0.3), (1, 0, 0))
        fit(self._viewer)

    def _on_step(self) -> None:
        for layer in self._viewer.layers:
            what = shown(layer)
            if what is not None and what.kind == "latents":
                self._follow(layer)

    def _follow(self, layer: Any) -> None:
        """Set the contrast when another component is shown; else it is the user's."""
        component = self._component(layer)
        if component != self._component_of.get(layer, 0):
            self._component_of[layer] = component
            follow_component(layer, component)

    def _component(self, layer: Any) -> int:
        axis = self._viewer.dims.ndim - layer.ndim
        step = round(self._viewer.dims.point[axis] - layer.translate[0])
        return min(max(step, 0), len(layer.data) - 1)

    def _follow_look(self, layer: Any) -> None:
        """Keep a layer's look in 3-D when its colours or their limits change."""
        if hasattr(layer, "contrast_limits"):
            layer.events.contrast_limits.connect(self._on_limits)
            layer.events.colormap.connect(self._on_colormap)

    def _on_limits(self, event: Any) -> None:
        layer = event.source
        follow_limits(layer, self._component(layer) if layer.ndim == 4 else 0)

    def _on_colormap(self, event: Any) -> None:
        follow_colormap(event.source)

    def _any_of_ours(self) -> bool:
        return any(shown(layer) is not None for layer in self._viewer.layers)

    def _update_letters(self, event: Any = None) -> None:
        any_of_ours = self._any_of_ours()
        for side, text in self._side_names().items():
            self._letters[side].text = text
        self.texts.show_letters(any_of_ours)

    def _columns(self) -> int:
        """Count the columns of the grid; 1 without one."""
        return self._viewer.canvas.grid.actual_shape(self._viewer.layers)[1]

    def _side_names(self) -> dict[str, str]:
        found = directions(self._viewer)
        if found is None:
            return dict.fromkeys(_SIDES, "")
        right, up = found
        columns = self._columns()
        return {
            "middle_left": letters(-right),
            "middle_right": letters(right),
            "top_center": letters(up),
            # In narrow cells the scale bar lies there.
            "bottom_center": letters(-up) if columns < _NARROW else "",
        }


attach = OnePerViewer(BrainView)
"""Makes a viewer ready for our layers, present and to come; safe to call again."""
