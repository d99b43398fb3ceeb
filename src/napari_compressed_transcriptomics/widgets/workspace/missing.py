"""What a page needs that is not there yet, and the button that brings it."""

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QWidget

from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.shared.fields import wrapping_label
from napari_compressed_transcriptomics.widgets.shared.layouts import stack
from napari_compressed_transcriptomics.widgets.shared.session import session

_NO_DATA = "This needs expression data: open a sample to try it, or your own data."
_NO_RESULT = "This needs a compression, and there is none yet: press Run in Compress."


class Missing(QWidget):
    """Says what is missing, and offers the step that brings it."""

    wanted = Signal(str)
    """The page to go to."""

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = viewer
        self._work = session(viewer).work
        self.words = wrapping_label()
        self.sample = QPushButton("Open a sample")
        self.data = QPushButton("Go to Data")
        self.compress = QPushButton("Go to Compress")
        self.sample.clicked.connect(
            lambda: itself(self._viewer).open_sample(PLUGIN, "synthetic_brain")
        )
        self.data.clicked.connect(lambda: self.wanted.emit("Open data"))
        self.compress.clicked.connect(lambda: self.wanted.emit("Compress"))
        stack(self, self.words, self.sample, self.data, self.compress, 1)

    def of(self, needs: str) -> bool:
        """Return whether what a page needs (`Page.needs`) is missing, and say so."""
        no_data = bool(needs) and not self._work.data
        if self._work.comparison is not None or self._work.prediction is not None:
            no_data = False  # they may have been opened from a folder
        no_result = needs == "result" and not self._work.results
        if needs == "result" and not no_result:
            no_data = False  # results outlive the layers of their data
        self.words.setText(_NO_DATA if no_data else _NO_RESULT)
        for button in (self.sample, self.data):
            button.setVisible(no_data)
        self.compress.setVisible(not no_data)
        return no_data or no_result
