"""What reading vertices would give, found without reading all of it: for forms that ask first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.io.files.files import (
    PARQUET,
    TEXT_TABLE,
    existing_file,
    suffix,
)
from napari_compressed_transcriptomics.io.files.text import DelimitedText
from napari_compressed_transcriptomics.io.readers.table_header import n_describing
from napari_compressed_transcriptomics.spatial.surface_place import SIDES, SurfaceParcellation

from .cortex import within
from .map_file import read_map
from .maps import maps_by_gene, surface_maps_in
from .names import MAPS
from .place import UNSAID, OnSurface, surface_place
from .table import Rows, may_be_vertices, vertices_of_rows


@dataclass(frozen=True, eq=False)
class Outlook:
    """What data of vertices are."""

    genes: Sequence[str]
    place: SurfaceParcellation
    """All vertices that may have values, each a sample of its own."""

    @property
    def in_words(self) -> str:
        """Genes, vertices and mesh, in a sentence."""
        some, n = listing(self.genes, 3), np.count_nonzero(self.place.labels)
        masked = f"; {n:,} of them are cortex" if n < sum(self.place.sizes) else ""
        return f"{len(self.genes):,} genes ({some}) on {self.place.in_words}{masked}."


def outlook(path: Path, how: OnSurface = UNSAID, atlas: Path | None = None) -> Outlook:
    """Look at names, the first gene's maps, or the number of rows.

    Parameters
    ----------
    path : Path
        A folder of maps, one map, or a table.
    how : OnSurface, optional
    atlas : Path, optional
        Labels of vertices.

    Raises
    ------
    UserError
        As of reading; there is nothing of vertices; a table has the rows of no mesh.
    """
    if path.is_dir() or suffix(path, MAPS):
        found = _of_maps(path, how)
    elif suffix(path, TEXT_TABLE + PARQUET):
        found = _of_table(path, how)
    else:
        raise UserError(
            f"{path.name} holds no vertices; choose a folder of lh.GENE.gii files, or a table"
        )
    if atlas is not None:
        from napari_compressed_transcriptomics.io.readers.atlas import read_atlas
        from napari_compressed_transcriptomics.io.readers.regions import resampled

        if not resampled(read_atlas(atlas), found.place, path.name).any():
            raise UserError(f"{atlas.name} has no label at a vertex of {path.name}; choose another")
    return found


def is_of_vertices(path: Path) -> bool:
    """Tell whether a table has as many rows as a mesh has vertices; False where it is damaged."""
    try:
        return may_be_vertices((_parquet(path) if suffix(path, PARQUET) else _text(path))[0])
    except UserError:
        return False


def _of_maps(path: Path, how: OnSurface) -> Outlook:
    paths = surface_maps_in(path) if path.is_dir() else [existing_file(path)]
    by_gene = maps_by_gene(paths, how.side)
    first = by_gene[min(by_gene)]
    sizes = tuple(len(read_map(first[side])) if side in first else 0 for side in SIDES)
    place = surface_place((sizes[0], sizes[1]), path.name, how.surfaces)
    if how.cortex:
        place = _only(place, np.flatnonzero(within(how, place.sizes, path.name)))
    return Outlook(sorted(by_gene), place)


def _of_table(path: Path, how: OnSurface) -> Outlook:
    n_rows, genes = _parquet(path) if suffix(path, PARQUET) else _text(path)
    rows: Rows | None = vertices_of_rows(path, n_rows, how)
    if rows is None:
        raise UserError(
            f"{path.name} has {n_rows:,} rows, which is the number of vertices of no mesh; choose "
            "a table with a row per vertex, or give the mask that names them"
        )
    return Outlook(genes, _only(surface_place(rows.sizes, path.name, how.surfaces), rows.vertices))


def _only(place: SurfaceParcellation, vertices: np.ndarray) -> SurfaceParcellation:
    labels = np.zeros(sum(place.sizes), np.int32)
    labels[vertices] = np.arange(1, len(vertices) + 1)
    return place.renumbered(labels)  # type: ignore[return-value]


def _text(path: Path) -> tuple[int, list[str]]:
    """Return the number of rows and the genes of a text table, whose cells are not looked at."""
    text = DelimitedText(path)
    first: list[str] = []
    n_rows = 0
    for _, cells in text.rows():
        n_rows += 1
        first = first or cells
    short = len(first) == len(text.header) + 1
    return n_rows, text.header if short else text.header[n_describing(text.header) :]


def _parquet(path: Path) -> tuple[int, list[str]]:
    from napari_compressed_transcriptomics.io.readers.parquet import size_of

    n_rows, names = size_of(existing_file(path))
    return n_rows, names[n_describing(names) if names else 0 :]
