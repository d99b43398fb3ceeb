"""The MNI152 T1 template behind slices: the anatomy by which one finds the way."""

from dataclasses import replace
from functools import cache

import numpy as np
from nibabel.affines import apply_affine

from .slices import Picture

_DARKEST, _LIGHTEST = 0.35, 0.97
"""Grey of the template's ends: light, so that it lies behind."""


@cache
def mni_template() -> tuple[np.ndarray, np.ndarray]:
    """Return the skull-stripped MNI152 T1 template that nilearn ships, and its affine.

    The first is float32 (x, y, z), 0 to 1, NaN outside the brain, at 1 mm.
    """
    from nilearn.datasets import load_mni152_template

    image = load_mni152_template(resolution=1)
    grey = np.asarray(image.dataobj, np.float32)
    return np.where(grey > 0, grey, np.nan).astype(np.float32), np.asarray(image.affine, float)


def template_reach() -> np.ndarray:
    """Return the least and largest RAS mm of the template's brain, shape (2, 3)."""
    grey, affine = mni_template()
    voxels = np.argwhere(np.isfinite(grey))
    ends = apply_affine(affine, np.array([voxels.min(axis=0), voxels.max(axis=0)]))
    return np.array([ends.min(axis=0) - 2, ends.max(axis=0) + 2])


def before_template(picture: Picture) -> Picture:
    """Return a slice with the template under it, where its own volume has no values."""
    assert picture.points is not None
    grey, affine = mni_template()
    at = np.rint(apply_affine(np.linalg.inv(affine), picture.points)).astype(int)
    inside = ((at >= 0) & (at < grey.shape)).all(axis=-1)
    found = grey[tuple(np.moveaxis(np.where(inside[..., None], at, 0), -1, 0))]
    under = np.where(inside, found, np.nan)
    return replace(picture, under=_DARKEST + (_LIGHTEST - _DARKEST) * under)
