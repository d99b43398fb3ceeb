"""Dock form for a table whose atlas is not known: which atlas, and which names."""

from pathlib import Path
from typing import TYPE_CHECKING

from magicgui import magic_factory

if TYPE_CHECKING:
    import napari

_MISSING = {
    "refuse, and say where": None,
    "fill with the gene's mean": "gene_mean",
    "drop genes that have any": "drop_genes",
}


@magic_factory(
    call_button="Open",
    table={"label": "Table", "filter": "Tables (*.csv *.csv.gz *.tsv *.tsv.gz *.parquet)"},
    atlas={"label": "Atlas", "filter": "Label volumes (*.nii *.nii.gz)"},
    region_names={
        "label": "Region names",
        "filter": "Label tables (*.csv *.tsv *.txt)",
        "nullable": True,
        "tooltip": "Names the atlas's ids; needed where the table's rows are named, not numbered.",
    },
    ids={
        "label": "Column of atlas ids",
        "tooltip": "Header of the column that holds atlas ids. Leave it empty to match rows by "
        "name, or by a column whose header says that it holds ids.",
    },
    missing_values={"label": "Missing values", "choices": list(_MISSING)},
)
def open_table(
    viewer: "napari.Viewer",
    table: Path,
    atlas: Path,
    region_names: Path | None = None,
    ids: str = "",
    missing_values: str = next(iter(_MISSING)),
) -> None:
    """Open an expression table: rows are regions of the atlas, columns are genes."""
    from napari_compressed_transcriptomics.core.errors import UserError
    from napari_compressed_transcriptomics.io import read_expression
    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.notices import user_errors_shown

    with user_errors_shown():
        for path, name in ((table, "table"), (atlas, "atlas")):
            if path == Path():  # what an empty field says
                raise UserError(f"No {name} is chosen; choose one, and then open it")
        impute = _MISSING[missing_values]
        expression = read_expression(table, atlas, region_names, impute, ids.strip() or None)
        add_expression(viewer, expression)
