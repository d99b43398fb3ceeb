"""Dock widget Cortical surface: the map of a layer on fsaverage5, pial or inflated."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QGridLayout, QPushButton

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.spatial.surface_sampling import (
    SurfaceSampling,
    surface_sampling,
)
from napari_compressed_transcriptomics.spatial.surface_views import shading
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_content import on_surface, shown
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.viewer.window.painting import painted_after

from .shared.background import Background
from .shared.dock import Dock
from .shared.fields import choice, push_button, wrapping_label
from .shared.following import follow
from .shared.layer_choice import LayerChoice
from .shared.layouts import form

_MESHES = {"inflated": "Inflated", "pial": "Pial (folded)"}
_VIEWS = {
    "four": ("Four views", "Both hemispheres, lateral above and medial below"),
    "dorsal": ("From above", "Both hemispheres: anterior up, left on the left"),
    "left_lateral": ("Left lateral", "The left hemisphere from outside"),
    "right_lateral": ("Right lateral", "The right hemisphere from outside"),
    "left_medial": ("Left medial", "The left hemisphere from the midline"),
    "right_medial": ("Right medial", "The right hemisphere from the midline"),
}
_KINDS = (
    "expression", "gene", "original", "reconstructed", "rebuilt", "difference", "latents",
    "component", "rmse", "held_out_rmse", "distance", "error_difference", "target", "predicted",
    "prediction_error", "residual", "image",
)  # fmt: skip


class CorticalSurface(Dock):
    """Chooses a map, a surface and a view, and says where the surface has no data."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._surface = surface_view(napari_viewer)
        self._turns = attach(napari_viewer).turns
        self.map = LayerChoice(napari_viewer, _KINDS, only=True)
        self.map.setToolTip("The layer whose map is shown, with its gene, component and colours")
        self.mesh = choice(_MESHES)
        self.views = {name: _view_button(*words) for name, words in _VIEWS.items()}
        self.back = push_button(
            "Back to the volume", "Show the layers as they were; so does deleting the surface"
        )
        self.about = wrapping_label()
        self._view_shown = "four"
        self._asked = False
        self._background = Background(self)
        self._background.answered.connect(self._on_ready)
        self.map.changed.connect(self._on_map)
        self.mesh.currentIndexChanged.connect(self._again)
        for name, button in self.views.items():
            button.clicked.connect(partial(self._show, name))
        self.back.clicked.connect(self._leave)
        buttons = QGridLayout()
        for i, button in enumerate(self.views.values()):
            buttons.addWidget(button, i // 2, i % 2)
        rows = form(("&Map", self.map), ("S&urface", self.mesh))
        self.lay_out(rows, buttons, self.back, self.about, 1)
        follow(self, (napari_viewer.layers.events.removed,), self._update)
        self._update()

    def _show(self, name: str, checked: bool = False) -> None:
        """Show a view of the map; what takes long is prepared off the window's thread."""
        self._view_shown = name
        if self._look_up():
            self._asked = True
            self.about.setText("Looking up where the surface meets the data…")
        else:
            self._update()

    def showEvent(self, event: Any) -> None:
        """Look up where the surface meets the data before a button is pressed."""
        super().showEvent(event)
        if not self._asked:
            self._look_up()

    def _look_up(self) -> bool:
        """Look up where the surface meets the data, if there are any; `_on_ready` is told."""
        layer = self.map.layer
        what = shown(layer) if layer is not None else None
        if what is None or what.parcellation is None:
            return False
        how = self.mesh.currentData(), self._view_shown
        self._background.ask(partial(_prepare, what.parcellation, *how))
        return True

    def _on_ready(self, sampling: Any) -> None:
        if self._asked:
            self._asked = False
            self._turns.start(self._showing())

    def _showing(self) -> Iterator[None]:
        """Show the map, in turns of the event loop."""
        with painted_after(self._viewer):
            if self.map.layer is not None and on_surface(self.map.layer):
                self._surface.make_room()
                yield
            if not isalive(self):
                self._surface.leave()
                return
            layer = self.map.layer  # which may be gone now
            if layer is None or not on_surface(layer):
                self._surface.leave()
            else:
                with user_errors_shown():
                    self._surface.show(layer, self.mesh.currentData(), self._view_shown)
            self._update()

    def _again(self) -> None:
        if self._surface.layer is not None:
            self._show(self._view_shown)

    def _on_map(self) -> None:
        """Follow the list, which is filled anew whenever layers come and go."""
        if self._surface.layer is not None and self._surface.source is not self.map.layer:
            self._show(self._view_shown)
        self._update()

    def _leave(self) -> None:
        self._turns.start(self._leaving())

    def _leaving(self) -> Iterator[None]:
        """Show the volumes again, in turns of the event loop."""
        with painted_after(self._viewer):
            yield from self._surface.leaving()
        if isalive(self):
            self._update()

    def _update(self, event: Any = None) -> None:
        """Say what is shown, or what is missing for it."""
        here = self._surface.layer is not None
        can = self.map.layer is not None
        for name, button in self.views.items():
            button.setEnabled(can)
            button.setChecked(here and name == self._view_shown)
        self.mesh.setEnabled(can)
        self.back.setEnabled(here)
        found = self._surface.found if here else None
        if not can:
            self.about.setText("Open expression, or compress it: its maps can then be shown here.")
        elif found is None:
            self.about.setText("fsaverage5 in MNI152, 10,242 vertices per hemisphere.")
        else:
            self.about.setText(
                f"Grey: no data ({found.without:.1%} of the vertices of cortex) and medial wall. "
                "Colours and limits are those of the map's layer. The volumes are hidden meanwhile."
            )


def _prepare(parcellation: Parcellation, mesh: str, view: str) -> SurfaceSampling:
    """Have ready what takes long to compute."""
    shading(mesh, view)
    return surface_sampling(parcellation)


def _view_button(text: str, tip: str) -> QPushButton:
    button = push_button(text, tip)
    button.setCheckable(True)
    return button
