"""Labels of vertices (.annot, .label.gii) as the regions of a table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import suffix
from napari_compressed_transcriptomics.io.readers.region_names import region_key
from napari_compressed_transcriptomics.spatial.surface_place import SIDES, SurfaceParcellation

from .gifti import Gifti, read_gifti
from .mgh import is_wall, read_annot
from .names import ANNOT, other_side, side_of
from .place import surface_place


@dataclass(frozen=True, eq=False)
class VertexLabels:
    """Labels of vertices."""

    place: SurfaceParcellation
    """All vertices, each a sample of its own."""
    labels: np.ndarray
    """0 outside. Of int32, of the shape of ``place.labels``."""
    names: dict[int, str]
    notes: tuple[str, ...]


def read_vertex_labels(path: Path) -> VertexLabels:
    """Read labels of vertices; those of the other hemisphere are looked for beside.

    The right side's ids go on where the left's end. Names that tell no side get one (``L_``,
    ``R_``).

    Raises
    ------
    UserError
        The file is damaged, its name does not tell its hemisphere, or it has no labels.
    """
    side, other = side_of(path), other_side(path)
    if not side or other is None:
        raise UserError(f"{path.name} does not say which hemisphere it is; name it lh. or hemi-L")
    paths = {side: path}
    notes = []
    if other.is_file():
        paths[side_of(other)] = other
    else:
        notes.append(f"There is no {other.name} beside {path.name}: one hemisphere only")
    labels, names, sizes, first = [], {}, [0, 0], 0
    for i, name in enumerate(SIDES):
        if name not in paths:
            continue
        found, known = _labels(paths[name])
        letter = name[0].upper()
        for number, region in known.items():
            named = region if region_key(region)[0] else f"{letter}_{region}"
            names[number + first] = named
        labels.append(np.where(found > 0, found + first, 0))
        sizes[i] = len(found)
        first = int(labels[-1].max(initial=0))
    place = surface_place((sizes[0], sizes[1]), path.name)
    joined = np.concatenate(labels).astype(np.int32)
    if not joined.any():
        raise UserError(f"{path.name} has no label but of the medial wall; choose another file")
    present = set(np.unique(joined).tolist())
    names = {number: name for number, name in names.items() if number in present}
    grid = joined.reshape(place.labels.shape)
    return VertexLabels(place, grid, names, tuple(notes))


def _labels(path: Path) -> tuple[np.ndarray, dict[int, str]]:
    return read_annot(path) if suffix(path, ANNOT) else labels_of_gifti(read_gifti(path))


def labels_of_gifti(gifti: Gifti) -> tuple[np.ndarray, dict[int, str]]:
    """Return the label of each vertex, and the labels' names; as `mgh.read_annot`."""
    path = gifti.path
    values = gifti.with_intent("LABEL")
    if values is None:
        raise UserError(f"{path.name} holds no labels; choose a .label.gii or .annot")
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
        raise UserError(f"{path.name} holds labels that are not whole numbers, one per vertex")
    walls = [number for number, name in gifti.labels.items() if is_wall(name)]
    values = np.where((values < 0) | np.isin(values, walls), 0, values)
    return values, {n: name for n, name in gifti.labels.items() if n > 0 and n not in walls}
