"""One piece of long work in a thread: progress with time left, cancel, one visible error."""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_compressed_transcriptomics.core.progress import Progress

_SECONDS_BETWEEN_REPORTS = 0.05


class Job(QObject):
    """Run a generator of `Progress` in a thread and show it in napari's activity dock.

    Signals arrive in the window's thread. Exactly one of `succeeded`, `failed` and
    `cancelled` is emitted; none after the parent was deleted.

    Parameters
    ----------
    steps : callable
        Makes the generator; called in the thread, so that slow imports do not freeze
        the window. Cancelling closes the generator after the block at hand.
    title : str
        What the activity dock says.
    parent : QObject, optional
        Its deletion stops the work.
    """

    progressed = Signal(object, str)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()

    def __init__(
        self,
        steps: Callable[[], Generator[Progress, None, Any]],
        title: str,
        parent: QObject | None = None,
    ):
        from napari.qt.threading import create_worker

        super().__init__(parent)
        self._stop = threading.Event()
        self._clock = TimeLeft()
        self._bar = _ActivityBar(self.cancel, title)
        self._worker = create_worker(_drive, steps, self._stop)
        self._worker.yielded.connect(self._on_progress)
        self._worker.returned.connect(self._on_returned)
        self._worker.errored.connect(self._on_failed)
        self._worker.aborted.connect(self._on_aborted)
        stop, bar = self._stop, self._bar
        self.destroyed.connect(lambda: (stop.set(), bar.close()))

    def start(self) -> None:
        """Begin; returns at once."""
        self._worker.start()

    def cancel(self) -> None:
        """Ask the work to end after the block at hand; `cancelled` follows."""
        self._stop.set()

    def _on_progress(self, progress: Progress) -> None:
        left = self._clock.after(progress)
        self._bar.show(progress)
        self.progressed.emit(progress, left)

    def _on_returned(self, outcome: tuple[bool, Any]) -> None:
        self._bar.close()
        finished, result = outcome
        if finished:
            self.succeeded.emit(result)
        else:
            self.cancelled.emit()

    def _on_failed(self, error: Exception) -> None:
        self._bar.close()
        self.failed.emit(error)

    def _on_aborted(self) -> None:  # napari asked all its workers to quit
        self._bar.close()
        self.cancelled.emit()


class TimeLeft:
    """Estimates the time left of the current stage from the pace so far."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = 0.0
        self._first = 0

    def after(self, progress: Progress) -> str:
        """Return e.g. ``about 12 s left``, or nothing while there is no basis for it."""
        now = time.monotonic()
        if progress.stage != self._stage:
            self._stage, self._began, self._first = progress.stage, now, progress.done
            return ""
        done = progress.done - self._first
        if done <= 0 or progress.done >= progress.total:
            return ""
        seconds = (now - self._began) / done * (progress.total - progress.done)
        return (
            f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
        )


class _ActivityBar:
    """The job's bar in napari's activity dock, whose Cancel button cancels the job."""

    def __init__(self, cancel: Callable[[], None], title: str):
        from napari.utils import cancelable_progress

        self._bar = cancelable_progress(total=100, desc=title, cancel_callback=cancel)
        self._open = True

    def show(self, progress: Progress) -> None:
        if not self._open:
            return
        self._bar.set_description(progress.stage)
        percent = int(100 * progress.done / max(progress.total, 1))
        self._bar.update(percent - self._bar.n)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._bar.close()


def _drive(
    make_steps: Callable[[], Generator[Progress, None, Any]], stop: threading.Event
) -> Generator[Progress, None, tuple[bool, Any]]:
    """Pass progress on, not faster than an eye can follow; return (finished, result)."""
    steps = make_steps()
    last = 0.0
    try:
        while not stop.is_set():
            try:
                progress = next(steps)
            except StopIteration as end:
                return not stop.is_set(), end.value
            now = time.monotonic()
            if progress.message or now - last > _SECONDS_BETWEEN_REPORTS:
                last = now
                yield progress
        return False, None
    finally:
        steps.close()
