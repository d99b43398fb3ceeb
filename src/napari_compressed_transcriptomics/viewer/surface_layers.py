"""The map of an image layer on the cortical surface, as a Surface layer that follows it."""

from collections.abc import Iterator
from typing import Any
from weakref import proxy

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.spatial.surface_sampling import (
    SurfaceMap,
    SurfaceSampling,
    surface_sampling,
)
from napari_compressed_transcriptomics.spatial.surface_views import (
    SurfaceScene,
    shading,
    surface_scene,
    vertex_colors,
)

from .anatomy.helpers import is_helper
from .anatomy.solid import opaque
from .brain_view import attach
from .cells.seen import layouts_of
from .hidden_volumes import HiddenVolumes
from .itself import OnePerViewer, itself
from .layer_content import SURFACE_KEY, LayerContent, on_surface, shown
from .layer_values import part_shown
from .selected_layers import selection_kept
from .window.turns import Turns

_ROOM = 35
"""Pixels that words take below their part."""
_FOLLOWED = ("metadata", "data", "contrast_limits", "colormap", "name")


class SurfaceView:
    """Shows one layer's map on fsaverage5, instead of the volumes, until `leave`.

    Volumes are hidden meanwhile: hemispheres that are inflated or laid out beside each other are
    not where the brain has them. The surface has the colours and limits of its source, follows
    its gene and component, and is grey where there are no data. It leaves by itself when its map
    is deleted, or something else is to be seen that does not lie where the surface is.
    """

    def __init__(self, viewer: Any):
        self._viewer = proxy(itself(viewer))
        self._view = attach(viewer)
        self._layer: Any = None
        self._source: Any = None
        self._scene: SurfaceScene | None = None
        self._bright = np.empty(0)
        self._drawn: tuple[Any, ...] = ()
        self._how = ("", "")
        self._volumes = HiddenVolumes(viewer, self._on_seen)
        self._point: tuple[float, ...] | None = None  # where all was when layer or source went
        self._leaving = Turns(viewer)
        self._sampling: SurfaceSampling | None = None
        self.found: SurfaceMap | None = None
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.layers.events.removing.connect(self._on_removing)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.canvas.events.size.connect(self._on_size)

    @property
    def layer(self) -> Any:
        """The Surface layer; None while volumes are shown, or once it or its map was deleted."""
        there = self._viewer.layers
        return self._layer if self._layer in there and self._source in there else None

    @property
    def source(self) -> Any:
        """The layer whose map is shown, or None."""
        return self._source

    @property
    def shows(self) -> tuple[Any, str, str] | None:
        """What `show` was given last, or None while volumes are shown."""
        return None if self.layer is None else (self._source, *self._how)

    def show(self, source: Any, mesh: str = "inflated", view: str = "four") -> SurfaceMap:
        """Show a layer's map; parameters as `surface_views.surface_scene`.

        Parameters
        ----------
        source : napari.layers.Image
            With values of samples, see `layer_content.on_surface`.
        mesh, view : str

        Returns
        -------
        SurfaceMap
            What is shown.

        Raises
        ------
        UserError
            The layer has no values of samples.
        """
        source = itself(source)
        what = shown(source)
        if what is None or what.parcellation is None or not on_surface(source):
            raise UserError(
                f"“{source.name}” has no values of samples; choose a gene, latents, an error or a "
                "map that this plugin opened or made"
            )
        self._leaving.finish()
        self._sampling = surface_sampling(what.parcellation)
        self._scene = surface_scene(mesh, view)
        self._bright, self._how = shading(mesh, view), (mesh, view)
        self._follow(source)
        self.make_room()
        found = self._bring()
        with self._view.staying():
            self._put(found)
            self._look(mesh)
        return found

    def make_room(self) -> None:
        """Hide the volumes until `leave`; `show` does so, but in a window both take long."""
        self._leaving.finish()
        if not self._volumes.there:
            self._volumes.hide()

    def _put_away(self) -> bool:
        """Remove a layer, and tell whether there was one."""
        layer, self._layer, self._scene, self.found = self._layer, None, None, None
        self._follow(None)
        self._view.cells.wanted.words = ()
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
        return layer is not None

    def leave(self) -> None:
        """Show the volumes again, as they were."""
        for _ in self.leaving():
            pass

    def leaving(self) -> Iterator[None]:
        """Do what `leave` does, in steps: in a window each takes long."""
        point, self._point = self._point, None
        with self._view.staying(point):
            while self._put_away():
                yield
            hidden = self._volumes.there
            if hidden:
                self._view.cells.wanted.titled = False
                self._view.show_elsewhere(False)
                self._volumes.turn_back()
        if hidden:
            yield
        if self._volumes.there:  # else all is as it was, meanwhile
            self._volumes.show()

    def _follow(self, source: Any) -> None:
        if source is self._source:
            return
        for layer, act in ((self._source, "disconnect"), (source, "connect")):
            for name in _FOLLOWED if layer is not None else ():
                getattr(getattr(layer.events, name), act)(self._on_source)
        self._source = source

    def _bring(self) -> SurfaceMap:
        """Bring what the source shows now to the surface."""
        assert self._sampling is not None
        values = shown(self._source).values  # type: ignore[union-attr]
        assert values is not None
        if values.ndim == 2:
            values = values[:, part_shown(self._viewer, self._source)]
        self.found = self._sampling(values)
        return self.found

    def _put(self, found: SurfaceMap) -> None:
        """Draw a map in the scene, in the layer there is or a new one."""
        scene = self._scene
        assert scene is not None
        values = scene.values(found)
        mesh = np.ascontiguousarray(scene.vertices[:, ::-1]), scene.faces
        if self._layer is None:
            with selection_kept(self._viewer):
                self._layer = self._viewer.add_surface(
                    (*mesh, np.nan_to_num(values)),
                    units=("mm",) * 3,
                    axis_labels=("z", "y", "x"),
                    shading="none",
                    metadata={SURFACE_KEY: self._content()},
                )
        else:
            # Colours of another number of vertices would not fit for a moment.
            with self._layer.events.data.blocker(), self._layer.events.set_data.blocker():
                self._layer.vertex_colors = None
                self._layer.data = (*mesh, np.nan_to_num(values))
        self._color(values)
        words = ((text, place[::-1]) for text, place in scene.captions)
        self._view.cells.wanted.words = tuple(words)
        self._viewer.layers.selection = {self._source}  # whose limits and colours it takes

    def _content(self) -> LayerContent:
        """Say what the numbers are, for the colour bar, without claiming samples or a place."""
        what = shown(self._source)
        assert what is not None
        kind = "component" if what.kind == "latents" else what.kind
        return LayerContent(
            kind, what.image_space, gene=what.gene, centers=what.centers, reach=what.reach
        )

    def _color(self, values: np.ndarray) -> None:
        """Colour the surface as the source is, and give it the same bar."""
        source, layer = self._source, self._layer
        colormap = opaque(source.colormap)
        low, high = source.contrast_limits
        layer.contrast_limits_range = (min(low, high - 1e-9), high)
        layer.contrast_limits = (low, high)
        layer.colormap = colormap
        layer.name = self._title()
        layer.metadata[SURFACE_KEY] = self._content()
        self._drawn = self._state()
        part = np.clip((np.nan_to_num(values) - low) / ((high - low) or 1), 0, 1)
        layer.vertex_colors = vertex_colors(colormap.map(part), np.isfinite(values), self._bright)

    def _title(self) -> str:
        source = self._source
        values = shown(source).values  # type: ignore[union-attr]
        if values is not None and values.ndim == 2:
            return f"{source.name}, component {part_shown(self._viewer, source) + 1}, surface"
        return f"{source.name} on the surface"

    def _look(self, mesh: str) -> None:
        """Turn the camera to the scene and fill the canvas with it."""
        scene, viewer = self._scene, self._viewer
        assert scene is not None
        viewer.dims.ndisplay = 3
        self._view.cells.wanted.titled = True
        self._view.show_elsewhere(mesh != "pial" or not scene.in_place, not scene.in_place)
        viewer.canvas.overlays.scale_bar.visible = mesh == "pial" and self._volumes.scale_bar
        viewer.scene.camera.set_view_direction(scene.direction[::-1], scene.up[::-1])
        self._fit(scene)

    def _fit(self, scene: SurfaceScene) -> None:
        """Fill the room beside the colour bar.

        napari's own fitting fails for layers of 3 axes beside others of 4.
        """
        camera = self._viewer.scene.camera
        height, width = self._viewer.canvas.size
        room = layouts_of(self._viewer, self._view.cells.wanted)[0].brain
        axes, reach, middle = scene.seen()
        words = np.array([0, _ROOM if scene.captions else 0])  # stand below the parts
        free = np.maximum(np.array([room.width, room.height]) - 2 * words, 50)
        camera.zoom = (free / reach).min()
        across, down = room.middle
        middle += np.array([width / 2 - across, down - height / 2]) / camera.zoom
        camera.center = tuple((middle @ axes)[::-1])
        self._view.cells.wanted.word_size = int(np.clip(reach[0] * camera.zoom / 27, 8, 14))

    def _on_size(self) -> None:
        if self._layer is not None and self._scene is not None:
            self._fit(self._scene)

    def _on_source(self, event: Any = None) -> None:
        """Follow the source; one change of it comes as several events."""
        if self._layer is not None and self._drawn != self._state():
            self._redraw()

    def _state(self) -> tuple[Any, ...]:
        source = self._source
        part = part_shown(self._viewer, source)
        return shown(source), part, source.name, source.colormap, tuple(source.contrast_limits)

    def _redraw(self) -> None:
        assert self._scene is not None
        if self._drawn[:2] != self._state()[:2]:
            self._bring()
        assert self.found is not None
        values = self._scene.values(self.found)
        with self._layer.events.data.blocker(), self._layer.events.set_data.blocker():
            self._layer.vertex_values = np.nan_to_num(values)
        self._color(values)

    def _on_step(self) -> None:
        if self._layer is not None and self._source.ndim > 3:
            self._on_source()

    def _on_seen(self, layer: Any) -> None:
        """Leave in the next turns when a volume is to be seen, unless it lies where it is."""
        if self.layer is None or layer is self._layer or is_helper(layer) or self._leaving.busy:
            return
        if shown(layer) is not None or not self._view.cells.wanted.in_place:
            self._leaving.start(self.leaving())

    def _on_removing(self, event: Any) -> None:
        """Take note of the place before napari moves its sliders."""
        if self.layer is not None and self._viewer.layers[event.index] in (
            self._layer,
            self._source,
        ):
            self._point = self._viewer.dims.point

    def _on_removed(self, event: Any) -> None:
        """Leave in the next turns: who deletes all that is selected expects the rest to be there.

        Volumes that are deleted as well are not shown again in between.
        """
        gone = self._layer is not None and self.layer is None
        if gone and not self._leaving.busy:
            self._leaving.start(self.leaving())


surface_view = OnePerViewer(SurfaceView)
"""The surface of a viewer, which all its docks share."""
