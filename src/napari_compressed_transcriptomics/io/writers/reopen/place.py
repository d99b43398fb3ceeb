"""Where the samples of a saved result lie, where they are vertices."""

from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.io.readers.surfaces.recorded import recorded_mesh
from napari_compressed_transcriptomics.io.writers.read_results import placed_in, read_table

_AXES = ["x_mm", "y_mm", "z_mm"]


def surface_of(place: Parcellation, record: dict[str, Any], folder: Path) -> Parcellation:
    """Return the vertices of a result of vertices, and of any other its place as it is.

    See Also
    --------
    io.readers.surfaces.recorded.recorded_mesh
    """
    table, centroids = folder / "sample_error.csv", None
    if "surface" in record and placed_in(table):
        _, centroids = read_table(table, _AXES, place.n_samples)
    return recorded_mesh(place, record, centroids, folder / "summary.json")
