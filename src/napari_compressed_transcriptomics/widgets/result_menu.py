"""What can be done with the current result: show its layers, save it, remove it."""

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QMenu, QMessageBox, QToolButton, QWidget

from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

from .back import back
from .shared.fields import ask_and_save_model
from .shared.result_layers import Outputs, add_result
from .shared.session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


class ResultMenu(QToolButton):
    """A button with a menu for the session's current result, whoever made it."""

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = viewer
        self._work = session(viewer).work
        self.setText("⋯")
        # its arrow would lie over the dots
        self.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0; }")
        self.setToolTip("Show, save or remove this result")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.addAction("Show its layers", self.show_layers)
        menu.addAction("Save model…", self.save_model)
        menu.addAction("Save latents, errors and tables…", self.save_results)
        menu.addSeparator()
        menu.addAction("Remove…", self.ask_and_remove)
        self.setMenu(menu)
        self._work.result_chosen.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        self.setEnabled(self._result is not None)

    @property
    def _result(self) -> "Reconstruction | None":
        return self._work.current_result

    def show_layers(self) -> None:
        """Show the layers of the result, made anew where they were deleted, and no others'."""
        result = self._result
        if result is None:
            return
        back(self._viewer).remember()
        there = self._work.layers_of(result)
        if not there:
            add_result(self._viewer, result, Outputs(replaces=True))
            return
        view = brain_view.attach(self._viewer)
        with view.at_once():
            for layer in self._viewer.layers:
                layer.visible = layer in there
        if len(there) > 1:
            view.show_side_by_side()

    def save_model(self) -> str:
        """Ask for a file and save the result's model; return what to say, or nothing."""
        return "" if self._result is None else ask_and_save_model(self, self._result.codec)

    def save_results(self) -> str:
        """Ask for a folder and save latents, errors and tables; return what to say, or nothing."""
        result = self._result
        return "" if result is None else ask_and_save_results(self._viewer, result, self)

    def ask_and_remove(self) -> None:
        """Ask, and forget the result and take its layers away."""
        result = self._result
        if result is None:
            return
        n, yes = len(self._work.layers_of(result)), QMessageBox.StandardButton.Yes
        name = self._work.titles()[self._work.results.index(result)]
        words = f"Remove {name} and its {n} layers? What is not saved is lost."
        if QMessageBox.question(self, "Remove result", words) == yes:
            self._work.remove(result)


def ask_and_save_results(
    viewer: Any, result: "Reconstruction", parent: QWidget | None = None
) -> str:
    """Ask for a folder and save latents, errors and tables; return what to say, or nothing."""
    from napari_compressed_transcriptomics.io.writers.results import save_results

    folder = QFileDialog.getExistingDirectory(parent, "Folder for latents, errors and tables")
    if folder:
        work = session(viewer).work
        with user_errors_shown():
            save_results(result, folder, work.parameters_of(result))
            work.saved(result, folder)
            return f"Saved to {folder}"
    return ""
