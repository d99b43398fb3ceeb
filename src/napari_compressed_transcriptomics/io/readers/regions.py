"""Voxel-wise expression averaged over an atlas's regions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from nibabel.affines import apply_affine

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.lazy_values import row_blocks
from napari_compressed_transcriptomics.io.files.files import atlas_of, source_of

from .atlas import Atlas, check_sides, nameless_note, read_atlas, shared_note
from .region_names import read_region_names, unique_names


def mean_over_regions(
    voxels: Expression,
    path: Path,
    atlas: str | Path,
    labels: str | Path | None = None,
) -> Expression:
    """Average voxels within regions, on the grid of the voxels.

    The atlas is resampled with nearest neighbour. A region that has no voxel there is
    excluded and noted. Ids that share a name stay apart, which is noted, too.

    Parameters
    ----------
    voxels : Expression
        One sample a voxel.
    path : Path
        The file that `voxels` came from.
    atlas, labels : str or Path
        Label volume, and the table that names its ids.

    Raises
    ------
    UserError
        The atlas is faulty, mirrored, or does not overlap the voxels in space.
    """
    atlas_path, labels_path = atlas_of(path, atlas, labels)
    assert atlas_path is not None
    regions = read_atlas(atlas_path)
    known = read_region_names(labels_path) if labels_path else {}
    names = unique_names(regions.ids, known)
    at_voxel = resampled(regions, voxels.parcellation)
    row_at_voxel = np.full(voxels.n_samples, -1)
    inside = at_voxel > 0
    row_at_voxel[inside] = np.searchsorted(regions.ids, at_voxel[inside])
    counts = np.bincount(row_at_voxel[inside], minlength=len(names))
    if not counts.any():
        raise UserError(
            f"{atlas_path.name} and {path.name} do not overlap in space; check that both are in "
            "one space (MNI) and their affines are right"
        )
    kept = np.flatnonzero(counts)
    new_row = np.full(len(names) + 1, -1)
    new_row[kept] = np.arange(len(kept))
    row_at_voxel = new_row[row_at_voxel]  # -1 stays -1

    means = np.zeros((len(kept), voxels.n_genes))
    for first, rows in row_blocks(voxels.values):
        region_of = row_at_voxel[first : first + len(rows)]
        for region in np.unique(region_of[region_of >= 0]):
            means[region] += rows[region_of == region].sum(axis=0, dtype=np.float64)
    means /= counts[kept, None]
    lookup = np.concatenate([[0], row_at_voxel + 1]).astype(np.int32)
    parcellation = voxels.parcellation.renumbered(lookup[voxels.parcellation.labels])
    samples = [names[region] for region in kept]
    lost = [names[region] for region in np.flatnonzero(counts == 0)]
    notes = [*voxels.notes, *regions.notes]
    if labels_path:
        notes += nameless_note(regions, known, labels_path.name)
    notes += shared_note(regions, [known[i] for i in map(int, regions.ids) if i in known])
    if lost:
        notes.append(
            f"{len(lost)} region(s) of {atlas_path.name} have no voxel on the grid of {path.name} "
            f"({listing(lost)}) and are left out"
        )
    notes += check_sides(parcellation, samples, atlas_path.name)
    return replace(
        voxels,
        values=means.astype(np.float32),
        samples=tuple(samples),
        parcellation=parcellation,
        excluded=tuple(lost),
        notes=tuple(notes),
        source={
            **voxels.source,
            "atlas": source_of(atlas_path),
            **({"labels": source_of(labels_path)} if labels_path else {}),
        },
        imputed=np.empty((0, 2), np.int64),  # of voxels; a mean is mostly of what was there
    )


def resampled(atlas: Atlas, parcellation: Parcellation) -> np.ndarray:
    """Return the atlas id at the centre of each sample, shape (n_samples,), 0 outside."""
    to_atlas = np.linalg.inv(atlas.affine)
    index = apply_affine(to_atlas, parcellation.centroids)
    index = np.rint(index)
    within = ((index >= 0) & (index < atlas.labels.shape)).all(axis=1)
    ids = np.zeros(len(index), np.int32)
    ids[within] = atlas.labels[tuple(index[within].astype(np.int64).T)]
    return ids
