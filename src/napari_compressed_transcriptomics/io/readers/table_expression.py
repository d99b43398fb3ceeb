"""Tables with the atlas that they belong to, to an `Expression`."""

from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.io.files.files import (
    PARQUET,
    atlas_of,
    existing_file,
    source_of,
    suffix,
)

from .assemble import assemble
from .atlas import Atlas, as_labels, read_atlas
from .atlas_matching import place
from .parquet import read_parquet
from .region_names import read_region_names
from .regions import mean_over_regions
from .surfaces.names import is_surface_atlas
from .surfaces.place import UNSAID, OnSurface
from .surfaces.table import vertex_table, vertices_of_rows
from .table import Table
from .table_header import counters_among
from .table_rows import values_left_out
from .text_table import read_text_table

_MOST_REGIONS = 2000
"""A table with more rows than that, and of the number of a mesh, is of vertices."""


def read_table_expression(
    path: str | Path,
    atlas: str | Path | RegionVolume | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
    ids: str | None = None,
    how: OnSurface = UNSAID,
) -> Expression:
    """Read a table (CSV, TSV, also packed; Parquet) with the atlas that it belongs to.

    Parameters are those of `read_expression`; the rules for finding an atlas are those of
    `files.atlas_of`. An atlas may also be there already, with the names of its regions.

    Raises
    ------
    UserError
        The table or atlas is faulty, or they do not belong together.
    """
    path = existing_file(path)
    if isinstance(atlas, RegionVolume):
        labels_path = Path(labels) if labels else None
        return table_expression(_table(path, ids), atlas, labels_path, impute, ids)
    atlas_path, labels_path = atlas_of(path, atlas, labels)
    if atlas_path is None or is_surface_atlas(atlas_path):
        table = _table(path, ids)
        of_vertices = atlas_path is None or how != UNSAID or len(table.values) > _MOST_REGIONS
        if of_vertices and (rows := vertices_of_rows(path, len(table.values), how)) is not None:
            vertices = vertex_table(table, rows, impute, how)
            return mean_over_regions(vertices, path, atlas, labels) if atlas else vertices
        if atlas_path is not None:
            return table_expression(table, atlas_path, labels_path, impute, ids)
        raise UserError(
            f"{path.name} is a table without an atlas; choose its label volume, or put it next to "
            "the table as NAME_atlas.nii.gz"
        )
    return table_expression(_table(path, ids), atlas_path, labels_path, impute, ids)


def _table(path: Path, ids: str | None) -> Table:
    return read_parquet(path, ids) if suffix(path, PARQUET) else read_text_table(path, ids)


def table_expression(
    table: Table,
    atlas: Path | RegionVolume,
    labels_path: Path | None,
    impute: str | None,
    ids: str | None = None,
) -> Expression:
    """Place a table's rows in an atlas. Parameters and errors as `read_table_expression`."""
    where = labels_path.name if labels_path else ""
    source: dict[str, Path | None] = {"expression": table.path, "labels": labels_path}
    if isinstance(atlas, RegionVolume):
        where = where or atlas.name
        labels = as_labels(np.asarray(atlas.labels), atlas.name)
        note = f"The atlas of {table.path.name} is the layer {atlas.name}, as it is in the viewer"
        found = Atlas(Path(atlas.name), labels, atlas.affine, (note,), names=dict(atlas.names))
    else:
        found = read_atlas(atlas)
        where = where or atlas.name
        source["atlas"] = atlas
    names = read_region_names(labels_path) if labels_path else found.names or None
    rows = table.rows(ids)
    placed = place(rows, table.genes, found, names, where)
    all_placed = len(placed.rows) == len(table.values)
    notes = [*table.notes, *placed.notes]
    if left_out := values_left_out(table.describing):
        notes.append(
            f"{table.path.name} holds values in its column(s) {listing(left_out)}, whose headers "
            "describe rows: they are not read as genes; rename them where they are"
        )
    if counters := counters_among(table.genes, table.values):
        notes.append(
            f"{len(counters)} gene(s) of {table.path.name} only number its rows "
            f"({listing(counters)}); remove those columns"
        )
    return assemble(
        table.values if all_placed else table.values[placed.rows],
        table.genes,
        placed.samples,
        placed.labels,
        found.affine,
        path=table.path,
        impute=impute,
        notes=notes,
        excluded=placed.excluded,
        source={role: source_of(p) for role, p in source.items() if p} | recorded(found.space),
        where=[rows.where(int(row)) for row in placed.rows],
        place=found.place,
        regions=None if found.place is not None else found.labels > 0,
    )
