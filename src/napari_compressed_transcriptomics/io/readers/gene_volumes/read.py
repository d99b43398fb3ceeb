"""One volume a gene to an `Expression`; bad maps are found, and refused unless asked otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.bad_maps import GeneRanges, farthest_usual, ranges_of
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.io.readers.assemble import assemble
from napari_compressed_transcriptomics.io.readers.nifti_expression import SAMPLE_BYTES

from .plan import GeneVolumes, plan_gene_volumes

_BLOCK = 16  # genes that are put into the matrix together: one at a time is slow


@dataclass(frozen=True)
class BadMap:
    """A gene whose map cannot be taken as it is.

    Attributes
    ----------
    column : int
    gene : str
    n_missing : int
        Voxels of the brain without data.
    n_far : int
        Voxels with values far outside what other genes have, see `core.bad_maps`.
    farthest : float
        How far values may depart from `median`.
    median : float
    """

    column: int
    gene: str
    n_missing: int
    n_far: int
    farthest: float
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


def read_gene_volumes(
    paths: Path | Sequence[Path],
    variant: str | None = None,
    impute: str | None = None,
    report: Report = silent,
) -> Expression:
    """Read one volume a gene, voxel by voxel.

    Parameters
    ----------
    paths, variant
        See `names.gene_files`; `plan.plan_gene_volumes` says where the brain is.
    impute : {None, "gene_mean", "drop_genes"}
        What to do with genes that lack data within the brain, or have values far outside those of
        others: refuse all; set those voxels to the gene's mean over the others; leave such genes
        out.
    report : Report, optional

    Raises
    ------
    UserError
        Also where there are such genes and `impute` is None.
    """
    volumes = plan_gene_volumes(paths, variant, report)
    n_genes, name = len(volumes.genes), volumes.path.name
    per_voxel = 4 * n_genes + 8 * _BLOCK + SAMPLE_BYTES
    require_memory(
        volumes.n_voxels * per_voxel, f"{name} ({volumes.n_voxels:,} voxels x {n_genes:,} genes)"
    )
    values = np.empty((volumes.n_voxels, n_genes), np.float32)
    ranges, n_missing, digests = [], [], []
    for start in range(0, n_genes, _BLOCK):
        block = np.empty((min(_BLOCK, n_genes - start), volumes.n_voxels), np.float32)
        for row in range(len(block)):
            block[row] = volumes.read_gene(start + row)
            digests.append(volumes.sha256(start + row))
            report(Progress("Reading genes", start + row + 1, n_genes))
        ranges.append(ranges_of(block.T))
        n_missing += np.isnan(block).sum(axis=1).tolist()
        values[:, start : start + len(block)] = block.T
    bad = _bad_maps(volumes, values, GeneRanges.join(ranges), n_missing)
    notes, genes, imputed = list(volumes.notes), volumes.genes, np.empty((0, 2), np.int64)
    if bad and impute is None:
        raise UserError(
            f"{name} has bad maps of {len(bad)} gene(s) (voxels: {listing(bad)}); leave these "
            "genes out (--impute drop_genes), or set such voxels to the gene's mean (--impute "
            "gene_mean)"
        )
    if bad and impute == "drop_genes":
        values, genes = _without(values, genes, [one.column for one in bad])
        notes.append(
            f"{len(bad)} gene(s) with bad maps are left out (voxels: {listing(bad)}); gene_mean "
            "(in the window: Open expression volumes) would fill them"
        )
    elif bad:
        imputed = _fill(values, bad)
        notes.append(
            f"{len(imputed):,} bad voxel(s) of {len(bad)} gene(s) are set to the gene's mean "
            f"({listing(bad)})"
        )
    parcellation = Parcellation.from_mask(volumes.mask, volumes.affine)
    expression = assemble(
        values,
        genes,
        [f"{x}_{y}_{z}" for x, y, z in np.argwhere(volumes.mask)],
        parcellation.labels,
        volumes.affine,
        path=volumes.path,
        notes=notes,
        source={"expression": volumes.source(digests)},
    )
    return replace(expression, imputed=imputed)


def _bad_maps(
    volumes: GeneVolumes, values: np.ndarray, ranges: GeneRanges, n_missing: Sequence[int]
) -> list[BadMap]:
    farthest = farthest_usual(ranges)
    bad = []
    for column, gene in enumerate(volumes.genes):
        suspect = BadMap(
            column, gene, n_missing[column], 0, farthest[column], ranges.median[column]
        )
        if np.isfinite(suspect.farthest):
            n_far = int(suspect.cells(values[:, column]).sum()) - suspect.n_missing
            suspect = replace(suspect, n_far=n_far)
        if suspect.n_missing or suspect.n_far:
            bad.append(suspect)
    return bad


def _fill(values: np.ndarray, bad: Sequence[BadMap]) -> np.ndarray:
    """Set bad cells to their gene's mean, in place; return their rows and columns, (n, 2)."""
    imputed = []
    for one in bad:
        column = values[:, one.column]
        cells = one.cells(column)
        if cells.all():
            raise UserError(
                f"The map of {one.gene} has no data within the brain, which no mean can fill; "
                "choose drop_genes, or remove it"
            )
        column[cells] = column[~cells].mean(dtype=np.float64)
        rows = np.flatnonzero(cells)
        imputed.append(np.column_stack([rows, np.full_like(rows, one.column)]))
    return np.concatenate(imputed)


def _without(
    values: np.ndarray, genes: Sequence[str], columns: Sequence[int]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Leave columns out within the memory that `values`, C-contiguous, have already."""
    kept = np.setdiff1d(np.arange(len(genes)), columns)
    flat, n_rows, n_kept = values.reshape(-1), len(values), len(kept)
    for start in range(0, n_rows, 1024):  # rows move to the front, over ones that have moved
        stop = min(start + 1024, n_rows)
        flat[start * n_kept : stop * n_kept] = values[start:stop, kept].ravel()
    return flat[: n_rows * n_kept].reshape(n_rows, n_kept), tuple(genes[i] for i in kept)
