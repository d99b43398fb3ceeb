"""Results of the session whose latents maps are predicted from, without fitting again."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QWidget

from napari_compressed_transcriptomics.core.target import Features
from napari_compressed_transcriptomics.widgets.shared.layouts import stack
from napari_compressed_transcriptomics.widgets.shared.session import session
from napari_compressed_transcriptomics.widgets.shared.work import same_samples

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


class ComputedLatents(QWidget):
    """A box a result of the current data; not seen while there is none."""

    changed = Signal()

    def __init__(self, viewer: Any):
        super().__init__()
        self._work = session(viewer).work
        self._results: list[Reconstruction] = []
        self.boxes: list[QCheckBox] = []
        self._column = QWidget()
        stack(self._column, margins=0)
        stack(self, QLabel("and from results that are here already"), self._column, margins=0)
        self._work.results_changed.connect(self._fill)
        self._work.data_chosen.connect(self._fill)
        self._fill()

    def features(self, expression: "Expression") -> tuple[Features, ...]:
        """Return the latents of the results that are ticked."""
        return tuple(
            Features(box.text(), result.latents.astype(float))
            for box, result in zip(self.boxes, self._results, strict=True)
            if box.isChecked() and same_samples(result, expression)
        )

    def _fill(self) -> None:
        data = self._work.current_data
        ticked = [r for box, r in zip(self.boxes, self._results, strict=True) if box.isChecked()]
        pairs = [
            (result, title)
            for result, title in zip(self._work.results, self._work.titles(), strict=True)
            if data is not None and same_samples(result, data)
        ]
        for box in self.boxes:
            box.hide()
            box.deleteLater()
        self._results, self.boxes = [result for result, _ in pairs], []
        for result, title in pairs:
            box = QCheckBox(title.rpartition(": ")[2])
            box.setChecked(any(result is one for one in ticked))
            box.toggled.connect(lambda _: self.changed.emit())
            self.boxes.append(box)
            layout = self._column.layout()
            assert layout is not None
            layout.addWidget(box)
        self.setVisible(bool(pairs))
        self.changed.emit()
