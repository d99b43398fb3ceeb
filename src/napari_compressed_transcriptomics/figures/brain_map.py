"""One quantity in the brain, to be drawn on slices or on the cortical surface."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.spatial.ribbon import ribbon
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation


@dataclass(frozen=True, eq=False)
class BrainMap:
    """One quantity in the brain, to be drawn."""

    values: np.ndarray
    """NaN where there is none. Of float, shape (n_samples,)."""
    parcellation: Parcellation
    """Where the samples lie."""
    title: str
    """What stands above it where there are several."""
    label: str
    """What the values are, with their unit, beside the colour bar."""
    kind: str = "values"
    """Errors begin at 0; signed values are about `center`, or their mean; a distance breaks at 1.
    One of "error", "signed", "values", "distance"."""
    group: str = ""
    """Maps of one group have the same quantity, and may have one scale."""
    center: float | None = None
    """The middle of signed values."""
    original: np.ndarray | None = None
    """Values that set the scale in place of its own: a reconstruction is seen as the original. Of
    float, shape (n_samples,)."""

    @cached_property
    def volume(self) -> np.ndarray:
        """The values in space, float32 (x, y, z), NaN where there is none; of vertices the ribbon.

        A `UserError` says so where vertices lie at no place that is known.
        """
        if isinstance(self.parcellation, SurfaceParcellation):
            labels, _ = ribbon(self.parcellation)  # not all of which have a voxel
            return np.concatenate([[np.nan], self.values]).astype(np.float32)[labels]
        return self.parcellation.paint(self.values)

    @cached_property
    def lacking(self) -> np.ndarray | None:
        """Where regions lack data, bool (x, y, z); None for nowhere, and on a surface."""
        if isinstance(self.parcellation, SurfaceParcellation):
            return None
        return self.parcellation.without(np.asarray(self.values))

    @property
    def affine(self) -> np.ndarray:
        """Voxels of `volume` to RAS mm, (4, 4)."""
        if isinstance(self.parcellation, SurfaceParcellation):
            return ribbon(self.parcellation)[1]
        return self.parcellation.affine

    @property
    def limits_of(self) -> np.ndarray:
        """The values that set the scale, finite, shape (n,)."""
        values = np.asarray(self.values if self.original is None else self.original)
        return values[np.isfinite(values)]
