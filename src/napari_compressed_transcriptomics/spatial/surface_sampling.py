"""From voxels and regions to the vertices of the cortical surface.

Values are taken along the line between white and pial surface as `nilearn.surface.vol_to_surf`
does (``kind="depth"``), but where to look is found once for all maps of the same samples.
"""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import MIN_INSIDE

from .cortical_surface import Hemisphere, fsaverage5
from .surface_place import SIDES, SurfaceParcellation

_DEPTHS = np.linspace(0, 1, 10)
"""From pial (0) to white (1), those of `vol_to_surf`."""


@dataclass(frozen=True, eq=False)
class SurfaceMap:
    """Values on the vertices of both hemispheres."""

    left: np.ndarray
    right: np.ndarray
    """`left`, `right`: NaN in the medial wall and where there are no data. Of float32, shape
    (n_vertices,) or (n_vertices, k)."""
    without: float
    """Share of the vertices of cortex, on both sides, that have no data."""

    def side(self, name: str) -> np.ndarray:
        """Return the values of the ``left`` or ``right`` side."""
        return {"left": self.left, "right": self.right}[name]


class SurfaceSampling:
    """How values of samples come to the vertices of fsaverage5; made once, used for any map.

    Of voxels, each vertex takes the mean along its line between pial and white surface, linearly
    interpolated; voxels without data are left out. Of regions, it takes the one most often met
    along its line. Vertices of which less than `MIN_INSIDE` of the line has data have none.
    Of data on vertices of fsaverage5 to 7, which begin with those of fsaverage5, each takes its
    own value; of other meshes that of the nearest vertex.

    Parameters
    ----------
    parcellation : Parcellation
        Where the samples are, in MNI152; other spaces are not brought there.
    """

    def __init__(self, parcellation: Parcellation):
        from scipy.sparse import vstack

        hemispheres = fsaverage5()
        if isinstance(parcellation, SurfaceParcellation):
            parts = [_weights_of_vertices(parcellation, side) for side in SIDES]
        else:
            of_voxels = (parcellation.voxels_per_sample == 1).all()
            weights = _weights_of_voxels if of_voxels else _weights_of_regions
            parts = [weights(parcellation, hemispheres[side]) for side in SIDES]
        self._weights = vstack(parts, format="csr")
        self._cortex = np.concatenate([hemispheres[side].cortex for side in SIDES])
        self._weight = np.asarray(self._weights.sum(axis=1)).ravel()

    def __call__(self, values: np.ndarray) -> SurfaceMap:
        """Bring values (n_samples,) or (n_samples, k) to the surface; NaN are no data."""
        values = np.asarray(values, np.float32)
        known = np.isfinite(values)
        weight = self._weight.reshape(-1, *[1] * (values.ndim - 1))
        if not known.all():
            weight = self._weights @ known.astype(np.float32)
            values = np.where(known, values, 0)
        enough = weight >= MIN_INSIDE
        found = np.where(enough, (self._weights @ values) / np.where(enough, weight, 1), np.nan)
        found = found.astype(np.float32)
        lacking = np.isnan(found[self._cortex]).reshape(self._cortex.sum(), -1).any(axis=1)
        middle = len(found) // 2
        return SurfaceMap(found[:middle], found[middle:], float(lacking.mean()))

    def to_samples(self, vertices: np.ndarray) -> np.ndarray:
        """Bring values of both hemispheres' vertices (2 x 10,242,) back to the samples.

        Each sample takes the mean of the vertices that would take from it, weighted as there; NaN
        where there are none, or less than half of them have a value.
        """
        known = np.isfinite(vertices)
        back = self._weights.T
        weight, all_weight = back @ known.astype(float), back @ np.ones(len(known))
        enough = (all_weight > 0) & (weight >= 0.5 * all_weight)
        sums = back @ np.where(known, vertices, 0.0)
        return np.where(enough, sums / np.where(enough, weight, 1), np.nan)


_SAMPLINGS: WeakKeyDictionary[Parcellation, SurfaceSampling] = WeakKeyDictionary()


def surface_sampling(parcellation: Parcellation) -> SurfaceSampling:
    """Return the sampling of a parcellation, made when it is first asked for."""
    if parcellation not in _SAMPLINGS:
        _SAMPLINGS[parcellation] = SurfaceSampling(parcellation)
    return _SAMPLINGS[parcellation]


def _lines(parcellation: Parcellation, side: Hemisphere) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices of cortex (n,), and the points of their lines in voxels (n, 10, 3)."""
    from nibabel.affines import apply_affine

    vertices = np.flatnonzero(side.cortex)
    pial, white = side.pial[vertices, None], side.white[vertices, None]
    points = pial + _DEPTHS[:, None] * (white - pial)
    return vertices, apply_affine(np.linalg.inv(parcellation.affine), points)


def _samples_at(parcellation: Parcellation, voxels: np.ndarray) -> np.ndarray:
    """Return the sample of each voxel (..., 3) of int64, -1 where there is none."""
    labels = parcellation.labels
    inside: np.ndarray = np.all((voxels >= 0) & (voxels < labels.shape), axis=-1)
    found = labels[tuple(np.moveaxis(np.where(inside[..., None], voxels, 0), -1, 0))]
    return np.where(inside, found, 0).astype(np.int64) - 1


def _weights_of_voxels(parcellation: Parcellation, side: Hemisphere) -> Any:
    vertices, points = _lines(parcellation, side)
    low = np.floor(points).astype(np.int64)
    part = points - low
    rows, columns, weights = [], [], []
    for corner in np.ndindex(2, 2, 2):
        sample = _samples_at(parcellation, low + corner)
        weight = np.where(corner, part, 1 - part).prod(axis=-1) / len(_DEPTHS)
        there = np.nonzero((sample >= 0) & (weight > 0))
        rows.append(np.broadcast_to(vertices[:, None], sample.shape)[there])
        columns.append(sample[there])
        weights.append(weight[there])
    return _matrix(rows, columns, weights, len(side.cortex), parcellation.n_samples)


def _weights_of_regions(parcellation: Parcellation, side: Hemisphere) -> Any:
    vertices, points = _lines(parcellation, side)
    sample = _samples_at(parcellation, np.rint(points).astype(np.int64))
    met = np.sort(sample, axis=1)[:, ::-1]  # equals lie beside each other, none last
    times = (met[:, :, None] == met[:, None, :]).sum(axis=2)
    times[met < 0] = 0
    most = times.argmax(axis=1)
    rows = np.arange(len(vertices))
    found = met[rows, most]
    enough = (sample >= 0).mean(axis=1) >= MIN_INSIDE
    ones = np.ones(np.count_nonzero(enough))
    return _matrix(
        [vertices[enough]], [found[enough]], [ones], len(side.cortex), parcellation.n_samples
    )


def _weights_of_vertices(place: SurfaceParcellation, side: str) -> Any:
    first, n = (0, place.sizes[0]) if side == "left" else place.sizes
    own = place.labels.ravel()[first : first + n]
    here = fsaverage5()[side]
    vertices, n_here = np.arange(n), len(here.pial)
    if not (place.mesh.startswith("fsaverage") and n >= n_here) and n:
        from scipy.spatial import cKDTree

        middle = (here.pial + here.white) / 2
        vertices = cKDTree(place.known_places()[first : first + n]).query(middle)[1]
    samples = own[vertices[:n_here]] - 1
    there = np.flatnonzero(samples >= 0)
    ones = np.ones(len(there))
    return _matrix([there], [samples[there]], [ones], n_here, place.n_samples)


def _matrix(rows: Any, columns: Any, weights: Any, n_vertices: int, n_samples: int) -> Any:
    from scipy.sparse import csr_matrix

    where = np.concatenate(rows), np.concatenate(columns)
    return csr_matrix((np.concatenate(weights).astype(np.float32), where), (n_vertices, n_samples))
