"""Dock Open data: samples and files in one click, and what is here already."""

from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QGridLayout

from napari_compressed_transcriptomics.core.errors import listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.reconstruction.summary import result_line
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.saved.originals import Originals
from napari_compressed_transcriptomics.widgets.saved.session_menu import ask_and_save_session
from napari_compressed_transcriptomics.widgets.shared.dock import Dock, open_dock
from napari_compressed_transcriptomics.widgets.shared.fields import push_button, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.help import open_help
from napari_compressed_transcriptomics.widgets.shared.layouts import label, row
from napari_compressed_transcriptomics.widgets.shared.session import session
from napari_compressed_transcriptomics.widgets.shared.work import same_samples

from .next_step import compress_now
from .table import OpenTable

_SAMPLES = {
    "Sample &brain": ("synthetic_brain", "A made-up brain: 3,700 voxels of 8 mm, 512 genes"),
    "Sample &regions": ("synthetic_regions", "The same averaged in regions, with its atlas"),
}
_FORMS = {
    "Real brains": ("Real samples", "Fetched once, under the terms of their sources"),
    "Table with atlas": ("Open expression table", "Rows are regions, columns are genes"),
    "Vertices": (
        "Open expression on vertices",
        "One GIFTI or MGH per gene, or a table with a row per vertex",
    ),
    "Volumes": ("Open expression volumes", "One NIfTI per gene, or a 4-D NIfTI; bad maps filled"),
    "Larger than memory": ("Convert to store", "Convert to a store, which need not fit in memory"),
}
_FILES = (
    "Expression, maps, atlases, models, sessions (*.nii *.nii.gz *.csv *.csv.gz *.tsv *.tsv.gz "
    "*.parquet *.h5ad *.gii *.gii.gz *.mgh *.mgz *.safetensors *.pt *.session.json);;"
    "All files (*)"
)


_FIRST = """\
Nothing yet. What to do next:
1. Open something. Sample brain is synthetic and opens at once; Real brains… fetches data of \
the Allen atlas; or open a table with its atlas, or volumes, of your own.
2. Compress it now: a gene, the error and the components appear side by side.
3. Check shows where, and in which genes, the error is largest.
The ? at the top right explains each page."""


class OpenData(Dock):
    """Opens data, and says what the current data are."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._work = session(napari_viewer).work
        self.samples = {}
        for title, (key, tip) in _SAMPLES.items():
            self.samples[key] = push_button(title, tip)
            self.samples[key].clicked.connect(partial(self._open_sample, key))
        self.file = push_button("Open &file…", "A 4-D NIfTI, a table, AnnData, a map or an atlas")
        self.folder = push_button(
            "Open f&older…", "A folder of results saved before, of one NIfTI per gene, or a store"
        )
        self.file.clicked.connect(self._ask_file)
        self.folder.clicked.connect(self._ask_folder)
        self.forms = {}
        for title, (name, tip) in _FORMS.items():
            self.forms[name] = push_button(f"{title}…", tip)
            self.forms[name].clicked.connect(partial(self._open_form, name))
        self.about = wrapping_label()
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.genes = push_button("Choose a &gene…", "Search the genes of these data, and show one")
        self.genes.clicked.connect(partial(self._open_form, "Choose gene"))
        self.compress = push_button(
            "&Compress it now", "Go to Compress, and run it with the settings shown there"
        )
        self.compress.clicked.connect(lambda: compress_now(self._viewer))
        self.first = push_button("&First steps…", "The same with pictures, in the browser")
        self.first.clicked.connect(lambda: open_help("Workspace"))
        self.originals = Originals(napari_viewer)
        self.save = push_button(
            "Save &session…", "Layers, camera and docks in a small file, to go on another day"
        )
        self.save.clicked.connect(lambda: ask_and_save_session(self._viewer))
        self._lay_out()
        self._work.data_changed.connect(self._refresh)
        self._work.data_chosen.connect(self._refresh)
        self._work.results_changed.connect(self._refresh)
        self._work.result_chosen.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        buttons = QGridLayout()
        several = (*self.samples.values(), self.file, self.folder, *self.forms.values())
        for i, button in enumerate(several):
            buttons.addWidget(button, i // 2, i % 2)
        here = label("<b>Here</b>", self.about)
        doing = row(self.genes, self.compress)
        self.lay_out(buttons, here, self.about, self.first, self.originals, doing, self.save, 1)

    def _open_sample(self, key: str, checked: bool = False) -> None:
        itself(self._viewer).open_sample(PLUGIN, key)

    def _open(self, path: str) -> None:
        if path:
            itself(self._viewer).open(path, plugin=PLUGIN)

    def _ask_file(self) -> None:
        self._open(QFileDialog.getOpenFileName(self, "Open expression", "", _FILES)[0])

    def _ask_folder(self) -> None:
        self._open(QFileDialog.getExistingDirectory(self, "Folder of results or maps, or a store"))

    def _open_form(self, name: str, checked: bool = False) -> None:
        dock = open_dock(self._viewer, name)
        if isinstance(dock, OpenTable):
            dock.ask()

    def _refresh(self) -> None:
        data = self._work.current_data
        self.first.setVisible(data is None)
        for button in (self.genes, self.compress):
            button.setEnabled(data is not None)
        if data is None:
            result = self._work.current_result
            self.about.setText(_FIRST if result is None else result_line(result))
            return
        n = sum(same_samples(result, data) for result in self._work.results)
        results = {0: "no compression yet", 1: "one compression"}.get(n, f"{n} compressions")
        self.about.setText("\n".join([*_described(data), results]))


def _described(data: Expression) -> list[str]:
    """Say what data are, in lines."""
    lines = [
        data.name,
        f"{data.n_samples:,} {data.parcellation.samples_are} × {data.n_genes:,} genes "
        f"({listing(data.genes, 3)})",
    ]
    if data.excluded:
        lines.append(f"left out: {listing(data.excluded, 3)}")
    return [*lines, *(f"{note.rstrip('.')}." for note in data.notes)]
