"""Maps of the cortical surface as targets, of vertices, and through it of voxels and regions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import OTHER, is_mni, space_of
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.io.files.files import source_of
from napari_compressed_transcriptomics.spatial.surface_place import (
    MESHES,
    SIDES,
    SurfaceParcellation,
)

from .map_file import read_map
from .names import surface_file

_MIN_COVERED = 0.5
"""Part of a sample's vertices that a map must have, as of volumes."""
_N_FSAVERAGE5 = 10_242


def sides_of_maps(paths: Sequence[Path]) -> list[dict[str, Path]]:
    """Return the files of each map by hemisphere, in the order in which maps are met.

    Raises
    ------
    UserError
        A name does not tell its hemisphere, or two files are of the same.
    """
    found: dict[str, dict[str, Path]] = {}
    for file in map(surface_file, paths):
        if not file.side:
            raise UserError(
                f"{file.path.name} does not say which hemisphere it is; name maps lh.NAME.gii and "
                "rh.NAME.gii"
            )
        files = found.setdefault(file.gene, {})
        if file.side in files:
            raise UserError(
                f"{files[file.side].name} and {file.path.name} are both of the {file.side} side of "
                f"{file.gene}; give one of each"
            )
        files[file.side] = file.path
    return list(found.values())


def surface_target(files: dict[str, Path], expression: Expression) -> Target:
    """Bring a map of vertices to the samples of an expression.

    Of vertices, and of parcels of them, each takes its own mean; the map is of the same mesh, or of
    a finer one of fsaverage, whose first vertices are those of the coarser. Of voxels and regions
    of volumes, each takes the mean of the vertices of fsaverage5 whose lines from the pial to the
    white surface meet it; what is no cortex has none.

    Parameters
    ----------
    files : dict
        GIFTI or MGH by hemisphere, one or both.
    expression : Expression

    Raises
    ------
    UserError
        A file is damaged or of another mesh, or the data are in another space.
    """
    maps = {side: read_map(path).astype(float) for side, path in files.items()}
    first = next(iter(files.values()))
    name = surface_file(first).gene or first.name
    place = expression.parcellation
    notes: list[str] = []
    if isinstance(place, SurfaceParcellation):
        values = _of_vertices(maps, files, place)
    else:
        values, notes = _by_surface(maps, files, expression)
    there = np.isfinite(values)
    if not there.any():
        raise UserError(f"{first.name} has no value at any sample of {expression.name}; check it")
    lost = [sample for sample, has in zip(expression.samples, there, strict=True) if not has]
    if lost:
        notes.append(f"{name} does not cover {len(lost)} sample(s) ({listing(lost)})")
    source = {
        "target" if side == next(iter(files)) else f"target {side}": source_of(path)
        for side, path in files.items()
    }
    return Target(name, values, tuple(notes), source)


def _of_vertices(
    maps: dict[str, np.ndarray], files: dict[str, Path], place: SurfaceParcellation
) -> np.ndarray:
    found = []
    for side, n in zip(SIDES, place.sizes, strict=True):
        one = maps.get(side)
        if one is not None and n and len(one) != n:
            mesh = MESHES.get(len(one), f"a mesh of {len(one):,} vertices")
            if not (len(one) > n and mesh[:9] == place.mesh[:9] == "fsaverage"):
                raise UserError(
                    f"{files[side].name} is of {mesh}, and the data are of {place.mesh}; give a "
                    "map of the same mesh"
                )
        found.append(np.full(n, np.nan) if one is None else one[:n])
    of_vertex, values = place.labels.ravel(), np.concatenate(found)
    known = np.isfinite(values) & (of_vertex > 0)
    rows = of_vertex[known] - 1
    sums = np.bincount(rows, values[known], place.n_samples)
    counts = np.bincount(rows, minlength=place.n_samples)
    enough = counts >= _MIN_COVERED * place.voxels_per_sample
    return np.where(enough, sums / np.maximum(counts, 1), np.nan)


def _by_surface(
    maps: dict[str, np.ndarray], files: dict[str, Path], expression: Expression
) -> tuple[np.ndarray, list[str]]:
    from napari_compressed_transcriptomics.spatial.surface_sampling import surface_sampling

    space, first = space_of(expression.source), next(iter(files.values()))
    if space == OTHER:
        raise UserError(
            f"{expression.name} is in another space than MNI152, where the vertices of "
            f"{first.name} lie; give the map as a volume"
        )
    for side, one in maps.items():
        mesh = MESHES.get(len(one), "")
        if not mesh.startswith("fsaverage") or len(one) < _N_FSAVERAGE5:
            raise UserError(
                f"{files[side].name} has {len(one):,} vertices, and only maps of fsaverage5 to "
                "fsaverage can be brought to voxels and regions; give the map as a volume or a "
                "table of regions"
            )
    none = np.full(_N_FSAVERAGE5, np.nan)
    values = [maps[side][:_N_FSAVERAGE5] if side in maps else none for side in SIDES]
    sampled = surface_sampling(expression.parcellation).to_samples(np.concatenate(values))
    notes = [
        f"{surface_file(first).gene} was brought from fsaverage5 to {expression.name} by the "
        "cortical surface: neighbouring regions can be mixed, as fsaverage is not exactly in MNI152"
    ]
    if not is_mni(space):
        notes.append(f"{expression.name} is taken to be in MNI152 (say --space)")
    return sampled, notes
