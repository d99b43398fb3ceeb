"""The mean of a volume over each sample's voxels, whatever the two grids."""

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation

from .volume import Volume

_MAX_POINTS_AN_EDGE = 6
MIN_COVERED = 0.5


def sample_means(volume: Volume, parcellation: Parcellation) -> np.ndarray:
    """Return the mean of an image over each sample, in the image's units.

    Each voxel of the parcellation is cut into points no further apart than the image's voxels;
    there the image is interpolated linearly among the voxels that are no background (nor NaN),
    so that its edge does not darken. Points count where such voxels have at least half of the
    interpolation's weight.

    Parameters
    ----------
    volume : Volume
        Of kind ``image``, 3-D.
    parcellation : Parcellation
        In the same space.

    Returns
    -------
    ndarray of float64, shape (n_samples,)
        NaN where the image covers less than half of a sample.
    """
    from scipy.ndimage import map_coordinates

    data = np.asarray(volume.data, np.float32)
    with np.errstate(invalid="ignore"):  # NaN that signal
        known = np.isfinite(data) & (data != volume.background)
    filled, weight = np.where(known, data, 0), known.astype(np.float32)
    of_voxel, middles = parcellation.places_in(volume.affine)
    to_image = np.linalg.inv(volume.affine) @ parcellation.affine
    sums, counts = np.zeros((2, parcellation.n_samples))
    offsets = _offsets(to_image) if type(parcellation) is Parcellation else np.zeros((1, 3))
    for offset in offsets:
        at = middles + to_image[:3, :3] @ offset  # vertices are points
        share = map_coordinates(weight, at.T, order=1, mode="constant")
        value = map_coordinates(filled, at.T, order=1, mode="constant")
        inside = share >= 0.5
        index = of_voxel[inside]
        sums += np.bincount(index, value[inside] / share[inside], parcellation.n_samples)
        counts += np.bincount(index, minlength=parcellation.n_samples)
    covered = counts / (parcellation.voxels_per_sample * len(offsets))
    means = np.full(parcellation.n_samples, np.nan)
    np.divide(sums, counts, out=means, where=covered >= MIN_COVERED)
    return means


def _offsets(to_image: np.ndarray) -> np.ndarray:
    """Return where the points of a voxel lie, in parts of its edges, shape (n_points, 3)."""
    edges = np.linalg.norm(to_image[:3, :3], axis=0)  # in voxels of the image
    counts = np.clip(np.ceil(edges - 0.01), 1, _MAX_POINTS_AN_EDGE).astype(int)
    axes = [(np.arange(n) + 0.5) / n - 0.5 for n in counts]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
