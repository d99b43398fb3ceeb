"""Which samples are mirror images of each other, and places with both hemispheres laid together."""

import numpy as np

MIRROR_TOLERANCE_MM = 10.0


def mirrored_pairs(
    positions: np.ndarray, tolerance_mm: float = MIRROR_TOLERANCE_MM
) -> tuple[np.ndarray, np.ndarray]:
    """Return which samples of the left (x < 0) and of the right are mirror images.

    Each left sample is paired with the right one (x > 0) nearest to its mirrored centroid,
    where that is at most `tolerance_mm` away and has no nearer partner.

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        Centroids in RAS mm.
    tolerance_mm : float

    Returns
    -------
    left, right : ndarray of int64, shape (n_pairs,)
        Row numbers.
    """
    from scipy.spatial import cKDTree

    left, right = np.flatnonzero(positions[:, 0] < 0), np.flatnonzero(positions[:, 0] > 0)
    if not (left.size and right.size):
        return left[:0], right[:0]
    mirrored = positions[left] * [-1, 1, 1]
    distance, to_right = cKDTree(positions[right]).query(mirrored)
    to_left = cKDTree(mirrored).query(positions[right])[1]
    mutual = (to_left[to_right] == np.arange(len(left))) & (distance <= tolerance_mm)
    return left[mutual], right[to_right[mutual]]


def mirrored(positions: np.ndarray) -> np.ndarray:
    """Return the positions with the left hemisphere folded onto the right."""
    places = np.array(positions, float)
    places[:, 0] = np.abs(places[:, 0])
    return places
