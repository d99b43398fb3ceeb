"""What places have beside labels and affine, in stores and AnnData.

``surface`` and ``coordinates`` of vertices; ``lacking``, where an atlas has regions without data.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation

from .place import FARTHEST_MM, surface_place

ARRAYS = {"surface": 1, "coordinates": 2, "lacking": 3}
"""Arrays, with their axes: vertices of the left and right hemisphere; places in RAS mm, if given;
1 in voxels of regions without data, uint8 (x, y, z), if there are any."""


def place_to_store(place: Parcellation) -> dict[str, np.ndarray]:
    """Return what tells the mesh of vertices, and where data are lacking; else nothing.

    Places are stored where they came from surface files; those of shipped meshes are found again by
    the number of vertices.
    """
    arrays = {}
    if isinstance(place, SurfaceParcellation):
        arrays["surface"] = np.array(place.sizes, np.int64)
        if place.coordinates is not None and place.sphere is None:
            arrays["coordinates"] = np.asarray(place.coordinates, np.float32)
    if place.lacking is not None:
        arrays["lacking"] = place.lacking.astype(np.uint8)
    return arrays


def stored_place(
    labels: np.ndarray, affine: np.ndarray, arrays: dict[str, Any], name: str
) -> Parcellation:
    """Return the place of samples that `labels` number, on a mesh where arrays tell one.

    Parameters
    ----------
    labels : ndarray of int, shape (x, y, z)
    affine : ndarray, shape (4, 4)
    arrays : dict
        Some of `place_to_store`.
    name : str
        Of the file, for messages.

    Raises
    ------
    UserError
        The mesh or what is lacking does not fit the labels, or places lie in no brain.
    """
    place, lacking = _mesh(labels, affine, arrays, name), arrays.get("lacking")
    if lacking is None:
        return place
    if lacking.shape != labels.shape:
        raise UserError(f"{name} has regions without data that do not fit its labels; get it again")
    return replace(place, lacking=np.asarray(lacking) > 0)


def _mesh(
    labels: np.ndarray, affine: np.ndarray, arrays: dict[str, Any], name: str
) -> Parcellation:
    sizes, coordinates = arrays.get("surface"), arrays.get("coordinates")
    if sizes is None:
        return Parcellation(np.asarray(labels, np.int32), np.asarray(affine, float))
    sizes = np.asarray(sizes)
    fits = sizes.shape == (2,) and sizes.dtype.kind in "iu" and (sizes >= 0).all()
    if not fits or sizes.sum() != labels.size:
        raise UserError(f"{name} has a mesh that does not fit its vertices; get it again")
    n = (int(sizes[0]), int(sizes[1]))
    if coordinates is None:
        return surface_place(n, name).renumbered(labels)
    coordinates = np.asarray(coordinates, np.float32)
    sound = coordinates.shape == (labels.size, 3) and np.isfinite(coordinates).all()
    if not sound or np.abs(coordinates).max(initial=0) > FARTHEST_MM:
        raise UserError(f"{name} has places of vertices outside any brain; get it again")
    return SurfaceParcellation(np.asarray(labels, np.int32), np.eye(4), n, coordinates)
