"""Regions from any Labels layer of the viewer, whoever opened or drew it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import Regions, RegionVolume

from .image_space import ImageSpace

if TYPE_CHECKING:
    import pandas as pd

# Columns of a layer's features that may name its labels, best first.
_NAME_COLUMNS = ("name", "region", "label", "region_name", "structure")


def regions_of_layer(layer: Any, parcellation: Parcellation) -> Regions:
    """Look up where each sample lies in a Labels layer, as the viewer shows it.

    Parameters
    ----------
    layer : napari.layers.Labels
        3-D. Its place in the world (scale, translate, affine) is taken for RAS mm in the order
        (z, y, x), as our own layers have it. Names come from its features, see `label_names`.
    parcellation : Parcellation
        Where the samples are.

    Raises
    ------
    UserError
        The layer is not 3-D.
    """
    return region_volume_of_layer(layer).of(parcellation)


def region_volume_of_layer(layer: Any) -> RegionVolume:
    """Return the regions of a Labels layer, as the viewer shows them; see `regions_of_layer`."""
    if layer.ndim != 3:
        raise UserError(f"“{layer.name}” is {layer.ndim}-D; choose a 3-D Labels layer")
    data = np.asarray(layer.data[0] if layer.multiscale else layer.data)
    return RegionVolume(data.T, layer_affine(layer), label_names(layer), f"“{layer.name}”")


def saved_region_volume(layer: Any) -> RegionVolume:
    """Return the regions of a Labels layer with the file that they are in.

    Raises
    ------
    UserError
        They are in none: the layer was drawn, or changed since it was opened.
    """
    from napari_compressed_transcriptomics.io.readers.region_volume import read_region_volume

    volume = region_volume_of_layer(layer)
    path = Path(layer.source.path or "")
    if path.is_file():
        saved = read_region_volume(path)
        laid_out = ImageSpace(saved.labels.shape, saved.affine).to_viewer(saved.labels)
        if np.array_equal(laid_out, volume.labels.T):
            return saved
    raise UserError(f"{volume.name} was drawn or changed in the window; save it, and open the file")


def layer_affine(layer: Any) -> np.ndarray:
    """Return the affine (4, 4) from the voxels (x, y, z) of a layer's data, transposed, to mm."""
    corner = np.array(layer.data_to_world(np.zeros(layer.ndim)))[-3:]
    steps = [np.array(layer.data_to_world(unit))[-3:] - corner for unit in np.eye(layer.ndim)[-3:]]
    affine = np.eye(4)
    affine[:3, :3] = np.transpose(steps)[::-1, ::-1]
    affine[:3, 3] = corner[::-1]
    return affine


def label_names(layer: Any) -> dict[int, str]:
    """Return the names of a Labels layer's labels, by label, from its features.

    As napari has it, a column ``index`` holds the labels, else row ``i`` is label ``i``. The
    names are in the column ``name`` or ``region``; without one there are none.
    """
    features: pd.DataFrame = layer.features
    columns = {str(column).lower(): column for column in features.columns}
    column = next((columns[name] for name in _NAME_COLUMNS if name in columns), None)
    if column is None:
        return {}
    labels = features["index"] if "index" in features else range(len(features))
    pairs = zip(labels, features[column], strict=True)
    return {int(label): str(name) for label, name in pairs if label and isinstance(name, str)}


def name_features(names: dict[int, str]) -> dict[str, list]:
    """Return features with which a Labels layer shows, and `label_names` finds, names."""
    return {"index": list(names), "name": list(names.values())}
