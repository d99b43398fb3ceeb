"""Run and Cancel, progress with time left, and one line that says how things stand."""

from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.viewer.window.notices import report, sentence, tell

from .fields import wrapping_label
from .job import Job
from .layouts import row, stack
from .repeat_menu import RepeatMenu


class RunBar(QWidget):
    """Runs one job at a time.

    Parameters
    ----------
    title : str
        What the activity dock calls the job.
    run : str
        What the button says.
    keep_best : bool
        See `Job`.
    tells : bool
        Whether messages of the work become notifications; else the dock itself shows them.
    others : sequence of QPushButton
        Beside Run, and allowed when it is: other work of which one runs at a time.
    """

    clicked = Signal()
    progressed = Signal(object)
    succeeded = Signal(object)
    ended = Signal()

    def __init__(
        self,
        title: str,
        run: str = "Run",
        keep_best: bool = False,
        tells: bool = True,
        others: Sequence[QPushButton] = (),
    ):
        super().__init__()
        self._tells = tells
        self._title = title
        self._keep_best = keep_best
        self.job: Job | None = None
        self.run = QPushButton(run)
        self._runs = (self.run, *others)
        self.cancel = QPushButton("Cancel")
        self.progress = QProgressBar()
        self.status = wrapping_label()
        self.repeat = RepeatMenu(self.status.setText)
        buttons = row(*((button, 1) for button in (*self._runs, self.cancel)), self.repeat)
        stack(self, buttons, self.progress, self.status, margins=0)
        self.run.clicked.connect(self._on_run)
        self.cancel.clicked.connect(self._on_cancel)
        self.allow("")

    def calls(
        self,
        start: Callable[..., Any],
        done: Callable[[Any], Any],
        ended: Callable[[], Any] | None = None,
        again: Callable[[], Repeat] | None = None,
    ) -> None:
        """Say what is called by Run, with what the job returned, and at its end in any case.

        Parameters
        ----------
        start, done, ended : callable
            Connected to `clicked`, `succeeded` and `ended`.
        again : callable, optional
            Returns what Run would do, see `RepeatMenu.offer`.
        """
        self.clicked.connect(start)
        self.succeeded.connect(done)
        if ended is not None:
            self.ended.connect(ended)
        if again is not None:
            self.repeat.offer(again)

    def allow(self, reason: str) -> None:
        """Enable Run, or disable it and say the `reason`; while a job runs it stays disabled."""
        running = self.job is not None
        for button in self._runs:
            button.setEnabled(not running and not reason)
        self.cancel.setEnabled(running)
        self.progress.setVisible(running)
        if not running:
            self.status.setText(reason)

    def check(self, request: Callable[[], Any]) -> str:
        """Enable Run if `request` can be made, else say why not; return the reason."""
        reason = ""
        try:
            request()
        except UserError as error:
            reason = str(error)
        self.allow(reason)
        return reason

    def start(self, work: Callable[[Report], Any]) -> None:
        """Start a job, if none runs; `work` is called with a report."""
        if self.job is not None:
            return
        self.progress.setRange(0, 0)
        self.job = Job(work, self._title, self._keep_best, parent=self)
        self.job.progressed.connect(self._on_progress)
        self.job.succeeded.connect(self._on_success)
        self.job.failed.connect(self._on_failure)
        self.job.cancelled.connect(self._on_cancelled)
        self.allow("")
        self.status.setText("Starting…")
        self.job.start()

    def _on_run(self) -> None:
        if self.job is None:
            self.clicked.emit()

    def _on_cancel(self) -> None:
        if self.job is not None:
            self.cancel.setEnabled(False)
            self.status.setText("Cancelling…")
            self.job.cancel()

    def _on_progress(self, progress: Progress, left: str) -> None:
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        if progress.message and self._tells:
            tell([progress.message])
        if self.cancel.isEnabled():
            values = progress.values or {}
            numbers = [f"{name} {value:.4f}" for name, value in values.items()]
            self.status.setText(", ".join([progress.stage, *numbers, *([left] if left else [])]))
        self.progressed.emit(progress)

    def _on_success(self, result: Any) -> None:
        self._end("")
        self.succeeded.emit(result)

    def _on_failure(self, error: BaseException) -> None:
        self._end(sentence(error))
        report(error, self._title)

    def _on_cancelled(self) -> None:
        self._end("Cancelled; nothing was added.")

    def _end(self, words: str) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.deleteLater()
        self.allow("")
        self.ended.emit()
        if words:
            self.status.setText(words)
