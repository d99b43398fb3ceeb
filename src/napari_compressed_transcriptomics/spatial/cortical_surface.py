"""The cortical surface fsaverage5, and values of samples on its vertices.

The surface is FreeSurfer's (Fischl et al. 1999), as nilearn ships it. Values are taken along the
line between white and pial surface as `nilearn.surface.vol_to_surf` does (``kind="depth"``), but
where to look is found once for all maps of the same samples.

fsaverage lies in MNI305. It is brought to MNI152 by FreeSurfer's affine (``mni152.register.dat``),
which moves its vertices by 2.2 mm on average and 2.8 mm at most; nilearn leaves it where it is
(nilearn#3514). Real parcels of the two spaces then agree a little better: networks of Schaefer's
200 regions in MNI152 at 81.4 % of the vertices of his 1,000 on fsaverage (80.4 % without), of his
100 at 78.2 % (76.5 %), and 1.1 % of the vertices lack data (1.9 %). What is left is no affine's to
mend: see Wu et al. 2018 (doi:10.1002/hbm.24213).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import MIN_INSIDE

from .surface_place import SIDES, SurfaceParcellation

MNI305_TO_MNI152 = np.array(
    [
        [0.9975, -0.0073, 0.0176, -0.0429],
        [0.0146, 1.0009, -0.0024, 1.5496],
        [-0.0130, -0.0093, 0.9971, 1.1840],
        [0, 0, 0, 1],
    ]
)
"""RAS mm to RAS mm, as FreeSurfer's wiki has it (CoordinateSystems)."""
_DEPTHS = np.linspace(0, 1, 10)
"""From pial (0) to white (1), those of `vol_to_surf`."""
_THINNEST_MM = 1.8
"""Where the two surfaces come closer over a large area there is no cortex between them."""


@dataclass(frozen=True, eq=False)
class Hemisphere:
    """One side of a cortical surface.

    Attributes
    ----------
    pial, white : ndarray of float32, shape (n_vertices, 3)
        RAS mm, in MNI152.
    inflated, sphere : ndarray of float32, shape (n_vertices, 3)
        Of the same orientation, but centred on 0: no places in the brain.
    faces : ndarray of int32, shape (n_faces, 3)
        Vertices of each triangle, counterclockwise seen from outside.
    sulcal_depth : ndarray of float32, shape (n_vertices,)
        Positive in sulci, negative on gyri.
    cortex : ndarray of bool, shape (n_vertices,)
        False in the medial wall, see `medial_wall`.
    """

    pial: np.ndarray
    white: np.ndarray
    inflated: np.ndarray
    sphere: np.ndarray
    faces: np.ndarray
    sulcal_depth: np.ndarray
    cortex: np.ndarray


@cache
def fsaverage5() -> Mapping[str, Hemisphere]:
    """Return both hemispheres of fsaverage5, by side, with 10,242 vertices each."""
    from nilearn.datasets import load_fsaverage, load_fsaverage_data

    meshes = load_fsaverage("fsaverage5")
    depth = load_fsaverage_data("fsaverage5", data_type="sulcal").data.parts
    return {side: _hemisphere(meshes, side, depth[side]) for side in SIDES}


def _hemisphere(meshes: Mapping[str, Any], side: str, depth: np.ndarray) -> Hemisphere:
    from nibabel.affines import apply_affine

    names = {"pial": "pial", "white": "white_matter", "inflated": "inflated", "sphere": "sphere"}
    places = {ours: meshes[name].parts[side].coordinates for ours, name in names.items()}
    for name in ("pial", "white"):
        places[name] = apply_affine(MNI305_TO_MNI152, places[name]).astype(np.float32)
    faces = meshes["pial"].parts[side].faces
    wall = medial_wall(places["pial"], places["white"], faces)
    return Hemisphere(**places, faces=faces, sulcal_depth=depth, cortex=~wall)


def neighbours(faces: np.ndarray, n_vertices: int) -> Any:
    """Return which vertices share an edge, a symmetric sparse matrix (n, n) of float32 ones."""
    from scipy.sparse import coo_matrix

    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.concatenate([ends, ends[:, ::-1]])
    graph = coo_matrix((np.ones(len(ends), np.float32), tuple(ends.T)), (n_vertices,) * 2).tocsr()
    graph.data[:] = 1
    return graph


def medial_wall(pial: np.ndarray, white: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return which vertices lie in the medial wall, where there is no cortex, bool (n_vertices,).

    It is the largest patch in which pial and white surface are less than 1.8 mm apart, and the
    vertices around it. Of the 870 vertices that FreeSurfer calls so in the left fsaverage5 these
    are 722, and 70 others.
    """
    from scipy.sparse.csgraph import connected_components

    graph = neighbours(faces, len(pial))
    thin = np.flatnonzero(np.linalg.norm(pial - white, axis=1) < _THINNEST_MM)
    _, patch = connected_components(graph[thin][:, thin])
    wall = np.zeros(len(pial), np.float32)
    wall[thin[patch == np.bincount(patch).argmax()]] = 1
    return (wall + graph @ wall) > 0


@dataclass(frozen=True, eq=False)
class SurfaceMap:
    """Values on the vertices of both hemispheres.

    Attributes
    ----------
    left, right : ndarray of float32, shape (n_vertices,) or (n_vertices, k)
        NaN in the medial wall and where there are no data.
    without : float
        Share of the vertices of cortex, on both sides, that have no data.
    """

    left: np.ndarray
    right: np.ndarray
    without: float

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


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the outward direction at each vertex of a mesh, of length 1, shape (n, 3).

    Parameters
    ----------
    vertices : ndarray, shape (n, 3)
    faces : ndarray of int, shape (m, 3)
        Counterclockwise seen from outside.
    """
    a, b, c = (np.asarray(vertices, float)[corner] for corner in faces.T)
    of_face = np.cross(b - a, c - a)
    n = len(vertices)
    found = [
        sum(np.bincount(corner, of_face[:, axis], n) for corner in faces.T) for axis in range(3)
    ]
    normals = np.stack(found, axis=1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def area(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Return the area of a mesh, in mm2 where vertices (n, 3) are in mm."""
    a, b, c = (vertices[corner].astype(float) for corner in faces.T)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
