"""Dock Open expression on vertices: which mesh, hemisphere and cortex, said before it is opened."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.io.files.how_read import as_read
from napari_compressed_transcriptomics.io.readers.surfaces.names import (
    is_surface,
    is_surface_atlas,
    side_of,
)
from napari_compressed_transcriptomics.io.readers.surfaces.outlook import Outlook, outlook
from napari_compressed_transcriptomics.io.readers.surfaces.place import OnSurface
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.repeat.reading import open_again
from napari_compressed_transcriptomics.widgets.shared.background import Background
from napari_compressed_transcriptomics.widgets.shared.fields import choice
from napari_compressed_transcriptomics.widgets.shared.following import on_change, soon

from .form import OpenForm
from .path_field import PathField
from .table import MISSING

SIDES = {"": "as file names say", "left": "left", "right": "right"}
_DATA = "Maps and tables (*.gii *.gii.gz *.mgh *.mgz *.csv *.csv.gz *.tsv *.tsv.gz *.parquet)"
_SURFACES = "Surfaces (*.surf.gii *.gii *.gii.gz)"
_LABELS = "Labels (*.annot *.label.gii *.gii *.gii.gz *.mgh *.mgz)"
_MILLISECONDS = 250  # after the last key


class OpenVertices(OpenForm):
    """Looks at data on vertices as soon as they are chosen, says what they are, and opens them."""

    def __init__(self, napari_viewer: Any):
        source = PathField("Expression on vertices", _DATA, folders=True)
        super().__init__(napari_viewer, "Open expression on vertices", source)
        self.source.line.setToolTip(
            "A folder of one GIFTI or MGH per gene and hemisphere (lh.GENE.gii), or a table with "
            "a row per vertex and a column per gene. The mesh is known from the number of "
            "vertices."
        )
        self.side = choice(SIDES, "The hemisphere, where file names (lh., hemi-L) do not say it.")
        self.surfaces = {side: PathField(f"{side} surface", _SURFACES) for side in SIDES if side}
        self.cortex = {side: PathField(f"{side} cortex", _LABELS) for side in SIDES if side}
        for side, field in self.surfaces.items():
            field.line.setPlaceholderText(f"{side}; fsaverage needs none")
            field.line.setToolTip("Where vertices lie: midthickness, white or pial, in RAS mm.")
        for side, field in self.cortex.items():
            field.line.setPlaceholderText(f"{side}; not needed for all vertices")
            field.line.setToolTip(
                "A mask or labels: which vertices have values, or are the rows of a table without "
                "its medial wall (MAGICC: L.atlasroi.32k_fs_LR.shape.gii)."
            )
        self.parcels = PathField("Parcels", _LABELS, nothing="keep vertices")
        self.parcels.line.setToolTip(
            "Average vertices in these (.annot or .label.gii); the other hemisphere's file is "
            "looked for next to it."
        )
        self.missing = choice(MISSING)
        self.lay_out_form(
            ("Data", self.source),
            ("Hemisphere", self.side),
            ("Surfaces", self.surfaces["left"]),
            ("", self.surfaces["right"]),
            ("Cortex", self.cortex["left"]),
            ("", self.cortex["right"]),
            ("Parcels", self.parcels),
            ("Missing values", self.missing),
        )
        self._looked: Outlook | str = ""
        """What the data are, or why they cannot be opened."""
        self._background = Background(self)
        self._background.answered.connect(self._on_answer)
        self._soon = soon(self, self._ask, _MILLISECONDS)
        files = *self.surfaces.values(), *self.cortex.values()
        on_change(self._on_change, self.source, *files, self.parcels, self.side)
        self._on_change()

    def ask_about(self, path: str | Path, why: str = "") -> None:
        """Take a file or folder that was dropped: data, a surface, or labels; say why it is asked.

        Parameters
        ----------
        path : str or Path
        why : str
            What has to be chosen for it.
        """
        path = Path(path)
        side = side_of(path) or "left"
        if is_surface(path):
            self.surfaces[side].set_path(path)
        elif is_surface_atlas(path):
            self.parcels.set_path(path)
        else:
            self.source.set_path(path)
        self.why.setText(why)
        self.why.setVisible(bool(why))

    def how(self) -> OnSurface:
        """Return what the form says of the vertices."""
        surfaces, cortex = (
            tuple(field.path for field in fields.values() if field.path is not None)
            for fields in (self.surfaces, self.cortex)
        )
        return OnSurface(surfaces, cortex, self.side.currentData())

    def request(self) -> Callable[[Report], Expression]:
        """Return what reads the data; a `UserError` says what is missing."""
        from napari_compressed_transcriptomics.io import read_expression

        path = self.source.path
        if path is None:
            raise UserError(
                "Choose a folder of one GIFTI or MGH per gene, or a table with a row per vertex."
            )
        how, atlas = self.how(), self.parcels.path
        impute = self.missing.currentData() or None

        def read(report: Report) -> Expression:
            return read_expression(
                path, atlas, impute=impute, report=report,
                surface=how.surfaces, vertices_of=how.cortex, hemisphere=how.side,
            )  # fmt: skip

        return read

    def _again(self) -> Repeat:
        self.request()
        how, path = self.how(), self.source.path
        assert path is not None
        given: dict[str, Any] = {"atlas": self.parcels.path, "impute": self.missing.currentData()}
        return open_again(as_read(path, how.surfaces, how.cortex, hemisphere=how.side, **given))

    def _on_change(self) -> None:
        self._looked = "Looking…"
        try:
            self.request()
        except UserError as error:
            self._looked = str(error)
            self._soon.stop()
        else:
            self._soon.start()
        self._refresh()

    def _ask(self) -> None:
        path = self.source.path
        if path is not None:
            self._background.ask(partial(_look, path, self.how(), self.parcels.path))

    def _on_answer(self, answer: Outlook | str) -> None:
        if not self._soon.isActive() and self.source.path is not None:  # else of another form
            self._looked = answer
            self._refresh()

    def _refresh(self) -> None:
        """Let data be opened once it is known what they are, and say it."""
        if isinstance(self._looked, str):
            self.bar.allow(self._looked)
            return
        self.bar.allow("")
        if self.bar.job is None:
            self.bar.status.setText(self._looked.in_words)


def _look(path: Path, how: OnSurface, atlas: Path | None) -> Outlook | str:
    """Return what the data are, or in a sentence why they cannot be opened."""
    try:
        found = outlook(path, how, atlas)
        found.place.known_places()
    except UserError as error:
        return f"{str(error).rstrip('.')}."
    return found
