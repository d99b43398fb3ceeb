"""A view beside the window's own: the same layers in another plane, at the same place.

napari-orthogonal-views does much of this, but needs OpenCV, replaces the central widget by
napari's private attributes and knows neither letters, looks nor millimetres of ours; so this is
built on `ViewerModel`, which is public.
"""

from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np

from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.layer_content import METADATA_KEY, SURFACE_KEY, shown

from .helpers import is_helper
from .planes import fit, plane_of, show_plane
from .solid import dress, follow_colormap, is_solid, opaque, paint

_FOLLOWED = (
    "visible", "opacity", "blending", "contrast_limits_range", "contrast_limits", "gamma",
    "colormap", "interpolation2d", "size", "scale", "translate",
)  # fmt: skip


class LinkedView:
    """Shows the visible layers of a viewer in another plane; goes where it is when told to.

    Volumes are shared, not copied, except in 3-D, where maps are filled (`solid.py`). While the
    window shows a surface in place of its layers they are seen here, but the surface is not: it
    may be inflated, and so is not where the brain has it.

    Parameters
    ----------
    main : napari.Viewer or napari.components.ViewerModel
    plane : str
        A key of `planes.PLANES`, or ``3d``.
    wait : callable, optional
        Called where this view is 3-D and layers change; call `catch_up` when they have come to a
        stop. Without it 3-D follows at once.
    soon : callable, optional
        Called where layers are seen that are not here, or are here and went; call `bring` until it
        returns False. Without it they come and go at once.

    Attributes
    ----------
    model : napari.components.ViewerModel
        What is shown; a `napari.qt.QtViewer` draws it.
    """

    def __init__(
        self,
        main: Any,
        plane: str,
        wait: Callable[[], None] | None = None,
        soon: Callable[[], None] | None = None,
    ):
        from napari.components import ViewerModel

        main = itself(main)
        self._main_of = ref(main)  # a view must not keep its viewer alive
        self.model = ViewerModel()
        self.plane = plane
        in_window = getattr(main, "window", None) is not None
        self.view = attach(self.model)
        self.view.background.in_thread = in_window
        self.view.cells.wanted.barred = False  # there is no room
        self.view.cut.led_by(main)
        self.copies: dict[Any, Any] = {}
        self._brought: Any = None
        self._gone: list[Any] = []  # copies, hidden, of layers that went
        self._wait, self._soon = wait, soon
        self._behind: dict[tuple[Any, str], None] = {}  # layers, and what of them is to be followed
        self._connected: list[tuple[Any, Any]] = []
        self.model.theme = main.theme
        for layer in main.layers:
            self._watch(layer)
        events = main.layers.events
        self._listen(events.inserted, self._on_inserted)
        self._listen(events.removed, self._on_removed)
        self._listen(events.reordered, self._on_reordered)
        self._listen(main.events.theme, self._on_theme)
        self.follow_options()
        self.show(plane)

    @property
    def _main(self) -> Any:
        return self._main_of()

    @property
    def shows_another(self) -> bool:
        """Whether another plane is shown than the one to be shown."""
        return self.model.dims.ndim > 2 and plane_of(self.model) != self.plane

    def show(self, plane: str) -> None:
        """Show another plane."""
        self.catch_up()
        self.plane = plane
        show_plane(self.model, plane)
        self.follow_place()
        fit(self.model)

    def follow_place(self, event: Any = None) -> None:
        """Go where the main viewer is, on all axes that both have."""
        theirs, own = self._main.dims, self.model.dims
        n = min(theirs.ndim, own.ndim)
        if n < 3:
            return
        if own.ndisplay == 3:
            self.view.cut.update()
        # Not along axes displayed: all of them is shown, and napari would load all of it anew.
        axes = [axis for axis in range(-n, 0) if own.ndim + axis not in own.displayed]
        wanted = np.array(theirs.point)[axes]
        if not np.allclose(wanted, np.array(own.point)[axes]):
            own.set_point([own.ndim + axis for axis in axes], list(wanted))

    def follow_options(self) -> None:
        """Show the template, outlines and cut that the main viewer shows."""
        main = attach(self._main)
        self.view.background.wanted |= main.background.wanted
        self.view.background.update()
        if self.view.cut.plane != main.cut.plane:
            self.view.cut.show(main.cut.plane)

    def close(self) -> None:
        """Follow no longer."""
        for event, callback in self._connected:
            event.disconnect(callback)
        self._connected.clear()
        self.copies.clear()
        self._brought = None
        self._gone.clear()
        self._behind.clear()

    def _listen(self, event: Any, callback: Any) -> None:
        event.connect(callback)
        self._connected.append((event, callback))

    def _watch(self, layer: Any) -> None:
        if _is_followed(layer):
            self._listen(layer.events.visible, self._on_visible)
            self._on_visible()

    def _on_visible(self, event: Any = None) -> None:
        """See to it that what is here is what is seen."""
        if self._soon is not None:
            self._soon()
            return
        while self.bring():
            pass

    def bring(self) -> bool:
        """Take a layer away that went, bring one that is seen, hidden, or show the one brought.

        Returns whether there was one. Each is done in a turn of its own; and napari, which starts
        in the middle of all axes and in 2-D, does not slice what is hidden until it is shown.
        """
        if self._gone:
            self.model.layers.remove(self._gone.pop())
            return True
        main = self._main
        if self._brought is not None:
            layer, self._brought = self._brought, None
            self.show(self.plane)
            if layer in self.copies:
                self.copies[layer].visible = self._is_seen(layer)
                fit(self.model)
            return True
        lacking = (
            layer
            for layer in ([] if main is None else main.layers)
            if self._is_seen(layer) and layer not in self.copies
        )
        layer = next(lacking, None)
        if layer is None:
            return False
        self._add(layer)
        self._on_reordered()
        self._brought = layer
        return True

    def _is_seen(self, layer: Any) -> bool:
        hidden = attach(self._main).hidden_meanwhile
        return _is_followed(layer) and (layer.visible or layer in hidden)

    def _add(self, layer: Any) -> None:
        from napari.layers import Layer

        data, attributes, kind = layer.as_layer_data_tuple()
        attributes["experimental_clipping_planes"] = []
        attributes["visible"] = True
        what = shown(layer)
        if what is not None and is_solid(layer):
            data = what.painted()
        copy = self.copies[layer] = Layer.create(data, attributes, kind)
        if what is not None and what.values is not None and what.kind != "composite":
            copy.rendering = "mip"
            follow_colormap(copy)
        dress([copy], self.model.dims.ndisplay == 3)  # before it is drawn as it is
        copy.visible = False
        self.model.add_layer(copy)
        for name in _FOLLOWED:
            if hasattr(layer.events, name) and hasattr(copy, name):
                self._listen(getattr(layer.events, name), self._on_change)
        self._listen(layer.events.data, self._on_change)
        self._listen(layer.events.metadata, self._on_change)

    def _on_change(self, event: Any) -> None:
        """Follow a layer, in 3-D later: it takes as long to draw as all slices together."""
        self._behind[event.source, event.type] = None
        if self._wait is not None and self.model.dims.ndisplay == 3:
            self._wait()
        else:
            self.catch_up()

    def catch_up(self) -> None:
        """Follow layers in all that changed."""
        behind, self._behind = self._behind, {}
        for layer, name in behind:
            copy = self.copies.get(layer)
            if copy is None:
                continue
            if name in ("data", "metadata"):
                self._follow_data(layer, copy)
            elif name == "visible":
                if copy.visible != (seen := self._is_seen(layer)):  # napari loads it anew
                    copy.visible = seen
            elif name == "colormap":
                wanted = opaque(layer.colormap)  # the same where it only is solid, or no more
                if opaque(copy.colormap) is not wanted:
                    copy.colormap = wanted
            else:
                setattr(copy, name, getattr(layer, name))

    def _follow_data(self, layer: Any, copy: Any) -> None:
        """Show another gene or what else a layer shows now; not that it looks otherwise."""
        what, before = shown(layer), shown(copy)
        if what is not None:
            copy.metadata[METADATA_KEY] = what
        if what is not None and what.values is not None:
            if what is before:
                return
            if copy.data is not layer.data:
                paint(copy, what, tuple(layer.contrast_limits) if is_solid(copy) else None)
            copy.refresh(extent=False)
            return
        has_colors = hasattr(layer, "vertex_colors")
        if has_colors:
            copy.vertex_colors = None  # those of another number of vertices would not fit
        copy.data = layer.data
        if has_colors:
            copy.vertex_colors = layer.vertex_colors

    def _on_inserted(self, event: Any) -> None:
        self._watch(event.value)

    def _on_removed(self, event: Any) -> None:
        gone = [pair for pair in self._connected if pair[0].source is event.value]
        for pair in gone:
            pair[0].disconnect(pair[1])
            self._connected.remove(pair)
        copy = self.copies.pop(event.value, None)
        if copy is not None:
            copy.visible = False
            self._gone.append(copy)
            self._on_visible()

    def _on_reordered(self, event: Any = None) -> None:
        order = [self.copies[layer] for layer in self._main.layers if layer in self.copies]
        layers = self.model.layers
        helpers = [layer for layer in layers if is_helper(layer)]
        below = [layer for layer in helpers if layers.index(layer) == 0]
        above = [layer for layer in helpers if layer not in below]
        for index, layer in enumerate([*below, *order, *above]):
            if layers[index] is not layer:
                layers.move(layers.index(layer), index)

    def _on_theme(self, event: Any) -> None:
        self.model.theme = event.value


def _is_followed(layer: Any) -> bool:
    return not is_helper(layer) and SURFACE_KEY not in layer.metadata


def snapped(viewer: Any, place: Any) -> np.ndarray:
    """Return the middle (z, y, x) of the voxel of the topmost map at a place, in mm."""
    place = np.asarray(place, float)[-3:]
    for layer in reversed(viewer.layers):
        if shown(layer) is not None and layer.visible:
            scale, translate = layer.scale[-3:], layer.translate[-3:]
            return np.rint((place - translate) / scale) * scale + translate
    return place
