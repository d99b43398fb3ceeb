"""Dock Open expression volumes: which variant of the maps, and what to do about bad ones."""

from collections.abc import Callable
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.io.files.how_read import HowRead
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.repeat.reading import open_again
from napari_compressed_transcriptomics.widgets.shared.fields import choice

from .form import OpenForm
from .path_field import PathField

VARIANTS = {
    "": "the only one there is",
    "measured": "measured (_mRNA)",
    "mirrored": "mirrored (_mirr_mRNA)",
}
BAD_MAPS = {
    "drop_genes": "leave their genes out",
    "gene_mean": "fill with the gene's mean",
    "": "refuse, and say which",
}


class OpenVolumes(OpenForm):
    """Opens a folder of one NIfTI per gene, or one file of all genes."""

    recalls = True

    def __init__(self, napari_viewer: Any):
        files = "Expression (*.nii *.nii.gz *.zip);;All files (*)"
        source = PathField("Expression volumes", files, folders=True)
        super().__init__(napari_viewer, "Open expression volumes", source)
        self.variant, self.bad_maps = choice(VARIANTS), choice(BAD_MAPS)
        self.bad_maps.setToolTip(
            "Genes that lack data within the brain, and of one volume per gene also those with "
            "values far outside what other genes have."
        )
        self.lay_out_form(
            ("Folder or file", self.source), ("Variant", self.variant), ("Bad maps", self.bad_maps)
        )
        self.source.changed.connect(self._refresh)
        self._refresh()

    def ask_about(self, path: str, why: str) -> None:
        """Offer to open a path, and say what has to be chosen for it."""
        self.source.set_path(path)
        self.why.setText(why)
        self.why.show()

    def request(self) -> Callable[[Report], Expression]:
        """Return what reads the data; a `UserError` says what is missing."""
        from napari_compressed_transcriptomics.io import read_expression

        path = self.source.path
        if path is None:
            raise UserError("Choose a folder of one NIfTI per gene, or a 4-D NIfTI.")
        impute, variant = self.bad_maps.currentData() or None, self.variant.currentData() or None

        def read(report: Report) -> Expression:
            return read_expression(path, impute=impute, variant=variant, report=report)

        return read

    def _again(self) -> Repeat:
        self.request()
        impute, variant = self.bad_maps.currentData() or None, self.variant.currentData() or None
        return open_again(HowRead((str(self.source.path),), impute=impute, variant=variant))
