"""Dock form for expression volumes: which variant of the maps, and what to do about bad ones."""

from pathlib import Path
from typing import TYPE_CHECKING

from magicgui import magic_factory

if TYPE_CHECKING:
    import napari

VARIANTS = {
    "the only one there is": None,
    "measured (_mRNA)": "measured",
    "mirrored (_mirr_mRNA)": "mirrored",
}
BAD_MAPS = {
    "leave their genes out": "drop_genes",
    "fill with the gene's mean": "gene_mean",
    "refuse, and say which": None,
}


@magic_factory(
    call_button="Open",
    folder={
        "label": "Folder or 4-D file",
        "mode": "d",
        "tooltip": "A folder of one NIfTI a gene, or the path of a 4-D NIfTI.",
    },
    variant={"label": "Variant", "choices": list(VARIANTS)},
    bad_maps={
        "label": "Bad maps",
        "choices": list(BAD_MAPS),
        "tooltip": "Genes that lack data within the brain, and of one volume a gene also those "
        "with values far outside what other genes have.",
    },
)
def open_volumes(
    viewer: "napari.Viewer",
    folder: Path,
    variant: str = next(iter(VARIANTS)),
    bad_maps: str = next(iter(BAD_MAPS)),
) -> None:
    """Open expression volumes: a folder of one NIfTI a gene, or a 4-D NIfTI."""
    from napari_compressed_transcriptomics.core.errors import UserError
    from napari_compressed_transcriptomics.io import read_expression
    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.notices import user_errors_shown

    with user_errors_shown():
        if folder == Path():  # what an empty field says
            raise UserError("No folder is chosen; choose one, and then open it")
        expression = read_expression(folder, impute=BAD_MAPS[bad_maps], variant=VARIANTS[variant])
        add_expression(viewer, expression)
