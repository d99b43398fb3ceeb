"""Which maps to predict: files, and layers that were opened from files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QLabel, QLineEdit, QListWidget, QListWidgetItem, QWidget

from napari_compressed_transcriptomics.io.readers.targets import TARGET_FILES
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.layer_values import volume_of_layer
from napari_compressed_transcriptomics.widgets.shared.fields import push_button, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.file_list import FileList
from napari_compressed_transcriptomics.widgets.shared.following import follow
from napari_compressed_transcriptomics.widgets.shared.layouts import row, stack

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.readers.volume import Volume

_LISTS = "Lists of regions (*.csv *.tsv *.txt *.xlsx)"


class TargetChoice(QWidget):
    """A list of files, below it the layers that could be targets, each with a box to check."""

    changed = Signal()

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = viewer
        self._layers: list[Any] = []
        self.files = FileList("Maps and region tables", TARGET_FILES, "&Add files…")
        self.files.setToolTip(
            "NIfTI maps in the space of the expression, region tables (CSV, TSV) of one row a "
            "region and one column per map, and maps of a cortical surface (lh.NAME.gii)."
        )
        self._layers_label = wrapping_label("Maps open in the viewer:")
        self.layers = QListWidget()
        self.layers.setToolTip("Space checks a layer: it is predicted as if it were a file.")
        self.regions = QLineEdit()
        self.regions.setClearButtonEnabled(True)
        self.regions.setPlaceholderText("for tables without names")
        self.regions.setToolTip(
            "Tables whose rows have no names are refused unless a list of regions (CSV, .xlsx, or "
            "the label table of an atlas) says which region each row is."
        )
        self.browse = push_button("…", "Choose the list of regions")
        self.browse.setFixedWidth(30)
        self._arrange()
        events = viewer.layers.events
        follow(self, (events.inserted, events.removed, events.renamed), self._fill)
        self.files.changed.connect(self.changed)
        self.layers.itemChanged.connect(lambda _: self.changed.emit())
        self.regions.textChanged.connect(lambda _: self.changed.emit())
        self.browse.clicked.connect(self._browse)
        self._fill()

    def _arrange(self) -> None:
        rows = row(QLabel("Rows in order of"), (self.regions, 1), self.browse)
        stack(self, self.files, self._layers_label, self.layers, rows, margins=0)

    @property
    def n_chosen(self) -> int:
        """How many files and layers are chosen; a table can hold several maps."""
        return len(self.files.paths) + len(self._checked())

    @property
    def region_list(self) -> Path | None:
        """The list of regions, if one is given."""
        text = self.regions.text().strip()
        return Path(text) if text else None

    def maps(self) -> "tuple[Path | Volume, ...]":
        """Return files, and the layers as they are now."""
        return (*self.files.paths, *(volume_of_layer(layer) for layer in self._checked()))

    def _checked(self) -> list[Any]:
        return [
            layer
            for row, layer in enumerate(self._layers)
            if (item := self.layers.item(row)) and item.checkState() == Qt.CheckState.Checked
        ]

    def _fill(self, event: Any = None) -> None:
        checked = self._checked()
        self._layers = [layer for layer in self._viewer.layers if _from_file(layer)]
        self.layers.blockSignals(True)
        self.layers.clear()
        for layer in self._layers:
            item = QListWidgetItem(layer.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            is_on = layer in checked
            item.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)
            self.layers.addItem(item)
        self.layers.blockSignals(False)
        rows = min(3, len(self._layers))
        self.layers.setFixedHeight(rows * (self.layers.fontMetrics().height() + 6) + 8)
        for widget in (self._layers_label, self.layers):
            widget.setVisible(bool(rows))
        self.changed.emit()

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "List of regions", "", _LISTS)
        if path:
            self.regions.setText(path)


def _from_file(layer: Any) -> bool:
    """Tell a volume that is no result of ours: one number per voxel, in millimetres."""
    what = shown(layer)
    return (
        what is not None
        and what.kind != "labels"
        and what.expression is None
        and what.values is not None
        and layer.ndim == 3
    )
