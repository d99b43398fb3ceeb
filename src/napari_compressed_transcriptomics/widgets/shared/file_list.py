"""A list of files: added by a dialog or dropped, removed by a button or a key."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QPainter
from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QListWidget, QListWidgetItem, QWidget

from .fields import push_button
from .layouts import row, stack


class FileList(QWidget):
    """Files in the order in which they came, each once.

    Parameters
    ----------
    title : str
        Of the dialog.
    endings : tuple of str
        What files the dialog offers, and which of a folder that is dropped are taken.
    add : str
        What the button says, with its mnemonic.
    rows : int
        Height, in files; more are scrolled.
    """

    changed = Signal()

    def __init__(self, title: str, endings: tuple[str, ...], add: str, rows: int = 4):
        super().__init__()
        self._title, self._endings = title, endings
        self.list = _Files()
        self.list.setMinimumHeight(rows * (self.list.fontMetrics().height() + 4) + 8)
        self.list.setToolTip("Drop files or a folder here; Delete removes what is selected.")
        self.add = push_button(add, call=self._ask)
        self.remove = push_button("Remove", call=self._remove)
        stack(self, self.list, row(self.add, self.remove), margins=0)
        self.list.unwanted.connect(self._remove)
        self.list.dropped.connect(self.take)
        self.list.itemSelectionChanged.connect(self._refresh)
        self._refresh()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, as they are listed."""
        return tuple(Path(self._item(row).toolTip()) for row in range(self.list.count()))

    def take(self, paths: Iterable[str | Path]) -> None:
        """Add files; of a folder those with a known ending, by name."""
        known = set(self.paths)
        for given in map(Path, paths):
            inside = sorted(given.iterdir()) if given.is_dir() else [given]
            for path in inside:
                wanted = path is given or path.name.lower().endswith(self._endings)
                if wanted and path not in known:
                    known.add(path)
                    item = QListWidgetItem(path.name)
                    item.setToolTip(str(path))
                    self.list.addItem(item)
        self._refresh()
        self.changed.emit()

    def _item(self, row: int) -> QListWidgetItem:
        item = self.list.item(row)
        assert item is not None
        return item

    def _ask(self) -> None:
        kinds = " ".join(f"*{ending}" for ending in self._endings)
        paths, _ = QFileDialog.getOpenFileNames(self, self._title, "", f"{self._title} ({kinds})")
        if paths:
            self.take(paths)

    def _remove(self) -> None:
        for item in self.list.selectedItems():
            self.list.takeItem(self.list.row(item))
        self._refresh()
        self.changed.emit()

    def _refresh(self) -> None:
        self.remove.setEnabled(bool(self.list.selectedItems()))


class _Files(QListWidget):
    """Takes files that are dropped on it, and says so while it is empty."""

    dropped = Signal(list)
    unwanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        viewport = self.viewport()
        if self.count() or viewport is None:
            return
        painter = QPainter(viewport)
        painter.setOpacity(0.5)
        painter.drawText(viewport.rect(), Qt.AlignmentFlag.AlignCenter, "Drop files here")
        painter.end()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.unwanted.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: Any) -> None:
        self._consider(event)

    def dragMoveEvent(self, event: Any) -> None:
        self._consider(event)

    def dropEvent(self, event: Any) -> None:
        self.dropped.emit(_local(event))
        event.acceptProposedAction()

    def _consider(self, event: Any) -> None:
        if _local(event):
            event.acceptProposedAction()
        else:
            event.ignore()


def _local(event: Any) -> list[str]:
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
