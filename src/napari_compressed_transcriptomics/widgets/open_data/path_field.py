"""A field for a path, with buttons that ask for it."""

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_compressed_transcriptomics.widgets.shared.fields import push_button, text_field
from napari_compressed_transcriptomics.widgets.shared.layouts import row, stack


class PathField(QWidget):
    """A line to type a path into, or to choose it by a button.

    Parameters
    ----------
    what : str
        What it is of, as the title of the dialog.
    files : str
        Which files the dialog offers; no button for files where empty.
    folders : bool
        Whether there is a button for folders.
    nothing : str
        What stands in the empty field.
    """

    def __init__(self, what: str, files: str = "", folders: bool = False, nothing: str = ""):
        super().__init__()
        self._what, self._files = what, files
        self.line = text_field(nothing)
        self.changed = self.line.textChanged
        self.file = push_button("File…", call=self._ask_file)
        self.folder = push_button("Folder…", call=self._ask_folder)
        buttons = [self.folder] * folders + [self.file] * bool(files)
        stack(self, row((self.line, 1), *buttons), margins=0)

    @property
    def path(self) -> Path | None:
        """The path, or None where there is none."""
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def set_path(self, path: str | Path) -> None:
        """Write a path into the field."""
        self.line.setText(str(path))

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._what, "", self._files)
        if path:
            self.set_path(path)

    def _ask_folder(self) -> None:
        if path := QFileDialog.getExistingDirectory(self, self._what):
            self.set_path(path)
