"""What the forms that open expression have in common."""

from functools import partial
from typing import Any

from qtpy.QtWidgets import QWidget

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.viewer.adding import add_expression, read_for_layer
from napari_compressed_transcriptomics.widgets.shared.dock import Dock
from napari_compressed_transcriptomics.widgets.shared.fields import wrapping_label
from napari_compressed_transcriptomics.widgets.shared.layouts import form
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar

from .path_field import PathField


class OpenForm(Dock):
    """Starts what its form asks for, and adds what was read; the form then waits for the next.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    title : str
        What the activity dock calls the work.
    source : PathField
        What is opened.
    """

    def __init__(self, napari_viewer: Any, title: str, source: PathField):
        super().__init__(napari_viewer)
        self.source = source
        self.why = wrapping_label()
        self.bar = RunBar(title, "Open")
        self.bar.calls(self._start, self._show, self._refresh, self._again)

    def lay_out_form(self, *rows: tuple[str, QWidget]) -> None:
        """Lay out why the form is asked for, once that is known, its fields, and the button."""
        self.lay_out(self.why, form(*rows), self.bar, 1)
        self.why.hide()

    def request(self) -> Any:
        """Return what reads; a `UserError` says why it cannot be read."""
        raise NotImplementedError

    def _again(self) -> Repeat:
        raise NotImplementedError

    def _refresh(self) -> None:
        self.bar.check(self.request)

    def _start(self) -> None:
        self.bar.start(partial(read_for_layer, self.request()))

    def _show(self, expression: Expression) -> None:
        add_expression(self._viewer, expression)
        self.why.hide()
        self.source.line.clear()
        self.bar.status.setText(f"Opened {expression.name}.")
