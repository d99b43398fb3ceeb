"""What the parts of a surface are, written below them in a Points layer."""

from typing import Any

import numpy as np

from .layer_content import SURFACE_KEY

CAPTIONS = "surface captions"
ROOM = 35
"""Pixels that a caption takes below its part."""


class SurfaceCaptions:
    """The layer of captions of a viewer, if there is one.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Any):
        self._viewer = viewer
        self._layer: Any = None

    def write(self, captions: tuple[tuple[str, np.ndarray], ...]) -> None:
        """Write words at places, (x, y, z) in mm, instead of those there were."""
        self.remove()
        if not captions:
            return
        words, places = zip(*captions, strict=True)
        self._layer = self._viewer.add_points(
            np.array(places)[:, ::-1],
            name=CAPTIONS,
            metadata={SURFACE_KEY: None},
            units=("mm",) * 3,
            axis_labels=("z", "y", "x"),
            size=0.1,
            face_color="transparent",
            border_color="transparent",
            text={"string": list(words), "size": 11, "color": self._ink(), "anchor": "center"},
            blending="translucent_no_depth",
        )
        self._layer.editable = False

    def remove(self) -> bool:
        """Remove the layer, and tell whether there was one."""
        layer, self._layer = self._layer, None
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
        return layer is not None

    def forget(self, layer: Any) -> None:
        """Take note that a layer was removed."""
        if layer is self._layer:
            self._layer = None

    def fit(self, width: float) -> None:
        """Write them so large that they fit a surface that is drawn so many pixels wide."""
        if self._layer is not None:
            self._layer.text.size = float(np.clip(width / 36, 6, 11))

    def recolor(self) -> None:
        """Write them in what can be read on the viewer's background."""
        if self._layer is not None:
            self._layer.text.color = self._ink()

    def _ink(self) -> str:
        from napari.utils.theme import get_theme

        background = get_theme(self._viewer.theme).canvas.as_rgb_tuple()[:3]
        return "white" if sum(background) < 384 else "black"
