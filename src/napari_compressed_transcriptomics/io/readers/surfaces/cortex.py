"""Which vertices are cortex: masks and labels, for values without their medial wall."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import suffix
from napari_compressed_transcriptomics.spatial.surface_place import SIDES

from .gifti import read_gifti
from .map_file import read_map
from .mgh import read_annot
from .names import ANNOT, GIFTI, side_of
from .place import OnSurface
from .regions import labels_of_gifti


def read_cortex(paths: Sequence[str | Path], side: str = "") -> dict[str, np.ndarray]:
    """Read masks or labels of vertices, one file per hemisphere.

    Parameters
    ----------
    paths : sequence of path
        ``.label.gii``, ``.shape.gii``, ``.annot`` or MGH. A vertex is cortex where there is a
        label other than the medial wall, or a number other than 0.
    side : {"", "left", "right"}
        That of a single file whose name does not tell it.

    Returns
    -------
    dict of str to ndarray of bool, shape (n_vertices,)
        By hemisphere.

    Raises
    ------
    UserError
        A file is damaged, of no hemisphere that is told, names no vertex, or hemispheres differ in
        size.
    """
    found: dict[str, np.ndarray] = {}
    for path in map(Path, paths):
        mask, told = _mask(path)
        here = told or side_of(path) or (side if len(paths) == 1 else "")
        if not here:
            raise UserError(
                f"{path.name} does not say which hemisphere it is; name it lh. or hemi-L"
            )
        if here in found:
            raise UserError(f"{path.name} is a second mask of the {here} side; give one of each")
        if not mask.any():
            raise UserError(f"{path.name} names no vertex as cortex; choose another file")
        found[here] = mask
    if len({len(mask) for mask in found.values()}) > 1:
        raise UserError("The masks of the two hemispheres are of different meshes; check the files")
    return found


def within(how: OnSurface, sizes: tuple[int, int], name: str) -> np.ndarray:
    """Return which vertices masks name, of the hemispheres that there are."""
    sides = [side for side, n in zip(SIDES, sizes, strict=True) if n]
    found = read_cortex(how.cortex, sides[0] if len(sides) == 1 else "")
    for side in sides:
        if side not in found:
            raise UserError(f"No mask of the {side} side of {name} is given; add it")
        if len(found[side]) != max(sizes):
            raise UserError(
                f"The mask of the {side} side has {len(found[side]):,} vertices and {name} has "
                f"{max(sizes):,}; give one of the same mesh"
            )
    return np.concatenate([found[side] for side in sides])


def _mask(path: Path) -> tuple[np.ndarray, str]:
    """Return which vertices a file names, and the hemisphere that it tells within."""
    if suffix(path, ANNOT):
        return read_annot(path)[0] > 0, ""
    if not suffix(path, GIFTI):
        return _nonzero(read_map(path)), ""
    gifti = read_gifti(path)
    if gifti.with_intent("LABEL") is not None:
        return labels_of_gifti(gifti)[0] > 0, gifti.structure
    return _nonzero(read_map(path)), gifti.structure


def _nonzero(values: np.ndarray) -> np.ndarray:
    return np.isfinite(values) & (values != 0)


def in_words(cortex: Mapping[str, np.ndarray]) -> str:
    """Say how many vertices of each hemisphere are cortex."""
    return " and ".join(
        f"{np.count_nonzero(cortex[side]):,} of {len(cortex[side]):,} on the {side}"
        for side in SIDES
        if side in cortex
    )
