"""Dock Open expression table: which atlas its rows belong to, and whether they fit it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.region_volume import atlas_beside
from napari_compressed_transcriptomics.io.readers.table_expression import read_table_expression
from napari_compressed_transcriptomics.viewer.adding import add_expression, read_for_layer
from napari_compressed_transcriptomics.widgets.shared.background import Background
from napari_compressed_transcriptomics.widgets.shared.dock import Dock
from napari_compressed_transcriptomics.widgets.shared.fields import (
    choice,
    push_button,
    text_field,
    wrapping_label,
)
from napari_compressed_transcriptomics.widgets.shared.following import on_change, soon
from napari_compressed_transcriptomics.widgets.shared.layouts import form, row
from napari_compressed_transcriptomics.widgets.shared.region_choice import RegionChoice

from .next_step import compress_now
from .path_field import PathField

MISSING = {
    "": "refuse, and say where",
    "gene_mean": "fill with the gene's mean",
    "drop_genes": "leave their genes out",
}
_MILLISECONDS = 250  # after the last key


class AtlasChoice(RegionChoice):
    """A Labels layer of the viewer, or a file."""

    def __init__(self, viewer: Any):
        super().__init__(viewer, take_new=False)
        self.setItemText(0, "From a file")
        self.setToolTip("The label volume that the rows belong to: a file, or any Labels layer.")


class OpenTable(Dock):
    """Reads a table as soon as its atlas is chosen, says what fits, and then opens it."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.table = PathField(
            "Table: rows are regions, columns are genes",
            "Tables (*.csv *.csv.gz *.tsv *.tsv.gz *.parquet)",
        )
        self.layer = AtlasChoice(napari_viewer)
        self.atlas = PathField(
            "Atlas: its regions are the table's rows",
            "Atlases (*.nii *.nii.gz *.annot *.label.gii)",
        )
        self.region_names = PathField(
            "Region names", "Label tables (*.csv *.tsv *.txt)", nothing="not needed for ids"
        )
        self.region_names.line.setToolTip(
            "Names the atlas's ids; needed where the table's rows are named, not numbered."
        )
        self.ids = text_field(
            "as the headers say",
            "Header of the column that holds atlas ids. Leave it empty to match rows by name, or "
            "by a column whose header says that it holds ids.",
        )
        self.missing = choice(MISSING)
        self.preview = wrapping_label()
        self.open = push_button("Open", call=self._open)
        self.compress = push_button(
            "Open and &compress",
            "Open the table, go to Compress, and run it as it is set there",
            self._open_and_compress,
        )
        self._form = form(
            ("Table", self.table),
            ("Atlas", self.layer),
            ("", self.atlas),
            ("Region names", self.region_names),
            ("Column of ids", self.ids),
            ("Missing values", self.missing),
        )
        self.lay_out(self._form, self.preview, row(self.open, self.compress), 1)
        self._read: Expression | None = None
        self._found: tuple[Path | None, Path | None] = None, None
        self._proposed = self._asking = False
        self._finding = Background(self)
        self._finding.answered.connect(self._on_found)
        self._background = Background(self)
        self._background.answered.connect(self._on_answer)
        self._soon = soon(self, self._ask, _MILLISECONDS)
        self.table.changed.connect(self._find_atlas)
        files = self.table, self.atlas, self.region_names
        on_change(self._on_change, *files, self.ids, self.layer, self.missing)
        self._on_change()

    def ask(self) -> None:
        """Ask for the table, and then for its atlas if none is open and none is found with it."""
        if self.table.path is None:
            self.table.file.click()
            self._asking = self.table.path is not None

    def request(self) -> Callable[[], Expression]:
        """Return what reads the table; a `UserError` says what is not chosen yet."""
        table = self.table.path
        if table is None:
            raise UserError("Choose the table: rows are regions, columns are genes.")
        atlas: RegionVolume | Path | None = self.layer.volume() or self.atlas.path
        if atlas is None:
            raise UserError(
                f"{table.name} needs an atlas: choose its label volume, a file or an open layer."
            )
        if isinstance(atlas, RegionVolume):
            atlas = atlas.copy()  # the layer may be painted in meanwhile
            read: Callable[..., Expression] = read_table_expression
        else:
            read = read_expression  # which remembers how
        impute, ids = self.missing.currentData() or None, self.ids.text().strip() or None
        return partial(read, table, atlas, self.region_names.path, impute, ids)

    def _find_atlas(self) -> None:
        """Look for the atlas that is named for the table, or lies with it."""
        self._finding.ask(partial(_atlas_of, self.table.path))

    def _on_found(self, found: tuple[Path | None, Path | None, bool]) -> None:
        """Fill in what was found, unless another atlas is chosen, and ask for what was not."""
        fields, paths = (self.atlas, self.region_names), found[:2]
        before, asking, self._asking = self._found, self._asking, False
        if all(field.path in (None, old) for field, old in zip(fields, before, strict=True)):
            self._found, self._proposed = paths, found[2]
            for field, path in zip(fields, paths, strict=True):
                field.set_path("" if path is None else path)
        if asking and self.atlas.path is None and self.layer.count() == 1:  # no layer is open
            self.atlas.file.click()

    def _on_change(self) -> None:
        self._read = None
        self._allow(False)
        self._form.setRowVisible(self.atlas, self.layer.layer is None)
        try:
            self.request()
        except UserError as error:
            self.preview.setText(str(error))
            self._soon.stop()
            return
        self.preview.setText("Reading…")
        self._soon.start()

    def _ask(self) -> None:
        try:
            read = self.request()
        except UserError as error:
            self.preview.setText(str(error))
            return
        self._background.ask(partial(_answer, read))

    def _on_answer(self, answer: Expression | str) -> None:
        if self._soon.isActive():  # of what the form said before
            return
        if isinstance(answer, str):
            self.preview.setText(f"{answer}.")
            return
        self._read = answer
        words = _matched(answer)
        atlas = self.atlas.path
        if self._proposed and self.layer.layer is None and atlas and atlas == self._found[0]:
            words = f"{atlas.name} is the only atlas in the table's folder.\n{words}"
        self.preview.setText(words)
        self._allow(True)

    def _allow(self, allowed: bool) -> None:
        for button in (self.open, self.compress):
            button.setEnabled(allowed)

    def _open_and_compress(self) -> None:
        self._open()
        compress_now(self._viewer)

    def _open(self) -> None:
        if self._read is not None:
            read, self._read = self._read, None
            self._allow(False)
            add_expression(self._viewer, read)
            self.preview.setText(f"Opened {read.name}.")


def _atlas_of(table: Path | None) -> tuple[Path | None, Path | None, bool]:
    try:
        return (None, None, False) if table is None else atlas_beside(table)
    except (UserError, OSError):  # reading the table says what is wrong
        return None, None, False


def _answer(read: Callable[[], Expression]) -> Expression | str:
    """Return the table read, or in a sentence why it cannot be."""
    try:
        return read_for_layer(read)
    except UserError as error:
        return str(error).rstrip(".")


def _matched(expression: Expression) -> str:
    """Say which rows have a region."""
    n, left_out = expression.n_samples, expression.excluded
    words = [f"{n:,} of {n + len(left_out):,} rows have a region; {expression.n_genes:,} genes."]
    if left_out:
        words.append(f"Left out: {listing(left_out)}.")
    return "\n".join([*words, *(f"{note.rstrip('.')}." for note in expression.notes)])
