"""A number for each sample from any image layer of the viewer."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation

from .layer_content import shown
from .region_layers import layer_affine

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.readers.volume import Volume


def values_of_layer(layer: Any, parcellation: Parcellation, part: int = 0) -> np.ndarray:
    """Return the mean of an image layer over each sample; NaN where it has only background.

    A layer that shows these very samples gives its values as they are. Any other is averaged
    where it lies in the viewer, whose world is RAS mm in the order (z, y, x); see
    `io.map_sampling.sample_means`.

    Parameters
    ----------
    layer : napari.layers.Image
        3-D, or a stack of 3-D volumes; neither RGB nor multiscale.
    parcellation : Parcellation
        Where the samples are.
    part : int
        Which volume of a stack, see `part_shown`.
    """
    from napari_compressed_transcriptomics.io.readers.map_sampling import sample_means

    what = shown(layer)
    if what is not None and what.values is not None and what.parcellation is parcellation:
        return what.values if what.values.ndim == 1 else what.values[:, part]
    return sample_means(volume_of_layer(layer, part), parcellation)


def volume_of_layer(layer: Any, part: int = 0) -> "Volume":
    """Return an image layer as it lies in the viewer, as if read from a file.

    Parameters as in `values_of_layer`. The file that the layer came from, where there still is
    one, is its source.
    """
    from napari_compressed_transcriptomics.io.files.files import source_of
    from napari_compressed_transcriptomics.io.readers.volume import Volume, background_of

    what = shown(layer)
    if what is not None and what.values is not None:
        data = what.painted()  # in 3-D the layer itself can hold a middle value outside
    else:
        data = np.asarray(layer.data)
    data = np.asarray(data[part] if data.ndim > 3 else data).T.astype(np.float32)
    path = Path(layer.source.path or "")
    return Volume(
        data,
        layer_affine(layer),
        "image",
        layer.name,
        background_of(data),
        source={"volume": source_of(path)} if path.is_file() else {},
    )


def part_shown(viewer: Any, layer: Any) -> int:
    """Return which volume of a stack the viewer shows, from 0; 0 for a 3-D layer."""
    if layer.ndim < 4:
        return 0
    position = viewer.dims.point[viewer.dims.ndim - layer.ndim]
    part = round((position - layer.translate[0]) / layer.scale[0])
    return int(np.clip(part, 0, len(layer.data) - 1))


def sliced_axis(dims: Any) -> int | None:
    """Return the one of the last three axes that is sliced: 0, 1, 2 for z, y, x.

    None in 3-D, and where something else is displayed, as components are by who rolls dimensions.
    """
    first = dims.ndim - 3
    sliced = {0, 1, 2} - {axis - first for axis in dims.displayed}
    return sliced.pop() if dims.ndisplay == 2 and first >= 0 and len(sliced) == 1 else None
