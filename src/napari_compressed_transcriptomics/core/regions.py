"""Which region of a label volume each sample lies in, and values by region."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .expression import Expression, Parcellation

MIN_INSIDE = 0.1
"""Part of a sample's voxels that must lie in labels for it to have a region."""


def short_name(name: str) -> str:
    """Return a region's name as a narrow plot or table shows it.

    Names of the Schaefer atlas all begin with the number of its networks, which tells none
    apart: ``7Networks_LH_Vis_1`` becomes ``LH_Vis_1``. The hemisphere always stays.
    """
    return re.sub(r"^\d+Networks_(?=[LR]H_)", "", name)


@dataclass(frozen=True, eq=False)
class Regions:
    """The region of each sample."""

    ids: np.ndarray
    """Labels of the regions that hold samples, ascending. Of int64, shape (n_regions,)."""
    names: tuple[str, ...]
    """One a region."""
    of_sample: np.ndarray
    """Index into `ids` and `names`; -1 where a sample lies in no region. Of int64, shape
    (n_samples,)."""

    @property
    def counts(self) -> np.ndarray:
        """Number of samples in each region, int64 (n_regions,)."""
        return np.bincount(self.of_sample[self.of_sample >= 0], minlength=len(self.ids))

    @property
    def unique_names(self) -> tuple[str, ...]:
        """Names of the regions, with the label where several have the same name."""
        twice = Counter(self.names)
        return tuple(
            f"{name} ({label})" if twice[name] > 1 else name
            for name, label in zip(self.names, self.ids, strict=True)
        )

    def name(self, sample: int) -> str:
        """Return the name of a sample's region, or an empty string."""
        index = self.of_sample[sample]
        return self.names[index] if index >= 0 else ""

    def root_mean_square(self, values: np.ndarray) -> np.ndarray:
        """Return ``sqrt(mean(values ** 2))`` over each region's samples, shape (n_regions,).

        Of RMSE per sample (over the same genes) this is the RMSE of the region.
        """
        inside = self.of_sample >= 0
        index, n = self.of_sample[inside], len(self.ids)
        squares = np.square(values[inside], dtype=float)
        return np.sqrt(np.bincount(index, weights=squares, minlength=n) / self.counts)


@dataclass(frozen=True, eq=False)
class RegionVolume:
    """Regions as a volume, in which samples of any grid can be looked up."""

    labels: np.ndarray
    """0 outside. Of int, shape (x, y, z)."""
    affine: np.ndarray
    """Voxels to RAS mm. Shape (4, 4)."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Label to name, where known."""
    name: str = "regions"
    """Of the file or layer."""
    notes: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    """Path and SHA-256 of the files read, as `Expression.source`."""

    @classmethod
    def of_samples(cls, expression: Expression) -> "RegionVolume | None":
        """Return the samples of a region table as regions; None for voxels."""
        if samples_as_regions(expression) is None:
            return None
        parcellation = expression.parcellation
        names = dict(enumerate(expression.samples, 1))
        return cls(parcellation.labels, parcellation.affine, names, expression.name)

    def copy(self) -> "RegionVolume":
        """Return the same with labels of its own: those of a layer may be painted in."""
        return replace(self, labels=self.labels.copy())

    def of(self, parcellation: Parcellation) -> Regions:
        """Return which region each sample lies in; see `regions_of`."""
        return regions_of(parcellation, self.labels, self.affine, self.names)


def regions_of(
    parcellation: Parcellation,
    labels: np.ndarray,
    affine: np.ndarray,
    names: Mapping[int, str] | None = None,
) -> Regions:
    """Look up in a label volume, on any grid, where each sample lies.

    A sample takes the label that most of its voxels' centres lie in (the nearest voxel of the
    label volume), where at least `MIN_INSIDE` of them lie in any: a parcel of one atlas can
    stick out of the thin cortex of another.

    Parameters
    ----------
    parcellation : Parcellation
        Where the samples are.
    labels : ndarray of int, shape (x, y, z)
        0 outside.
    affine : ndarray, shape (4, 4)
        Of `labels`, voxels to RAS mm.
    names : mapping of int to str, optional
        Label to name; ``region 12`` where not given.
    """
    of_sample, at = parcellation.places_in(affine)
    at = np.rint(at)
    inside = ((at >= 0) & (at < labels.shape)).all(axis=1)
    found = np.zeros(len(at), np.int64)
    found[inside] = labels[tuple(at[inside].astype(int).T)]

    n = parcellation.n_samples
    ids, index = np.unique(found, return_inverse=True)
    pairs, counts = np.unique(of_sample * len(ids) + index, return_counts=True)
    sample, index = np.divmod(pairs, len(ids))
    in_any = np.bincount(sample[ids[index] != 0], counts[ids[index] != 0], minlength=n)
    label_of = np.zeros(n, np.int64)
    by_count = np.argsort(counts, kind="stable")  # the most frequent is written last
    by_count = by_count[ids[index[by_count]] != 0]
    label_of[sample[by_count]] = ids[index[by_count]]
    label_of[in_any < MIN_INSIDE * parcellation.voxels_per_sample] = 0

    regions = np.unique(label_of[label_of != 0])
    names = names or {}
    where = np.searchsorted(regions, label_of)
    return Regions(
        regions,
        tuple(names.get(int(label), f"region {label}") for label in regions),
        np.where(label_of != 0, where, -1),
    )


def samples_as_regions(expression: Expression) -> Regions | None:
    """Return each sample of a region table as a region of its own; None for voxels."""
    n = expression.n_samples
    if (expression.parcellation.voxels_per_sample == 1).all():
        return None
    return Regions(np.arange(1, n + 1), expression.samples, np.arange(n))
