"""Maps that cannot be taken as they are: found, told, and filled.

Genes come one at a time, so that this serves a matrix and what is streamed past it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_compressed_transcriptomics.core.bad_maps import GeneRanges, farthest_usual
from napari_compressed_transcriptomics.core.errors import UserError, listing


@dataclass(frozen=True)
class BadMap:
    """A gene whose map cannot be taken as it is."""

    column: int
    gene: str
    n_missing: int
    """Voxels of the brain without data."""
    n_far: int
    """Voxels with values far outside what other genes have, see `core.bad_maps`."""
    farthest: float
    """How far values may depart from `median`."""
    median: float

    def __str__(self) -> str:
        found = [
            f"{self.n_missing:,} without data" if self.n_missing else "",
            f"{self.n_far:,} far outside" if self.n_far else "",
        ]
        return f"{self.gene}: {' and '.join(filter(None, found))}"

    def cells(self, values: np.ndarray) -> np.ndarray:
        """Return which values of the gene are bad, bool, shape (n_voxels,)."""
        with np.errstate(invalid="ignore"):
            return ~(np.abs(values - self.median) <= self.farthest)

    def fill(self, values: np.ndarray) -> np.ndarray:
        """Set the bad values of the gene to the mean of the others, in place.

        Returns
        -------
        ndarray of int, shape (n,)
            Which those are.

        Raises
        ------
        UserError
            There are no others.
        """
        cells = self.cells(values)
        if cells.all():
            raise UserError(
                f"The map of {self.gene} has no data within the brain, which no mean can fill; "
                "choose drop_genes, or remove it"
            )
        values[cells] = values[~cells].mean(dtype=np.float64)
        return np.flatnonzero(cells)


def bad_maps(
    genes: Sequence[str],
    ranges: GeneRanges,
    n_missing: Sequence[int],
    values_of: Callable[[int], np.ndarray],
) -> list[BadMap]:
    """Return which maps lack data within the brain, or have values far outside.

    Parameters
    ----------
    genes : sequence of str
    ranges : GeneRanges
        Of all genes, which are compared with each other.
    n_missing : sequence of int
        Voxels that are NaN, of each gene.
    values_of : callable
        Number of a gene to its values, (n_voxels,); asked only of genes with values far outside.
    """
    bad = []
    for column, farthest in enumerate(farthest_usual(ranges)):
        median = float(ranges.median[column])
        one = BadMap(column, genes[column], n_missing[column], 0, float(farthest), median)
        if np.isfinite(farthest):
            n_far = int(one.cells(values_of(column)).sum()) - one.n_missing
            one = replace(one, n_far=n_far)
        if one.n_missing or one.n_far:
            bad.append(one)
    return bad


def refusal(name: str, bad: Sequence[BadMap]) -> UserError:
    """Return the error that lists bad maps, of the folder `name`, and the choices."""
    return UserError(
        f"{name} has bad maps of {len(bad)} gene(s) (voxels: {listing(bad)}); leave these genes "
        "out (--impute drop_genes), or set such voxels to the gene's mean (--impute gene_mean)"
    )


def left_out_note(bad: Sequence[BadMap]) -> str:
    """Say in a sentence which genes were left out."""
    return (
        f"{len(bad)} gene(s) with bad maps are left out (voxels: {listing(bad)}); gene_mean (in "
        "the window: Open expression volumes) would fill them"
    )


def filled_note(bad: Sequence[BadMap]) -> str:
    """Say in a sentence what was filled."""
    return (
        f"{sum(one.n_missing + one.n_far for one in bad):,} bad voxel(s) of {len(bad)} gene(s) are "
        f"set to the gene's mean ({listing(bad)})"
    )
