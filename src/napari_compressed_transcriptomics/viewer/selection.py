"""Selected samples as a Labels layer in the brain."""

from functools import cache
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation

from .brain_view import attach
from .cells.slices import ImageSlices
from .colormaps import SELECTED, selection_colormap
from .layer_content import METADATA_KEY, LayerContent, shown, space
from .selected_layers import selection_kept

NAME = "selected samples"


def selection_of(viewer: Any) -> Any:
    """Return the layer that shows a selection, or None; a renamed one is the user's to keep."""
    for layer in viewer.layers:
        what = shown(layer)
        if layer.name == NAME and what is not None and what.kind == "labels":
            return layer
    return None


@cache
def prepare() -> None:
    """Load and compile what the first selection waits for, about a second; once, in a thread."""
    import pandas  # noqa: F401 - of napari's features of labels

    selection_colormap().map(np.zeros((1, 1), np.uint8))  # numba compiles it


def show_selection(viewer: Any, parcellation: Parcellation, selected: np.ndarray) -> Any:
    """Show which samples are selected, in the layer there is or a new one; return it.

    In a grid they are seen in every 2-D cell, over its map; see `Cells.share`. While a surface
    stands in place of the volumes they wait with these: it may lie elsewhere.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    parcellation : Parcellation
        Where the samples are.
    selected : ndarray of bool, shape (n_samples,)
        They are labelled 1, all else 0.
    """
    where = space(parcellation)
    data = np.append(False, selected)[where["view"].labels].astype(np.uint8)
    image_space = where["image_space"]
    layer = selection_of(viewer)
    if layer is not None and layer.data.shape == data.shape:
        layer.metadata[METADATA_KEY] = LayerContent("labels", image_space)
        layer.scale, layer.translate = image_space.scale, image_space.translate
        layer.data = data
        _share(viewer, layer)
        return layer
    if layer is not None:
        viewer.layers.remove(layer)
    hidden = attach(viewer).hidden_meanwhile
    with selection_kept(viewer):
        layer = viewer.add_labels(
            data,
            visible=not (viewer.canvas.grid.enabled or hidden),
            name=NAME,
            scale=image_space.scale,
            translate=image_space.translate,
            units=("mm",) * 3,
            axis_labels=("z", "y", "x"),
            metadata={METADATA_KEY: LayerContent("labels", image_space)},
            colormap=selection_colormap(),
            blending="translucent_no_depth",  # seen through the brain in 3-D
            iso_gradient_mode="smooth",  # a surface of voxels in 3-D would look furry
            opacity=0.7,
            features={"index": [1], "name": ["selected"]},
        )
    if hidden:
        hidden.append(layer)
    _share(viewer, layer)
    return layer


def _share(viewer: Any, layer: Any) -> None:
    red, green, blue = bytes.fromhex(SELECTED[1:])
    colors = np.array([(0, 0, 0, 0), (red, green, blue, round(255 * layer.opacity))], np.uint8)
    pictures = ImageSlices(layer.data > 0, layer.scale, layer.translate, colors)
    attach(viewer).cells.share(layer, pictures)
