"""An answer that takes too long for the window to wait, asked for again and again."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_compressed_transcriptomics.viewer.worker import Worker


class Background(QObject):
    """Calls a function in a thread, one call at a time; only the newest question is answered.

    Parameters
    ----------
    parent : QObject
        Nothing is told after it was deleted.
    """

    answered = Signal(object)

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
        if self._next is not None:
            self._go()
