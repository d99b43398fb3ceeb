"""The cortical surface fsaverage5: FreeSurfer's (Fischl et al. 1999), as nilearn ships it.

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

import numpy as np

from .surface_place import SIDES

MNI305_TO_MNI152 = np.array(
    [
        [0.9975, -0.0073, 0.0176, -0.0429],
        [0.0146, 1.0009, -0.0024, 1.5496],
        [-0.0130, -0.0093, 0.9971, 1.1840],
        [0, 0, 0, 1],
    ]
)
"""RAS mm to RAS mm, as FreeSurfer's wiki has it (CoordinateSystems)."""
_THINNEST_MM = 1.8
"""Where the two surfaces come closer over a large area there is no cortex between them."""


@dataclass(frozen=True, eq=False)
class Hemisphere:
    """One side of a cortical surface."""

    pial: np.ndarray
    white: np.ndarray
    """`pial`, `white`: RAS mm, in MNI152. Of float32, shape (n_vertices, 3)."""
    inflated: np.ndarray
    sphere: np.ndarray
    """`inflated`, `sphere`: of the same orientation, but centred on 0: no places in the brain. Of
    float32, shape (n_vertices, 3)."""
    faces: np.ndarray
    """Vertices of each triangle, counterclockwise seen from outside. Of int32, shape (n_faces,
    3)."""
    sulcal_depth: np.ndarray
    """Positive in sulci, negative on gyri. Of float32, shape (n_vertices,)."""
    cortex: np.ndarray
    """False in the medial wall, see `medial_wall`. Of bool, shape (n_vertices,)."""


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
