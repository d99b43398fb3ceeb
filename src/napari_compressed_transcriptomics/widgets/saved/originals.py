"""The expression behind a saved result: read where it lies, or located, as it is wanted."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import (
    ValuesElsewhere,
    elsewhere,
)
from napari_compressed_transcriptomics.viewer.adding import read_for_layer
from napari_compressed_transcriptomics.viewer.layers import expression_layer
from napari_compressed_transcriptomics.viewer.selected_layers import selection_kept
from napari_compressed_transcriptomics.widgets.shared.fields import push_button, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.job import Job, run_job
from napari_compressed_transcriptomics.widgets.shared.layouts import row, stack
from napari_compressed_transcriptomics.widgets.shared.session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


def original_values(result: "Reconstruction") -> ValuesElsewhere | None:
    """Return what the originals of a result are brought to; None where they came with it."""
    return elsewhere(result.expression)


def read_originals(viewer: Any, result: "Reconstruction", path: Path | None = None) -> Job:
    """Read the originals of a result in a thread, from a path where they are not where they were.

    Then every dock has them, and their data are a layer below the others. What is not as it was
    is told in a notification, and nothing is mixed.
    """
    values = original_values(result)
    assert values is not None
    read = partial(read_for_layer, values.fetch, path)
    return run_job(read, "Reading originals", session(viewer), partial(_show, viewer, result))


def _show(viewer: Any, result: "Reconstruction", data: Expression) -> None:
    """Add the data as the lowest layer, unless they are open, and tell all docks."""
    work = session(viewer).work
    if not any(one.parcellation is data.parcellation for one in work.data):
        made, attributes, _ = expression_layer(data)  # its notes were told when it was encoded
        with selection_kept(viewer):
            viewer.add_image(made, **attributes)
            viewer.layers.move(len(viewer.layers) - 1, 0)
    work.originals_came.emit(result)


class Originals(QWidget):
    """Says that the originals of the current result are missing, and brings them; else hidden."""

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = viewer
        self._work = session(viewer).work
        self.words = wrapping_label()
        self.read = push_button("&Read originals", "Read the expression of the result chosen")
        self.locate = QPushButton("&Locate…")
        self.locate.setToolTip("Say where the expression lies now; it is checked by its hash")
        menu = QMenu(self)
        menu.addAction("A file…", self._ask_file)
        menu.addAction("A folder or store…", self._ask_folder)
        self.locate.setMenu(menu)
        stack(self, self.words, row(self.read, self.locate), margins=0)
        self.read.clicked.connect(lambda: self._start(None))
        self._work.result_chosen.connect(self.refresh)
        self._work.originals_came.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is to do for the result chosen, if anything."""
        result = self._work.current_result
        values = None if result is None else original_values(result)
        missing = values is not None and not values.at_hand
        self.setVisible(missing)
        if values is not None and missing:
            self.words.setText(values.why)
            self.read.setVisible(values.origin is not None and values.origin.found)
            self.locate.setVisible(values.origin is not None)

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Where is the expression?")
        if path:
            self._start(Path(path))

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Where is the expression?")
        if path:
            self._start(Path(path))

    def _start(self, path: Path | None) -> None:
        result = self._work.current_result
        if result is None:
            return
        self.words.setText("Reading…")
        self.read.setEnabled(False)
        self.locate.setEnabled(False)
        job = read_originals(self._viewer, result, path)
        for ended in (job.succeeded, job.failed, job.cancelled):
            ended.connect(self._on_end)

    def _on_end(self, outcome: Any = None) -> None:
        self.read.setEnabled(True)
        self.locate.setEnabled(True)
        self.refresh()
