"""A faint brain around what is shown in 3-D."""

from collections.abc import Iterator
from typing import Any
from weakref import proxy

import numpy as np

from napari_compressed_transcriptomics.viewer.layer_content import LayerContent, shown
from napari_compressed_transcriptomics.viewer.window.turns import Turns

from .helpers import add_helper

NAME = "brain shell"
_FINEST = 4.0  # mm; finer voxels are joined, as a shell that faint shows no detail


class BrainShell:
    """Keeps a faint surface around the data of our layers, in 3-D only and not in grid mode.

    The surface is a layer of its own, made when it is first needed, in a window once the data
    are drawn. In a grid it would take a cell, and in 2-D draw over slices, so there it is hidden.
    """

    def __init__(self, viewer: Any):
        self._viewer = proxy(viewer)
        self._layer: Any = None
        self._around: Any = None
        self._wanted = False
        self._meanwhile = False
        self._bringing = Turns(viewer)
        events = viewer.layers.events
        for event in (
            events.inserted,
            events.removed,
            viewer.dims.events.ndisplay,
            viewer.canvas.grid.events.enabled,
        ):
            event.connect(self._update)

    def show(self, wanted: bool) -> None:
        """Show it whenever the viewer is in 3-D, or never."""
        self._wanted = wanted
        self._update()

    def hide_meanwhile(self, hidden: bool) -> None:
        """Hide it while something else is shown, whatever is wanted."""
        self._meanwhile = hidden
        self._update()

    def _update(self, event: Any = None) -> None:
        viewer = self._viewer
        if self._layer is not None and self._layer not in viewer.layers:
            if event is not None and getattr(event, "value", None) is self._layer:
                self._wanted = False  # the user deleted it
            self._layer = self._around = None
        layer, what = self._layer, self._brain()[1]
        if not self._is_seen() or what is None:
            if layer is not None and layer.visible:
                layer.visible = False
        elif not self._bringing.busy and (
            what.parcellation is not self._around or (layer is not None and not layer.visible)
        ):
            self._bringing.start(self._bring())

    def _is_seen(self) -> bool:
        in_3d = self._viewer.dims.ndisplay == 3 and not self._viewer.canvas.grid.enabled
        return self._wanted and not self._meanwhile and in_3d

    def _brain(self) -> tuple[Any, LayerContent | None]:
        """Return the topmost layer that tells where the brain is."""
        for layer in reversed(self._viewer.layers):
            what = shown(layer)
            if what is not None and what.view is not None:
                return layer, what
        return None, None

    def _bring(self) -> Iterator[None]:
        """Show the surface in a turn of the event loop, if that is still wanted: it is shaded."""
        layer, what = self._brain()
        if self._is_seen() and what is not None:
            if what.parcellation is not self._around:
                self._put(layer, what)
            elif not self._layer.visible:
                self._layer.visible = True
        yield from ()  # there is no second step

    def _put(self, layer: Any, what: LayerContent) -> None:
        assert what.view is not None
        self._around = what.parcellation
        scale, translate = layer.scale[-3:], layer.translate[-3:]
        vertices, faces = shell_of(what.view.labels > 0, scale)
        viewer = self._viewer
        if self._layer is not None:
            old, self._layer = self._layer, None
            viewer.layers.remove(old)
        self._layer = add_helper(
            viewer,
            "surface",
            (vertices, faces),
            below=True,  # behind the data, whose colours stay true
            name=NAME,
            scale=scale,
            translate=translate,
            opacity=0.2,
            blending="translucent_no_depth",
            shading="smooth",
            colormap="gray",
        )


def shell_of(inside: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a smooth surface around the voxels that are `inside`.

    Marching cubes (Lorensen and Cline 1987, as scikit-image has it) on the mask, blurred by
    the width of a voxel, or of 3 mm where voxels are smaller; these are joined before, as the
    window waits for it.

    Parameters
    ----------
    inside : ndarray of bool, shape (z, y, x)
    scale : ndarray, shape (3,)
        Size of a voxel in mm.

    Returns
    -------
    vertices : ndarray of float, shape (n, 3)
        In voxel indices.
    faces : ndarray of int, shape (m, 3)
    """
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes

    widths = np.maximum(1, _FINEST / np.asarray(scale))
    steps = widths.astype(int)
    margin = 3 * steps
    padded = np.pad(inside, np.column_stack([margin, margin + -np.array(inside.shape) % steps]))
    z, y, x = steps
    parts = (padded[i::z, j::y, k::x] for i, j, k in np.ndindex(z, y, x))
    joined = np.sum(list(parts), axis=0, dtype=np.float32) / (z * y * x)
    blurred = gaussian_filter(joined, widths / steps, truncate=2)
    level = min(0.4, blurred.max() / 2)  # of what is thin, too
    vertices, faces, _, _ = marching_cubes(blurred, level, allow_degenerate=False)
    vertices = (vertices + 0.5) * steps - 0.5 - margin
    # A layer that reaches beyond the data would shift the sliders' steps.
    return np.clip(vertices, 0, np.array(inside.shape) - 1), faces
