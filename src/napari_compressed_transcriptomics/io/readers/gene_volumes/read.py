"""One volume a gene to an `Expression`; bad maps are found, and refused unless asked otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.bad_maps import GeneRanges, ranges_of
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.io.readers.assemble import assemble
from napari_compressed_transcriptomics.io.readers.nifti_expression import SAMPLE_BYTES

from .bad_maps import bad_maps, filled_note, left_out_note, refusal
from .plan import plan_gene_volumes

_BLOCK = 16  # genes that are put into the matrix together: one at a time is slow


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
    bad = bad_maps(
        volumes.genes, GeneRanges.join(ranges), n_missing, lambda column: values[:, column]
    )
    notes, genes, imputed = list(volumes.notes), volumes.genes, np.empty((0, 2), np.int64)
    if bad and impute is None:
        raise refusal(name, bad)
    if bad and impute == "drop_genes":
        values, genes = _without(values, genes, [one.column for one in bad])
        notes.append(left_out_note(bad))
    elif bad:
        rows = {one.column: one.fill(values[:, one.column]) for one in bad}
        imputed = np.concatenate(
            [np.column_stack([r, np.full_like(r, c)]) for c, r in rows.items()]
        )
        notes.append(filled_note(bad))
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
