"""Letters of the sides and the place of the slice, in a view that is too small for more."""

from typing import Any
from weakref import proxy

from napari_compressed_transcriptomics.viewer.cells.letters import side_letters
from napari_compressed_transcriptomics.viewer.layer_content import shown

_WHERE = {
    "left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center",
}  # fmt: skip


class SmallTexts:
    """Keeps napari's own text overlays as the view is turned; no cells are drawn there.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """

    def __init__(self, viewer: Any):
        from napari.components.overlays import TextOverlay

        self._viewer = proxy(viewer)
        self._letters = {}
        for side, position in _WHERE.items():
            overlay = TextOverlay(text="", position=position, font_size=12, box=False)
            viewer.canvas.overlays[f"side_{position}"] = self._letters[side] = overlay
        self._place = TextOverlay(text="", position="bottom_right", font_size=10, box=False)
        viewer.canvas.overlays["slice_seen"] = self._place
        dims, camera = viewer.dims.events, viewer.scene.camera.events
        for event in (
            dims.order, dims.ndisplay, dims.point, camera.angles, camera.orientation,
            viewer.layers.events.inserted, viewer.layers.events.removed,
        ):  # fmt: skip
            event.connect(self._update)
        self._update()

    def _update(self, event: Any = None) -> None:
        dims = self._viewer.dims
        ours = any(shown(layer) is not None for layer in self._viewer.layers)
        for side, letter in side_letters(self._viewer).items():
            overlay = self._letters[side]
            overlay.text, overlay.visible = letter, ours and bool(letter)
        text = ""
        if ours and dims.ndisplay == 2 and dims.ndim >= 3:
            axis = dims.order[-3]
            text = f"{'zyx'[axis - (dims.ndim - 3)]} = {dims.point[axis]:.5g} mm"
        self._place.text, self._place.visible = text, bool(text)
