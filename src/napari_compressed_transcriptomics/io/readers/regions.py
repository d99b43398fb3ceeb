"""Expression of voxels or vertices averaged over an atlas's regions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from nibabel.affines import apply_affine

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.lazy_values import row_blocks
from napari_compressed_transcriptomics.io.files.files import atlas_of, source_of
from napari_compressed_transcriptomics.spatial.surface_place import SIDES, SurfaceParcellation

from .atlas import Atlas, check_sides, nameless_note, read_atlas, shared_note
from .region_names import read_region_names, unique_names


def mean_over_regions(
    voxels: Expression, path: Path, atlas: str | Path, labels: str | Path | None = None
) -> Expression:
    """Average voxels, or vertices, within regions, where these lie.

    The atlas is resampled with nearest neighbour; of vertices it has labels of the same mesh, or of
    a finer one of fsaverage. A region that has no voxel there is excluded and noted. Ids that share
    a name stay apart, which is noted, too.

    Parameters
    ----------
    voxels : Expression
        One sample a voxel or vertex.
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
    known = read_region_names(labels_path) if labels_path else regions.names
    names = unique_names(regions.ids, known)
    at_voxel = resampled(regions, voxels.parcellation, path.name)
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
        of_voxels = voxels.parcellation.units == "voxels"
        unit = "voxel on the grid" if of_voxels else "vertex on the mesh"
        notes.append(
            f"{len(lost)} region(s) of {atlas_path.name} have no {unit} of {path.name} "
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


def resampled(atlas: Atlas, parcellation: Parcellation, name: str = "the data") -> np.ndarray:
    """Return the atlas id at the centre of each sample, shape (n_samples,), 0 outside.

    Raises
    ------
    UserError
        One is of voxels, the other of vertices, or the meshes differ; `name` is of the data.
    """
    if isinstance(parcellation, SurfaceParcellation):
        return _at_vertices(atlas, parcellation, name)
    if atlas.place is not None:
        raise UserError(
            f"{atlas.path.name} has labels of vertices, and {name} is of voxels; choose a label "
            "volume"
        )
    to_atlas = np.linalg.inv(atlas.affine)
    index = apply_affine(to_atlas, parcellation.centroids)
    index = np.rint(index)
    within = ((index >= 0) & (index < atlas.labels.shape)).all(axis=1)
    ids = np.zeros(len(index), np.int32)
    ids[within] = atlas.labels[tuple(index[within].astype(np.int64).T)]
    return ids


def _at_vertices(atlas: Atlas, place: SurfaceParcellation, name: str) -> np.ndarray:
    file, there = atlas.path.name, atlas.place
    if not isinstance(there, SurfaceParcellation):
        raise UserError(
            f"{file} is a label volume, and {name} is of vertices; choose labels of vertices "
            "(.annot, .label.gii)"
        )
    labels, ids = atlas.labels.ravel(), np.zeros(sum(place.sizes), np.int32)
    for i, side in enumerate(SIDES):
        n, n_labels = place.sizes[i], there.sizes[i]
        first, first_label = i * place.sizes[0], i * there.sizes[0]
        if n and not n_labels:
            raise UserError(f"{file} has no labels of the {side} side, where {name} has vertices")
        nested = n <= n_labels and {m.mesh[:9] for m in (place, there)} == {"fsaverage"}
        if n and n != n_labels and not nested:
            raise UserError(
                f"{file} has labels of {there.mesh}, and {name} is of {place.mesh}; choose labels "
                "of the same mesh"
            )
        ids[first : first + n] = labels[first_label : first_label + n]
    of_vertex = place.labels.ravel()
    found = np.zeros(place.n_samples, np.int32)
    inside = of_vertex > 0
    found[of_vertex[inside] - 1] = ids[inside]
    return found
