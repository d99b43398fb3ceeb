"""The volumes while a surface stands in their place: hidden, and then shown as they were."""

from collections.abc import Callable
from typing import Any
from weakref import proxy

from .brain_view import attach
from .itself import itself

_ORIENTATION = ("towards", "up", "right")
"""napari's own, and others that users can choose, would show mirror images."""


class HiddenVolumes:
    """Hides the volumes of a window, turns it to 3-D, and brings all back.

    Parameters
    ----------
    viewer : napari.Viewer
    on_seen : callable
        Called with a layer that is shown, or comes, meanwhile.
    """

    def __init__(self, viewer: Any, on_seen: Callable[[Any], None]):
        self._viewer = proxy(itself(viewer))
        self._view = attach(viewer)
        self._before: dict[str, Any] = {}
        self._on_seen = on_seen
        viewer.layers.events.inserted.connect(self._on_inserted)

    @property
    def there(self) -> bool:
        """Whether volumes are hidden."""
        return bool(self._before)

    @property
    def scale_bar(self) -> bool:
        """Whether there was a scale bar."""
        return bool(self._before["scale_bar"])

    def hide(self) -> None:
        """Hide the volumes; with nothing to be brought to 3-D, go there."""
        viewer = self._viewer
        self._before = {
            "ndisplay": viewer.dims.ndisplay,
            "grid": viewer.canvas.grid.enabled,
            "scale_bar": viewer.canvas.overlays.scale_bar.visible,
            "orientation": viewer.scene.camera.orientation,
            "selection": set(viewer.layers.selection),
        }
        if viewer.canvas.grid.enabled:
            self._view.show_in_one()
        self._view.shell.hide_meanwhile(True)
        self._view.hidden_meanwhile = [layer for layer in viewer.layers if layer.visible]
        with self._view.at_once():
            for layer in self._view.hidden_meanwhile:
                layer.visible = False
        for layer in viewer.layers:
            layer.events.visible.connect(self._on_visible)
        viewer.dims.ndisplay = 3
        camera = viewer.scene.camera
        camera.orientation = _ORIENTATION
        self._before["camera"] = (camera.angles, camera.center, camera.zoom)

    def turn_back(self) -> None:
        """Look at them as before; the first of what is to be done, of which each takes long."""
        viewer, before = self._viewer, self._before
        viewer.canvas.overlays.scale_bar.visible = before["scale_bar"]
        camera = viewer.scene.camera
        camera.angles, camera.center, camera.zoom = before["camera"]
        camera.orientation = before["orientation"]
        viewer.dims.ndisplay = before["ndisplay"]

    def show(self) -> None:
        """Show them, the second."""
        before, self._before = self._before, {}
        hidden, self._view.hidden_meanwhile = self._view.hidden_meanwhile, []
        for layer in self._viewer.layers:
            layer.events.visible.disconnect(self._on_visible)
        with self._view.at_once():
            for layer in hidden:
                layer.visible = True
        self._view.shell.hide_meanwhile(False)
        if before["grid"]:
            self._view.show_side_by_side()
        self._viewer.layers.selection = before["selection"] & set(self._viewer.layers)

    def _on_inserted(self, event: Any) -> None:
        if self.there:
            layer = event.value
            layer.events.visible.connect(self._on_visible)
            if layer.visible:
                self._on_seen(layer)

    def _on_visible(self, event: Any) -> None:
        if event.source.visible:
            self._on_seen(event.source)
