"""Tables with a row a vertex: the number of rows tells the mesh."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.io.files.files import source_of
from napari_compressed_transcriptomics.io.readers.assemble import assemble
from napari_compressed_transcriptomics.spatial.surface_place import MESHES, vertex_names

from .names import side_of
from .place import surface_place

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.readers.table import Table

_WITHOUT_WALL = {29_696: "left", 29_716: "right", 59_412: "both sides"}
"""Rows of fs_LR 32k whose medial wall is left out."""


def sizes_of_table(path: Path, n_rows: int) -> tuple[int, int] | None:
    """Return the vertices a side that a table's number of rows tells; None where it tells none.

    Both hemispheres, the left's rows first, or the one that the file's name tells (``lh.``).

    Raises
    ------
    UserError
        It is one hemisphere, and the name does not tell which; or a mesh without its medial wall.
    """
    if n_rows in _WITHOUT_WALL:
        raise UserError(
            f"{path.name} has {n_rows:,} rows, as fs_LR 32k ({_WITHOUT_WALL[n_rows]}) has without "
            "its medial wall; give all vertices, with empty cells in the wall"
        )
    if n_rows in MESHES:
        side = side_of(Path(path.name.split(".csv")[0].split(".tsv")[0].split(".parquet")[0]))
        if not side:
            raise UserError(
                f"{path.name} has {n_rows:,} rows, as one hemisphere of {MESHES[n_rows]} has "
                "vertices, and its name does not tell which; call it lh. or rh., or choose its "
                "atlas"
            )
        return (n_rows, 0) if side == "left" else (0, n_rows)
    half, odd = divmod(n_rows, 2)
    return (half, half) if not odd and half in MESHES else None


def vertex_table(
    table: "Table", sizes: tuple[int, int], impute: str | None, surfaces: Sequence[str | Path]
) -> Expression:
    """Place the rows of a table at vertices, in their order; rows without values are the wall."""
    place = surface_place(sizes, table.path.name, surfaces)
    values = table.values
    inside = ~(np.isnan(values) | (values == 0)).all(axis=1)
    labels = np.zeros(len(values), np.int32)
    labels[inside] = np.arange(1, np.count_nonzero(inside) + 1)
    names = list(np.array(vertex_names(sizes), object)[inside])
    order = "" if 0 in sizes else ", the left hemisphere's first"
    notes = [*table.notes, f"The rows of {table.path.name} are taken for {place.in_words}{order}"]
    return assemble(
        np.ascontiguousarray(values[inside]),
        table.genes,
        names,
        labels,
        place.affine,
        path=table.path,
        impute=impute,
        notes=notes,
        source={"expression": source_of(table.path)},
        where=[f"vertex {name}" for name in names],
        place=place,
    )
