"""Tables with a row per vertex: the number of rows tells the mesh."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.io.files.files import source_of, stem
from napari_compressed_transcriptomics.io.readers.assemble import assemble
from napari_compressed_transcriptomics.spatial.surface_place import MESHES, SIDES, vertex_names

from .cortex import in_words, read_cortex
from .names import side_of
from .place import UNSAID, OnSurface, surface_place

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.readers.table import Table

_WITHOUT_WALL = {29_696: "left", 29_716: "right", 59_412: "both sides"}
"""Rows of fs_LR 32k whose medial wall is left out."""


def may_be_vertices(n_rows: int) -> bool:
    """Tell whether a mesh has so many vertices: one side or both, its wall left out or not."""
    return n_rows in _WITHOUT_WALL or n_rows in MESHES or (not n_rows % 2 and n_rows // 2 in MESHES)


class Rows:
    """Which vertices rows are.

    Parameters
    ----------
    sizes : tuple of int
        Vertices of the left and of the right hemisphere, 0 where there is none.
    vertices : ndarray of int, shape (n_rows,), optional
        Among the left's and then the right's; all, where not given.
    """

    def __init__(self, sizes: tuple[int, int], vertices: np.ndarray | None = None):
        self.sizes = sizes
        self.vertices = np.arange(sum(sizes)) if vertices is None else vertices

    @property
    def are_all(self) -> bool:
        """Whether each vertex has a row."""
        return len(self.vertices) == sum(self.sizes)


def vertices_of_rows(path: Path, n_rows: int, how: OnSurface = UNSAID) -> Rows | None:
    """Return which vertices a table's rows are; None where their number tells no mesh.

    They are all vertices of both hemispheres, the left's first, or of the one that `how` or the
    file's name tells (``lh.``); or those that masks name, in the order of the mesh.

    Raises
    ------
    UserError
        It is one hemisphere, and nothing tells which; a mesh without its medial wall, and no mask;
        or masks that name other numbers of vertices.
    """
    side = how.side or side_of(Path(stem(path)))
    if how.cortex:
        return _masked(path, n_rows, read_cortex(how.cortex, side), side)
    if n_rows in _WITHOUT_WALL:
        raise UserError(
            f"{path.name} has {n_rows:,} rows, as fs_LR 32k ({_WITHOUT_WALL[n_rows]}) has without "
            "its medial wall; give the mask that names these vertices "
            "(--vertices-of L.atlasroi.32k_fs_LR.shape.gii), or all vertices, with empty cells in "
            "the wall"
        )
    if n_rows in MESHES:
        if not side:
            raise UserError(
                f"{path.name} has {n_rows:,} rows, as one hemisphere of {MESHES[n_rows]} has "
                "vertices, and its name does not say which; give it (--hemisphere left), or "
                "choose its atlas"
            )
        return Rows((n_rows, 0) if side == "left" else (0, n_rows))
    half, odd = divmod(n_rows, 2)
    return Rows((half, half)) if not odd and half in MESHES else None


def _masked(path: Path, n_rows: int, cortex: dict[str, np.ndarray], side: str) -> Rows:
    """Return the vertices of rows by masks: of both sides, else of the one that fits."""
    for sides in (tuple(cortex), (side,), ("left",), ("right",)):
        if not set(sides) <= set(cortex) or (side and sides != (side,)):
            continue
        masks = [cortex[name] if name in sides else np.zeros(0, bool) for name in SIDES]
        if n_rows == sum(map(np.count_nonzero, masks)):
            sizes = (len(masks[0]), len(masks[1]))
            return Rows(sizes, np.flatnonzero(np.concatenate(masks)))
    raise UserError(
        f"{path.name} has {n_rows:,} rows, and the masks name {in_words(cortex)} as cortex; give "
        "the masks that its rows were taken by"
    )


def vertex_table(table: "Table", rows: Rows, impute: str | None, how: OnSurface) -> Expression:
    """Place the rows of a table at vertices; rows without values are the wall, too."""
    place = surface_place(rows.sizes, table.path.name, how.surfaces)
    values = table.values
    inside = ~(np.isnan(values) | (values == 0)).all(axis=1)
    labels = np.zeros(sum(rows.sizes), np.int32)
    labels[rows.vertices[inside]] = np.arange(1, np.count_nonzero(inside) + 1)
    names = list(np.array(vertex_names(rows.sizes), object)[rows.vertices[inside]])
    order = "" if 0 in rows.sizes else ", the left hemisphere's first"
    taken = place.in_words
    if not rows.are_all:
        taken = f"the {len(rows.vertices):,} vertices of cortex among {taken}"
    notes = [*table.notes, f"The rows of {table.path.name} are taken for {taken}{order}"]
    masks = {f"cortex {i}": source_of(Path(path)) for i, path in enumerate(how.cortex, 1)}
    return assemble(
        np.ascontiguousarray(values[inside]),
        table.genes,
        names,
        labels,
        place.affine,
        path=table.path,
        impute=impute,
        notes=notes,
        source={"expression": source_of(table.path), **masks, **recorded(place.space)},
        where=[f"vertex {name}" for name in names],
        place=place,
    )
