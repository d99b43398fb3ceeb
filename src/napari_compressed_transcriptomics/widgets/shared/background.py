"""An answer that takes too long for the window to wait, asked for again and again."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_compressed_transcriptomics.reconstruction.values_elsewhere import waits_for
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.viewer.window.worker import Worker

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression, Parcellation


class Background(QObject):
    """Calls a function in a thread, one call at a time; only the newest question is answered.

    Parameters
    ----------
    parent : QObject
        Nothing is told after it was deleted.
    """

    answered = Signal(object)
    failed = Signal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._next: Callable[[], Any] | None = None
        self.busy = False

    def ask(self, question: Callable[[], Any]) -> None:
        """Call `question` in a thread, once the call that runs, if any, has ended."""
        self._next = question
        if not self.busy:
            self._go()

    def _go(self) -> None:
        question, self._next = self._next, None
        self.busy = True
        assert question is not None
        worker = Worker(question)
        worker.returned.connect(self._on_answer)
        worker.failed.connect(self._on_end)
        worker.start()

    def _on_answer(self, answer: Any) -> None:
        if self._next is None:
            self.busy = False
            self.answered.emit(answer)
        else:
            self._go()

    def _on_end(self, error: BaseException) -> None:
        """Go on after a fault, which was told."""
        self.busy = False
        self.failed.emit()
        if self._next is not None:
            self._go()


class GeneReading(QObject):
    """Shows genes, and fetches those of data on a server before, while the window goes on.

    Parameters
    ----------
    parent : QObject
        Nothing is shown after it was deleted.
    viewer : napari.Viewer
        Its status bar says what is waited for.
    """

    def __init__(self, parent: QObject, viewer: Any):
        super().__init__(parent)
        self._viewer = viewer
        self._show: Callable[[], None] | None = None
        self._background = Background(self)
        self._background.answered.connect(self._on_answer)
        self._background.failed.connect(self._on_failure)

    def show(self, expression: "Expression", gene: str, show: Callable[[], None]) -> None:
        """Call `show`, which reads a gene: at once, or when it is there and none was chosen since.

        What users can mend is told, as everywhere.
        """
        with user_errors_shown():
            values, column = expression.values, expression.column(gene)
            self._show = show
            if not waits_for(values, column):
                self._on_answer()
                return
            self._viewer.status = f"Reading {gene} from the server of {expression.name}…"
            self._background.ask(partial(_read, values, column))

    def show_in_layers(self, parcellation: "Parcellation", gene: str) -> None:
        """Switch the viewer's expression layers of some data to a gene."""
        of = {layer: what for layer in self._viewer.layers if (what := shown(layer))}
        found = [
            layer
            for layer, what in of.items()
            if what.kind == "expression" and what.parcellation is parcellation
        ]
        if found and (expression := of[found[0]].expression) is not None:
            self.show(expression, gene, partial(_switch, found, gene))

    def _on_answer(self) -> None:
        show, self._show = self._show, None
        if show is not None:
            with user_errors_shown():
                show()

    def _on_failure(self) -> None:
        self._viewer.status = "The gene was not read; choose it again to try again"


def _switch(of_genes: list[Any], gene: str) -> None:
    for layer in of_genes:
        layers.show_gene(layer, gene)


def _read(values: Any, column: int) -> None:
    values[:, column]
