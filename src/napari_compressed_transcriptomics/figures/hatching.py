"""Regions of which there are no data: hatched, so that they are not taken for low values."""

from dataclasses import replace

import numpy as np
from nibabel.affines import apply_affine

from .slices import Picture

LEGEND = "Hatched: no data"
_LINE, _BETWEEN = 0.3, 0.87  # greys
_LINES = 40  # from below to above, of at least so many pixels
_LEAST = 4


def with_hatching(picture: Picture, regions: np.ndarray, affine: np.ndarray) -> Picture:
    """Return a slice with regions hatched.

    Parameters
    ----------
    picture : Picture
        Of a slice.
    regions : ndarray of bool, shape (x, y, z)
    affine : ndarray, shape (4, 4)
        Its voxels to RAS mm.
    """
    assert picture.points is not None
    at = np.rint(apply_affine(np.linalg.inv(affine), picture.points)).astype(int)
    within = ((at >= 0) & (at < regions.shape)).all(axis=-1)
    found = regions[tuple(np.moveaxis(np.where(within[..., None], at, 0), -1, 0))]
    return replace(picture, hatched=found & within)


def hatch(colours: np.ndarray, where: np.ndarray) -> None:
    """Hatch an image, RGBA in 0..1 (height, width, 4), where a mask (height, width) is true."""
    rows, columns = np.nonzero(where)
    period = max(_LEAST, len(where) // _LINES)
    on_line = (rows - columns) % period < 0.4 * period
    colours[rows, columns, :3] = np.where(on_line, _LINE, _BETWEEN)[:, None]
    colours[rows, columns, 3] = 1
