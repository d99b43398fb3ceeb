"""Where samples lie on a cortical surface: which vertex belongs to which sample."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import MNI
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.parcellation import Parcellation

MESHES = {
    642: "fsaverage3",
    2_562: "fsaverage4",
    10_242: "fsaverage5",
    40_962: "fsaverage6",
    163_842: "fsaverage",
    32_492: "fs_LR 32k",
}
"""Names of meshes by the number of vertices of a hemisphere."""
SIDES = ("left", "right")
_APART_MM = 1000.0
_NEAR_MM = 4.0
_LONGEST = 32_767  # of an axis of NIfTI-1


def vertex_shape(n: int) -> tuple[int, int, int]:
    """Return a grid for `n` vertices, in C order, no axis of which is too long for NIfTI-1."""
    rows = next(rows for rows in range(1, n + 1) if n % rows == 0 and n // rows <= _LONGEST)
    return n // rows, rows, 1


@dataclass(frozen=True, eq=False)
class SurfaceParcellation(Parcellation):
    """Which vertex belongs to which sample.

    Vertices take the place of voxels: `labels` has one number per vertex, the left hemisphere's
    first, and its shape, see `vertex_shape`, means nothing. So what works on voxels works here.

    Attributes
    ----------
    labels : ndarray of int32, shape ``vertex_shape(n_vertices)``
        0 outside (the medial wall), ``i + 1`` at the vertices of sample ``i``.
    affine : ndarray of float64, shape (4, 4)
        The identity.
    sizes : tuple of int
        Vertices of the left and of the right hemisphere; 0 where there is none.
    coordinates : ndarray of float32, shape (n_vertices, 3), or None
        RAS mm, where they are known.
    sphere : ndarray of float32, shape (n_vertices, 3), or None
        Each hemisphere on a sphere about 0 that has its area, in mm: distances there stand for
        those along the surface.
    """

    sizes: tuple[int, int] = (0, 0)
    coordinates: np.ndarray | None = None
    sphere: np.ndarray | None = None
    units: ClassVar[str] = "vertices"

    @property
    def mesh(self) -> str:
        """The mesh, as far as the number of vertices tells."""
        n = max(self.sizes)
        return MESHES.get(n, f"a mesh of {n:,} vertices")

    @property
    def space(self) -> str:
        """The space that places lie in, see `core.brain_space`; empty where nothing tells it."""
        return MNI if self.sphere is not None else ""

    @property
    def in_words(self) -> str:
        """Mesh and hemispheres."""
        parts = [f"{n:,} {side}" for side, n in zip(SIDES, self.sizes, strict=True) if n]
        return f"{self.mesh}, {' and '.join(parts)} vertices"

    @property
    def places_known(self) -> bool:
        """Whether it is known where in the brain the vertices lie."""
        return self.coordinates is not None

    @cached_property
    def centroids(self) -> np.ndarray:  # type: ignore[override]
        """Mean position of each sample's vertices in RAS mm; a `UserError` where it is unknown."""
        return self._means(self.known_places())

    @cached_property
    def positions(self) -> np.ndarray:  # type: ignore[override]
        """Where samples lie for distances along the surface, shape (n_samples, 3), in mm.

        Distances are chords of the sphere: 0.96 of the way along the mesh in the middle, 0.7 to 1.4
        for 9 of 10 pairs in fsaverage5. Where a surface was given there is no sphere: they are
        straight lines on it. Hemispheres lie far apart, each the other's mirror image.
        """
        places = self.known_places() if self.sphere is None else self.sphere
        apart = np.repeat([-_APART_MM, _APART_MM], self.sizes)
        return self._means(places + np.outer(apart, [1, 0, 0]))

    def known_places(self) -> np.ndarray:
        """Return `coordinates`; a `UserError` where they are not known."""
        if self.coordinates is None:
            raise UserError(
                f"Where the vertices of {self.mesh} lie is not known; give the surface files of "
                "both hemispheres (--surface lh.midthickness.surf.gii rh.midthickness.surf.gii)"
            )
        return self.coordinates

    def _means(self, places: np.ndarray) -> np.ndarray:
        of_vertex = self.labels.ravel()
        sums = [
            np.bincount(of_vertex, weights=axis, minlength=self.n_samples + 1)[1:]
            for axis in places.T
        ]
        return np.stack(sums, axis=1) / self.voxels_per_sample[:, None]

    def places_in(self, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As of voxels, for the vertices that have a sample."""
        from nibabel.affines import apply_affine

        inside = np.flatnonzero(self.labels)
        at = apply_affine(np.linalg.inv(affine), self.known_places()[inside])
        return self.labels.ravel()[inside] - 1, at

    def sample_at(self, position: np.ndarray) -> int | None:
        """Return the sample of the vertex nearest to a position in RAS mm, within 4 mm."""
        of_sample, places = self.places_in(np.eye(4))
        distance = np.linalg.norm(places - position, axis=1)
        nearest = int(distance.argmin())
        return int(of_sample[nearest]) if distance[nearest] <= _NEAR_MM else None

    def by_side(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return values (n_samples,) or (n_samples, k) at the vertices of each hemisphere.

        Hemispheres without vertices are left out; NaN outside all samples.
        """
        painted = self.paint(values).reshape(-1, *np.shape(values)[1:])
        left = self.sizes[0]
        parts = {"left": painted[:left], "right": painted[left:]}
        return {side: part for side, part in parts.items() if len(part)}


def vertex_names(sizes: tuple[int, int]) -> list[str]:
    """Return ``lh_0``, ... and ``rh_0``, ... of the vertices, the left's first."""
    return [f"{side}_{i}" for side, n in zip(("lh", "rh"), sizes, strict=True) for i in range(n)]
