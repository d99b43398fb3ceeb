"""Dock form for a table whose atlas is not known: which atlas, and which names."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    import napari

_TABLES = "Tables (*.csv *.csv.gz *.tsv *.tsv.gz *.parquet);;All files (*)"
_ATLASES = "Label volumes (*.nii *.nii.gz)"
_LABELS = "Label tables (*.csv *.tsv *.txt);;All files (*)"
_MISSING = [
    ("refuse, and say where", None),
    ("fill with the gene's mean", "gene_mean"),
    ("drop genes with missing values", "drop_genes"),
]


def open_table(
    viewer: "napari.Viewer",
    table: Annotated[Path, {"filter": _TABLES}],
    atlas: Annotated[Path, {"filter": _ATLASES}],
    region_names: Annotated[Path | None, {"filter": _LABELS, "nullable": True}] = None,
    missing_values: Annotated[str | None, {"choices": _MISSING}] = None,
) -> None:
    """Open an expression table: rows are regions of the atlas, columns are genes."""
    from napari_compressed_transcriptomics._notices import user_errors_shown
    from napari_compressed_transcriptomics._reader import add_expression
    from napari_compressed_transcriptomics.io import read_expression

    with user_errors_shown():
        add_expression(viewer, read_expression(table, atlas, region_names, missing_values))
