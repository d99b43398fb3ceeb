"""One volume per gene to an `Expression`; bad maps are refused unless asked otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.bad_maps import GeneRanges, ranges_of
from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation, voxel_names
from napari_compressed_transcriptomics.core.genes.ids_to_symbols import translated
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.io.files.files import stem
from napari_compressed_transcriptomics.io.readers.assemble import assemble
from napari_compressed_transcriptomics.io.readers.nifti_expression import SAMPLE_BYTES

from .bad_maps import BadMap, bad_maps, filled_note, left_out_note, refusal
from .plan import GeneVolumes, plan_gene_volumes

_BLOCK = 16  # genes that are put into the matrix together: one at a time is slow


def read_gene_volumes(
    paths: Path | Sequence[Path],
    variant: str | None = None,
    impute: str | None = None,
    report: Report = silent,
    lazy: bool = False,
) -> Expression:
    """Read one volume per gene, voxel by voxel.

    Parameters
    ----------
    paths, variant
        See `names.gene_files`; `plan.plan_gene_volumes` says where the brain is.
    impute : {None, "gene_mean", "drop_genes"}
        What to do with genes that lack data within the brain, or have values far outside those of
        others: refuse all; set those voxels to the gene's mean over the others; leave such genes
        out.
    report : Report, optional
    lazy : bool
        Go through all maps once, to find bad ones, and leave values in their files: a gene is read
        again when it is wanted. For a store to be made of them.

    Raises
    ------
    UserError
        Also where there are such genes and `impute` is None.
    """
    volumes = plan_gene_volumes(paths, variant, report)
    return _lazy(volumes, impute, report) if lazy else _in_memory(volumes, impute, report)


def _in_memory(volumes: GeneVolumes, impute: str | None, report: Report) -> Expression:
    n_genes, name = len(volumes.genes), volumes.path.name
    per_voxel = 4 * n_genes + 8 * _BLOCK + SAMPLE_BYTES
    require_memory(
        volumes.n_voxels * per_voxel,
        f"{name} ({volumes.n_voxels:,} voxels x {n_genes:,} genes)",
        "make a store of it (convert; in the window: Convert to store), which need not fit",
    )
    values = np.empty((volumes.n_voxels, n_genes), np.float32)
    ranges, n_missing, digests = _look_through(volumes, report, values)
    bad = bad_maps(volumes.genes, ranges, n_missing, lambda column: values[:, column])
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
        voxel_names(volumes.mask),
        parcellation.labels,
        volumes.affine,
        path=volumes.path,
        notes=notes,
        source={"expression": volumes.source(digests), **recorded(volumes.space)},
    )
    return replace(expression, imputed=imputed)


def _lazy(volumes: GeneVolumes, impute: str | None, report: Report) -> Expression:
    name = volumes.path.name
    ranges, n_missing, digests = _look_through(volumes, report)
    bad = bad_maps(volumes.genes, ranges, n_missing, volumes.read_gene)
    notes, imputed = list(volumes.notes), np.empty((0, 2), np.int64)
    if bad and impute is None:
        raise refusal(name, bad)
    left_out = {one.column for one in bad} if impute == "drop_genes" else set()
    kept = [column for column in range(len(volumes.genes)) if column not in left_out]
    if left_out:
        notes.append(left_out_note(bad))
    elif bad:
        cells = [(np.flatnonzero(one.cells(volumes.read_gene(one.column))), one) for one in bad]
        imputed = np.concatenate(
            [np.column_stack([rows, np.full_like(rows, one.column)]) for rows, one in cells]
        )
        notes.append(filled_note(bad))
    filled = {} if left_out else {one.column: one for one in bad}
    matrix = StoredMaps(volumes, kept, filled)
    named = translated([volumes.genes[column] for column in kept])
    source = {"expression": volumes.source(digests), **recorded(volumes.space)}
    if ids := named.record():
        source["gene_ids"] = ids
    return Expression(
        values=LazyValues(matrix),
        genes=named.genes,
        samples=voxel_names(volumes.mask),
        parcellation=Parcellation.from_mask(volumes.mask, volumes.affine),
        name=stem(volumes.path),
        notes=(*notes, *named.notes(name)),
        source=source,
        imputed=imputed,
    )


class StoredMaps:
    """Genes in volumes of their own; see `core.lazy_values.Matrix`.

    Parameters
    ----------
    volumes : GeneVolumes
    kept : sequence of int
        Which of its genes are columns.
    filled : dict of int to BadMap
        Genes of `volumes` whose bad values are replaced.
    """

    sha256 = ""
    limits: tuple[float, float] | None = None

    def __init__(
        self, volumes: GeneVolumes, kept: Sequence[int], filled: dict[int, BadMap]
    ) -> None:
        self.volumes, self.kept, self.filled = volumes, kept, filled
        self.name, self.shape = volumes.path.name, (volumes.n_voxels, len(kept))
        self.rows_together = volumes.n_voxels

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        """Refuse: every file would be read for it."""
        raise UserError(
            f"{self.name} is read gene by gene where it does not fit into memory; make a store of "
            "it with convert, and use that"
        )

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        """Return float32 values (n_voxels, len(columns))."""
        values = np.empty((len(columns), self.shape[0]), np.float32)
        for row, column in enumerate(columns):
            gene = self.kept[column]
            values[row] = self.volumes.read_gene(gene)
            if gene in self.filled:
                self.filled[gene].fill(values[row])
        return values.T


def _look_through(
    volumes: GeneVolumes, report: Report, into: np.ndarray | None = None
) -> tuple[GeneRanges, list[int], list[str]]:
    """Read all genes; return how they lie, how many voxels lack data, and the files' hashes.

    Values are put `into` a matrix (n_voxels, n_genes), if there is one.
    """
    n_genes = len(volumes.genes)
    ranges, n_missing, digests = [], [], []
    for start in range(0, n_genes, _BLOCK):
        block = np.empty((min(_BLOCK, n_genes - start), volumes.n_voxels), np.float32)
        for row in range(len(block)):
            block[row] = volumes.read_gene(start + row)
            digests.append(volumes.sha256(start + row))
            report(Progress("Reading genes", start + row + 1, n_genes))
        ranges.append(ranges_of(block.T))
        n_missing += np.isnan(block).sum(axis=1).tolist()
        if into is not None:
            into[:, start : start + len(block)] = block.T
    return GeneRanges.join(ranges), n_missing, digests


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
