"""A small menu by Run: what it would do as a command, as Python, or as a file of settings."""

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.viewer.window.notices import sentence


class RepeatMenu(QPushButton):
    """Copies what a dock would do now; hidden until `offer` says what that is.

    Parameters
    ----------
    say : callable
        Shows a sentence.
    """

    def __init__(self, say: Callable[[str], object]):
        super().__init__()
        self._say = say
        self._make: Callable[[], Repeat] | None = None
        self.setText("⋯")
        self.setAccessibleName("The same again")
        self.setToolTip("The same again, outside napari: as a command, as Python, as settings")
        self.setStyleSheet("QPushButton::menu-indicator { image: none; width: 0; }")
        self.setFixedWidth(36)
        menu = QMenu(self)
        self.copy_command = menu.addAction("Copy as command", self._copy_command)
        self.copy_python = menu.addAction("Copy as Python", self._copy_python)
        self.save = menu.addAction("Save settings (TOML)…", self._save)
        self.setMenu(menu)
        self.hide()

    def offer(self, make: Callable[[], Repeat]) -> None:
        """Show the menu; `make` returns what is copied, or raises a `UserError` saying why not."""
        self._make = make
        self.show()

    def _copy_command(self) -> None:
        self._copy(Repeat.shell, "Copied the command; paste it into a terminal.")

    def _copy_python(self) -> None:
        self._copy(lambda repeat: repeat.python, "Copied the Python script.")

    def _copy(self, text: Callable[[Repeat], str], done: str) -> None:
        if (found := self._text(text)) is not None:
            clipboard = QApplication.clipboard()
            assert clipboard is not None
            clipboard.setText(found)
            self._say(done)

    def _save(self) -> None:
        if (found := self._text(Repeat.toml)) is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, "Save settings", "settings.toml", "Settings (*.toml)"
        )
        if path:
            try:
                Path(path).write_text(found, "utf-8")
            except OSError as error:
                self._say(f"{path} cannot be written ({error.strerror}); choose another place.")
            else:
                self._say(f"Saved {path}; the command run does what it says.")

    def _text(self, text: Callable[[Repeat], str]) -> str | None:
        assert self._make is not None
        try:
            return text(self._make())
        except UserError as error:
            self._say(sentence(error))
            return None
