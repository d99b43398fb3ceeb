"""Where samples lie in a volume: which voxel belongs to which sample."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True, eq=False)
class Parcellation:
    """Which voxel belongs to which sample.

    A region table and a voxel-wise volume take one path: for the latter each label is
    one voxel.

    Attributes
    ----------
    labels : ndarray of int32, shape (x, y, z)
        0 outside, ``i + 1`` in the voxels of sample ``i``. Every sample has a voxel.
    affine : ndarray of float64, shape (4, 4)
        Voxel indices to RAS millimetres, exactly as in the source file.
    lacking : ndarray of bool, shape (x, y, z), or None
        Voxels of regions of the atlas for which the file has no data; None if there are none.
    """

    labels: np.ndarray
    affine: np.ndarray
    lacking: np.ndarray | None = field(default=None, kw_only=True)
    units: ClassVar[str] = "voxels"

    @classmethod
    def from_mask(cls, mask: np.ndarray, affine: np.ndarray) -> "Parcellation":
        """Make the parcellation in which every voxel of `mask` is a sample of its own.

        Samples are numbered in C order of (x, y, z), as ``volume[mask]`` gives them.
        """
        labels = np.zeros(mask.shape, np.int32)
        labels[mask] = np.arange(1, np.count_nonzero(mask) + 1, dtype=np.int32)
        return cls(labels, np.asarray(affine, float))

    @cached_property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.labels.max(initial=0))

    @cached_property
    def voxels_per_sample(self) -> np.ndarray:
        """Number of voxels of each sample, shape (n_samples,), int64."""
        return np.bincount(self.labels.ravel(), minlength=self.n_samples + 1)[1:]

    @cached_property
    def centroids(self) -> np.ndarray:
        """Mean position of each sample's voxels in RAS millimetres, shape (n_samples, 3)."""
        from nibabel.affines import apply_affine

        voxels = np.nonzero(self.labels)
        of_voxel = self.labels[voxels] - 1
        mean = [
            np.bincount(of_voxel, weights=axis, minlength=self.n_samples) / self.voxels_per_sample
            for axis in voxels
        ]
        return apply_affine(self.affine, np.stack(mean, axis=1))

    @property
    def samples_are(self) -> str:
        """What samples are: ``regions``, ``voxels`` or, on a surface, ``vertices``."""
        return "regions" if self.voxels_per_sample.max(initial=0) > 1 else self.units

    @property
    def places_known(self) -> bool:
        """Whether it is known where in the brain the samples lie."""
        return True

    @property
    def positions(self) -> np.ndarray:
        """Where samples lie for distances between them, in mm, shape (n_samples, 3)."""
        return self.centroids

    def renumbered(self, labels: np.ndarray) -> "Parcellation":
        """Return the same place with other samples; `labels` are like the attribute."""
        return replace(self, labels=np.asarray(labels, np.int32).reshape(self.labels.shape))

    def places_in(self, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the sample of each voxel (m,), and its middle in the voxels of another grid.

        Parameters
        ----------
        affine : ndarray, shape (4, 4)
            Of the other grid, voxels to RAS mm.

        Returns
        -------
        of_sample : ndarray of int, shape (m,)
            The sample of each voxel.
        at : ndarray of float, shape (m, 3)
            Its middle.
        """
        from nibabel.affines import apply_affine

        voxels = np.argwhere(self.labels)
        to_other = np.linalg.inv(affine) @ self.affine
        return self.labels[tuple(voxels.T)] - 1, apply_affine(to_other, voxels)

    def sample_at(self, position: np.ndarray) -> int | None:
        """Return the sample in whose voxel a position (3,) in RAS mm lies, or None."""
        from nibabel.affines import apply_affine

        voxel = np.rint(apply_affine(np.linalg.inv(self.affine), position)).astype(int)
        if (voxel < 0).any() or (voxel >= self.labels.shape).any():
            return None
        sample = int(self.labels[tuple(voxel)]) - 1
        return sample if sample >= 0 else None

    def paint(self, values: np.ndarray, part: Any = ..., outside: float = np.nan) -> np.ndarray:
        """Turn one value (or one row) per sample into a volume.

        Parameters
        ----------
        values : ndarray, shape (n_samples,) or (n_samples, k)
            In the order of the samples.
        part : index of an array, optional
            The part of the volume that is wanted.
        outside : float
            What is outside all samples.

        Returns
        -------
        ndarray of float32, shape (x, y, z) or (x, y, z, k)
        """
        values = np.asarray(values, np.float32)
        if len(values) != self.n_samples:
            raise ValueError(f"{len(values)} values for {self.n_samples} samples")
        colors = np.full((len(values) + 1, *values.shape[1:]), outside, np.float32)
        colors[1:] = values
        return colors[self.labels[part]]

    def without(self, values: np.ndarray) -> np.ndarray | None:
        """Return where there are regions but no values, bool (x, y, z); None for nowhere.

        Parameters
        ----------
        values : ndarray, shape (n_samples,)
            NaN where there is none.
        """
        missing = np.isnan(values)
        if not missing.any():
            return self.lacking
        found = np.append(False, missing)[self.labels]
        return found if self.lacking is None else found | self.lacking

    def painting(self, values: np.ndarray) -> "Painting":
        """Return what `paint` gives of rows of values, painted volume by volume when it is read.

        Parameters
        ----------
        values : ndarray, shape (n_samples, k)
            In the order of the samples.
        """
        return Painting(self, values)


def voxel_names(mask: np.ndarray) -> tuple[str, ...]:
    """Return ``x_y_z``, the indices of each voxel of a mask, in C order."""
    return tuple(f"{x}_{y}_{z}" for x, y, z in np.argwhere(mask).tolist())


@dataclass(frozen=True, eq=False)
class Painting:
    """A volume (x, y, z, k) of which one component at a time is in memory."""

    parcellation: Parcellation
    values: np.ndarray
    """Shape (n_samples, k)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        return (*self.parcellation.labels.shape, self.values.shape[1])

    def component(self, k: int) -> np.ndarray:
        """Return one component as a float32 volume (x, y, z), NaN outside."""
        return self.parcellation.paint(self.values[:, k])
