"""Where the samples of a saved result lie, where they are vertices."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.io.writers.read_results import AGAIN, placed_in, read_table
from napari_compressed_transcriptomics.spatial.surface_place import (
    SurfaceParcellation,
    vertex_shape,
)

_AXES = ["x_mm", "y_mm", "z_mm"]


def surface_of(place: Parcellation, record: dict[str, Any], folder: Path) -> Parcellation:
    """Return the vertices of a result of vertices, and of any other its place as it is.

    Vertices of a mesh that is shipped lie where its do; of others the saved middles of the samples
    tell, where each is one vertex.
    """
    from napari_compressed_transcriptomics.io.readers.surfaces.place import surface_place

    surface = record.get("surface")
    if not isinstance(surface, dict):
        return place
    n, left, right = place.labels.size, surface.get("left"), surface.get("right")
    if type(left) is not int or type(right) is not int or left + right != n or min(left, right) < 0:
        raise UserError(f"{folder / 'summary.json'} has another surface than its files; {AGAIN}")
    sizes = (left, right)
    try:
        vertices = surface_place(sizes, folder.name)
    except UserError:  # a mesh of its own, whose files were given
        vertices = SurfaceParcellation(np.zeros(vertex_shape(n), np.int32), np.eye(4), sizes)
    found = vertices.renumbered(place.labels)
    table = folder / "sample_error.csv"
    if found.places_known or place.n_samples != np.count_nonzero(place.labels):
        return found
    if not placed_in(table):
        return found
    _, at = read_table(table, _AXES, place.n_samples)
    coordinates = np.full((n, 3), np.nan, np.float32)
    inside = place.labels.ravel() > 0
    coordinates[inside] = at[place.labels.ravel()[inside] - 1]
    coordinates[~inside] = np.nanmean(coordinates, axis=0)
    return SurfaceParcellation(found.labels, np.eye(4), sizes, coordinates)
