"""From what a file held to an `Expression`: samples without data, missing and infinite cells."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.bad_maps import extremes_of, far_outside_note
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.genes.ids_to_symbols import translated
from napari_compressed_transcriptomics.core.imputation import without_missing
from napari_compressed_transcriptomics.io.files.files import stem

from .table_header import dates_among


def assemble(
    values: np.ndarray,
    genes: Sequence[str],
    samples: Sequence[str],
    labels: np.ndarray,
    affine: np.ndarray,
    *,
    path: Path,
    impute: str | None = None,
    notes: Iterable[str] = (),
    excluded: Iterable[str] = (),
    source: dict[str, Any] | None = None,
    where: Sequence[str] | None = None,
    place: Parcellation | None = None,
    regions: np.ndarray | None = None,
) -> Expression:
    """Make the `Expression`, whatever the format that it came from.

    Samples whose values are all NaN are excluded and noted. Nothing is imputed unless asked.
    Genes that are named by Entrez or Ensembl ids get their symbols, which is noted, and recorded
    in ``source["gene_ids"]``.
    Genes with values far outside those of others are noted, see `core.bad_maps`.

    Parameters
    ----------
    values : ndarray of float32, shape (n_samples, n_genes)
    genes, samples : sequence of str
    labels : ndarray of int, shape (x, y, z)
        0 outside, ``i + 1`` in the voxels of row ``i`` of `values`; each row has a voxel.
    affine : ndarray, shape (4, 4)
        Voxels to RAS mm.
    path : Path
        The file, for its name and for messages.
    impute : {None, "gene_mean", "drop_genes"}
        What to do with single missing cells: refuse; fill with the gene's mean over the
        samples that have it; leave out each gene that lacks one.
    place : Parcellation, optional
        What `labels` are of, where they are not of voxels.
    regions : ndarray of bool, shape (x, y, z), optional
        All regions of the atlas, also those of no row; those with a row where not given.
    where : sequence of str, optional
        How messages call the rows of `values`, for files that have lines.

    Raises
    ------
    UserError
        Infinite or (unless imputed) missing cells, names that occur twice, fewer than two
        samples or no genes.
    """
    twice = _repeated(samples)
    if twice:
        raise UserError(f"{path.name} has rows of the same name ({listing(twice)}); name each once")
    notes, excluded = list(notes), list(excluded)
    regions = labels > 0 if regions is None else regions
    where = where or [f"row {name}" for name in samples]
    if dates := dates_among(genes):
        notes.append(
            f"{len(dates)} gene symbol(s) of {path.name} look like dates ({listing(dates)}), "
            "which Excel makes of SEPT2, MARCH1 or DEC1; restore their symbols"
        )
    extremes = extremes_of(values) if values.size else np.empty((2, 0), np.float32)
    suspects = _not_finite(values, extremes)
    keep = np.ones(len(values), bool)
    if suspects.size and len(genes):
        _refuse_infinite(values, suspects, genes, where, path)
        without_data = suspects[np.isnan(values[suspects]).all(axis=1)]
        keep[without_data] = False
        if without_data.size:
            names = [samples[row] for row in without_data]
            excluded += names
            notes.append(
                f"{len(names)} sample(s) of {path.name} without data ({listing(names)}) are left "
                "out and shown as no data"
            )
    if not keep.all():
        values = values[keep]
        samples = [name for name, kept in zip(samples, keep, strict=True) if kept]
        where = [one for one, kept in zip(where, keep, strict=True) if kept]
        lookup = np.zeros(len(keep) + 1, np.int32)
        lookup[1:][keep] = np.arange(1, len(samples) + 1)
        labels = lookup[labels]
    imputed = np.empty((0, 2), np.int64)
    if suspects.size > len(keep) - keep.sum():
        if impute == "gene_mean":
            imputed = np.argwhere(np.isnan(values))
        values, genes, note = without_missing(values, genes, where, path, impute)
        notes.append(note)
    if values.size:
        known = None if suspects.size else extremes
        if note := far_outside_note(values, genes, path.name, known):
            notes.append(note)
    named = translated(genes)  # last, so that messages above call genes as the file does
    notes += named.notes(path.name)
    if record := named.record():
        source = {**(source or {}), "gene_ids": record}
    return Expression(
        values=np.ascontiguousarray(values, np.float32),
        genes=named.genes,
        samples=tuple(samples),
        parcellation=_placed(labels, affine, place, regions),
        name=stem(path),
        excluded=tuple(excluded),
        notes=tuple(notes),
        source=source or {},
        imputed=imputed,
    )


def _not_finite(values: np.ndarray, extremes: np.ndarray) -> np.ndarray:
    """Return the rows that hold values which are not finite; `extremes` are those of the genes."""
    if np.isfinite(extremes).all():
        return np.empty(0, int)
    # A float64 sum of float32 values is finite exactly where all of them are.
    with np.errstate(invalid="ignore"):  # of two infinities
        return np.flatnonzero(~np.isfinite(values.sum(axis=1, dtype=np.float64)))


def _refuse_infinite(
    values: np.ndarray, rows: np.ndarray, genes: Sequence[str], where: Sequence[str], path: Path
) -> None:
    infinite = np.argwhere(np.isinf(values[rows]))
    if len(infinite):
        row, column = infinite[0]
        raise UserError(
            f"{path.name} has an infinite value in {where[rows[row]]}, gene "
            f"{genes[column]} ({len(infinite)} in all); fix the file"
        )


def _placed(
    labels: np.ndarray, affine: np.ndarray, place: Parcellation | None, regions: np.ndarray
) -> Parcellation:
    if place is not None:
        return place.renumbered(labels)
    lacking = regions & (labels == 0)
    place = Parcellation(np.asarray(labels, np.int32), np.asarray(affine, float))
    return replace(place, lacking=lacking) if lacking.any() else place


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
