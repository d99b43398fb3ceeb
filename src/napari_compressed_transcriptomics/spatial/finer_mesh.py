"""Meshes of FreeSurfer's that are finer than fsaverage5, made of it: each triangle in four.

fsaverage3 to fsaverage are one icosahedron, divided again and again: a mesh begins with the
vertices of the coarser one, and each further vertex halves an edge. In which order these come is
FreeSurfer's (`halved`): made of fsaverage4, the triangles of fsaverage5 come out exactly; made
twice of fsaverage5, 92 % of the edges of fsaverage join vertices of the same of 1,000 real
parcels.
"""

from collections.abc import Sequence

import numpy as np


def halved(faces: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide the triangles of a mesh.

    Parameters
    ----------
    faces : ndarray of int, shape (m, 3)
    n : int
        Vertices of the mesh.

    Returns
    -------
    faces : ndarray of int64, shape (4 m, 3)
    ends : ndarray of int64, shape (n_edges, 2)
        Between which vertices the ones from `n` on lie.
    """
    first, second, third = np.asarray(faces, np.int64).T
    edges = np.stack([[first, third], [third, second], [second, first]]).transpose(2, 0, 1)
    ends = np.sort(edges.reshape(-1, 2), axis=1)  # of the triangles, one after another
    _, where, which = np.unique(ends[:, 0] * n + ends[:, 1], return_index=True, return_inverse=True)
    order = np.argsort(where)  # as they are met first
    number = np.empty(len(order), np.int64)
    number[order] = n + np.arange(len(order))
    third_first, second_third, first_second = number[which.ravel()].reshape(-1, 3).T
    at_first = np.column_stack([first, first_second, third_first])
    others = np.stack(
        [
            np.column_stack([third_first, second_third, third]),
            np.column_stack([first_second, second_third, third_first]),
            np.column_stack([first_second, second, second_third]),
        ],
        axis=1,
    )
    return np.concatenate([at_first, others.reshape(-1, 3)]), ends[where[order]]


def finer(
    faces: np.ndarray, places: Sequence[np.ndarray], n_vertices: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Divide a mesh until it has so many vertices; places lie halfway between their neighbours'.

    Of fsaverage5 made so from fsaverage4 half of the further vertices lie within 0.5 mm of their
    true place, 95 % within 1.5 mm; the edges of fsaverage5 are half as long.

    Parameters
    ----------
    faces : ndarray of int, shape (m, 3)
    places : sequence of ndarray, each of shape (n, 3)
    n_vertices : int
        Of the mesh to be made, 40,962 or 163,842 from fsaverage5.

    Returns
    -------
    faces : ndarray of int64, shape (m', 3)
    places : list of ndarray of float32, each of shape (n_vertices, 3)
    """
    made = [np.asarray(place, np.float32) for place in places]
    while len(made[0]) < n_vertices:
        faces, ends = halved(faces, len(made[0]))
        made = [np.concatenate([place, place[ends].mean(axis=1)]) for place in made]
    return faces, made
