"""What the forms that open expression have in common."""

from typing import Any

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.widgets.shared.dock import Dock


class OpenForm(Dock):
    """Starts what its form asks for, and adds what was read; the form then waits for the next.

    Derived forms have `source` (a `PathField`), `why` (a label), `bar` (a `RunBar`) and `request`.
    """

    source: Any
    why: Any
    bar: Any

    def request(self) -> Any:
        """Return what reads; a `UserError` says why it cannot be read."""
        raise NotImplementedError

    def _start(self) -> None:
        self.bar.start(self.request())

    def _show(self, expression: Expression) -> None:
        add_expression(self._viewer, expression)
        self.why.hide()
        self.source.line.clear()
        self.bar.status.setText(f"Opened {expression.name}.")
