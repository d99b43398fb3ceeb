"""Tables with the atlas that they belong to, to an `Expression`."""

from collections.abc import Sequence
from pathlib import Path

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.io.files.files import (
    PARQUET,
    atlas_of,
    existing_file,
    source_of,
    suffix,
)

from .assemble import assemble
from .atlas import read_atlas
from .atlas_matching import place
from .parquet import read_parquet
from .region_names import read_region_names
from .surfaces.table import sizes_of_table, vertex_table
from .table import Table
from .table_header import counters_among
from .table_rows import values_left_out
from .text_table import read_text_table


def read_table_expression(
    path: str | Path,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
    ids: str | None = None,
    surface: Sequence[str | Path] = (),
) -> Expression:
    """Read a table (CSV, TSV, also packed; Parquet) with the atlas that it belongs to.

    Parameters are those of `read_expression`; the rules for finding an atlas are those of
    `files.atlas_of`.

    Raises
    ------
    UserError
        The table or atlas is faulty, or they do not belong together.
    """
    path = existing_file(path)
    atlas_path, labels_path = atlas_of(path, atlas, labels)
    if atlas_path is None:
        table = read_parquet(path, ids) if suffix(path, PARQUET) else read_text_table(path, ids)
        if (sizes := sizes_of_table(path, len(table.values))) is not None:
            return vertex_table(table, sizes, impute, surface)
        raise UserError(
            f"{path.name} is a table without an atlas; choose its label volume, or put it beside "
            "the table as NAME_atlas.nii.gz"
        )
    table = read_parquet(path, ids) if suffix(path, PARQUET) else read_text_table(path, ids)
    return table_expression(table, atlas_path, labels_path, impute, ids)


def table_expression(
    table: Table,
    atlas_path: Path,
    labels_path: Path | None,
    impute: str | None,
    ids: str | None = None,
) -> Expression:
    """Place a table's rows in an atlas. Parameters and errors as `read_table_expression`."""
    atlas = read_atlas(atlas_path)
    names = read_region_names(labels_path) if labels_path else atlas.names or None
    rows = table.rows(ids)
    placed = place(rows, table.genes, atlas, names, (labels_path or atlas_path).name)
    source = {"expression": table.path, "atlas": atlas_path, "labels": labels_path}
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
        atlas.affine,
        path=table.path,
        impute=impute,
        notes=notes,
        excluded=placed.excluded,
        source={role: source_of(p) for role, p in source.items() if p} | recorded(atlas.space),
        where=[rows.where(int(row)) for row in placed.rows],
        place=atlas.place,
    )
