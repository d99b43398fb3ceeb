"""Vertices as a volume: the voxels of the cortical ribbon, each with its nearest vertex."""

from weakref import WeakKeyDictionary

import numpy as np

from .surface_place import SurfaceParcellation

VOXEL_MM = 2.0
_REACH_MM = 2.5
_known: WeakKeyDictionary[SurfaceParcellation, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()


def ribbon(place: SurfaceParcellation) -> tuple[np.ndarray, np.ndarray]:
    """Return where vertices lie in the volume of the brain.

    A voxel of 2 mm belongs to the sample of the vertex nearest to its middle, within 2.5 mm, or
    within the distance of vertices where these are farther apart. A vertex can be the nearest to
    none.

    Returns
    -------
    labels : ndarray of int32, shape (x, y, z)
        0 outside, else the sample's number + 1.
    affine : ndarray, shape (4, 4)
        Voxels to RAS mm.

    Raises
    ------
    UserError
        It is not known where the vertices lie.
    """
    if place not in _known:
        _known[place] = _ribbon(place)
    return _known[place]


def _ribbon(place: SurfaceParcellation) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import cKDTree

    of_sample, places = place.places_in(np.eye(4))
    tree = cKDTree(places)
    apart = float(np.median(tree.query(places, 2)[0][:, 1]))
    reach = max(_REACH_MM, 0.7 * apart)
    low = np.floor((places.min(0) - reach) / VOXEL_MM) * VOXEL_MM
    shape = np.ceil((places.max(0) + reach - low) / VOXEL_MM).astype(int) + 1
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = low
    middles = np.indices(shape).reshape(3, -1).T * VOXEL_MM + low
    distance, nearest = tree.query(middles, distance_upper_bound=reach)
    labels = np.zeros(len(middles), np.int32)
    near = np.isfinite(distance)
    labels[near] = of_sample[nearest[near]] + 1
    return labels.reshape(shape), affine
