"""Where the samples of saved results lie, where these are of vertices."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.spatial.surface_place import (
    SurfaceParcellation,
    vertex_shape,
)

from .place import surface_place


def recorded_mesh(
    place: Parcellation, record: dict[str, Any], centroids: np.ndarray | None, path: Path
) -> Parcellation:
    """Return the vertices of results of vertices, and of any other results their place as it is.

    Vertices of a mesh that is shipped lie where its do; of others the saved middles of the samples
    tell, where each is one vertex.

    Parameters
    ----------
    place : Parcellation
        Which voxel of the results' volumes belongs to which sample.
    record : dict
        Of the results; its ``surface`` is that of `reconstruction.summary.surface_of`.
    centroids : ndarray, shape (n_samples, 3), or None
        RAS mm.
    path : Path
        Of the record, for messages.

    Raises
    ------
    UserError
        The record's surface is not that of the volumes.
    """
    surface = record.get("surface")
    if not isinstance(surface, dict):
        return place
    n, left, right = place.labels.size, surface.get("left"), surface.get("right")
    if type(left) is not int or type(right) is not int or left + right != n or min(left, right) < 0:
        raise UserError(f"{path} has another surface than its files; save the results again")
    sizes = (left, right)
    try:
        vertices = surface_place(sizes, path.name)
    except UserError:  # a mesh of its own, whose files were given
        vertices = SurfaceParcellation(np.zeros(vertex_shape(n), np.int32), np.eye(4), sizes)
    found = vertices.renumbered(place.labels)
    single = place.n_samples == np.count_nonzero(place.labels)
    if found.places_known or not single or centroids is None:
        return found
    coordinates = np.full((n, 3), np.nan, np.float32)
    inside = place.labels.ravel() > 0
    coordinates[inside] = centroids[place.labels.ravel()[inside] - 1]
    coordinates[~inside] = np.nanmean(coordinates, axis=0)
    return SurfaceParcellation(found.labels, np.eye(4), sizes, coordinates)
