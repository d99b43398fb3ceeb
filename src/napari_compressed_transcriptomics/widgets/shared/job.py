"""One piece of long work in a thread: progress with time left, cancel, one visible outcome."""

import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import finalize

from qtpy.QtCore import QObject, QTimer, Signal

from napari_compressed_transcriptomics.core.progress import (
    Cancelled,
    Progress,
    Report,
    TimeLeft,
    stopping,
)
from napari_compressed_transcriptomics.core.threads import usual_threads
from napari_compressed_transcriptomics.core.warned import Warned
from napari_compressed_transcriptomics.viewer.window.notices import report as tell_error
from napari_compressed_transcriptomics.viewer.window.notices import tell
from napari_compressed_transcriptomics.viewer.window.worker import Worker

_SECONDS_BETWEEN_REPORTS = 0.05
_UNTIL_TOLD_MS = 500


class Job(QObject):
    """Do work in a thread and show its progress in napari's activity dock.

    Signals arrive in the window's thread. Exactly one of `succeeded`, `failed` and
    `cancelled` is emitted; none after the parent was deleted, which ends the work. All that
    Python warned of is told before in one notification, unless the work failed: the error is
    the one notification then.

    Parameters
    ----------
    work : callable
        Called in the thread with a report (`core.progress`); its result is the job's.
    title : str
        What the activity dock says.
    keep_best : bool
        Cancelling asks the work for the best it has so far (`core.progress.Stop`), and
        `succeeded` follows if there is any; else the work is dropped after the block at hand.
    parent : QObject, optional

    Attributes
    ----------
    is_running : bool
    is_told : bool
        Whether a user would miss it, if it were dropped.
    """

    progressed = Signal(object, str)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()

    def __init__(
        self,
        work: Callable[[Report], Any],
        title: str,
        keep_best: bool = False,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._stop, self._drop = threading.Event(), threading.Event()
        self._keep_best = keep_best
        self._has_ended = False
        self.title = title
        self.is_running = False
        self.is_told = True
        self._clock = TimeLeft()
        self._warned = Warned()
        self._bar = _ActivityBar(self.cancel, title)
        self._telling = QTimer(self)
        self._telling.setSingleShot(True)
        self._telling.timeout.connect(self._bar.open)
        self._relay = _Relay()
        self._relay.progressed.connect(self._on_progress)
        self._worker = Worker(
            _do, work, self._stop, self._drop, self._relay.progressed.emit, self._warned
        )
        self._worker.returned.connect(self._on_returned)
        self.destroyed.connect(self._drop.set)
        self.destroyed.connect(self._bar.close)
        self.destroyed.connect(self._warned.end)
        for end in (self._drop.set, self._warned.end):  # no signal comes of what is garbage
            finalize(self, end).atexit = False

    def start(self) -> None:
        """Begin; returns at once."""
        self._warned.begin()
        self.is_running = True
        self._telling.start(_UNTIL_TOLD_MS)
        self._worker.start()

    def cancel(self) -> None:
        """End the work after the block at hand; with `keep_best` a second call drops that, too."""
        if self._keep_best and not self._stop.is_set():
            self._stop.set()
        else:
            self._drop.set()

    def drop(self) -> None:
        """End the work after the block at hand; none of the signals follows."""
        self.blockSignals(True)
        self._drop.set()

    def _on_progress(self, progress: Progress) -> None:
        if self._has_ended:  # told late
            return
        self.progressed.emit(progress, self._clock.after(progress))
        self._bar.show(progress)  # last: it handles events, the job's end among them

    def _on_returned(self, outcome: tuple[str, Any]) -> None:
        self._has_ended, self.is_running = True, False
        self._bar.close()
        how, what = outcome
        warnings = self._warned.end()
        if how != "failed":
            tell(f"{self.title}: {line}" for line in warnings)
        if how == "failed":
            self.failed.emit(what)
        elif how == "succeeded":
            self.succeeded.emit(what)
        else:
            self.cancelled.emit()


def run_job(
    work: Callable[[Report], Any], title: str, parent: QObject, done: Callable[[Any], Any]
) -> Job:
    """Start a job, whose result goes to `done` and whose error is told; its end deletes it."""
    job = Job(work, title, parent=parent)
    job.succeeded.connect(done)
    job.failed.connect(partial(tell_error, doing=title))
    for ended in (job.succeeded, job.failed, job.cancelled):
        ended.connect(job.deleteLater)
    job.start()
    return job


class _Relay(QObject):
    """Carries progress into the window's thread; lives as long as the thread does."""

    progressed = Signal(object)


class _ActivityBar:
    """The job's bar in napari's activity dock, whose Cancel button cancels the job.

    What takes long has one: napari handles all events when it makes or changes a bar, which would
    make one turn of the event loop of several.
    """

    def __init__(self, cancel: Callable[[], None], title: str):
        from napari.utils import cancelable_progress

        self._make = partial(cancelable_progress, total=100, desc=title, cancel_callback=cancel)
        self._bar: Any = None
        self._last: Progress | None = None
        self._closed = self._busy = False

    def open(self) -> None:
        """Show the bar."""
        if self._closed:
            return
        self._busy = True
        bar = self._make()
        self._busy = False
        if self._closed:  # by an event handled meanwhile
            bar.close()
            return
        self._bar = bar
        if self._last is not None:
            self.show(self._last)

    def show(self, progress: Progress) -> None:
        """Show how far the job is, once there is a bar."""
        self._last = progress
        # Further progress may be among the events that are handled.
        if self._bar is None or self._busy:
            return
        self._busy = True
        percent = int(100 * progress.done / max(progress.total, 1))
        self._bar.set_description(progress.stage)
        if self._bar is not None:
            self._bar.update(percent - self._bar.n)
        self._busy = False

    def close(self) -> None:
        """Take the bar away, or show none."""
        self._closed = True
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def _do(
    work: Callable[[Report], Any],
    stop: threading.Event,
    drop: threading.Event,
    report: Report,
    warned: Warned,
) -> tuple[str, Any]:
    """Report progress, not faster than an eye can follow; return how it ended, and with what.

    Errors are returned, since those that are raised would be told a second time.
    """
    last = 0.0

    def show(progress: Progress) -> None:
        nonlocal last
        if drop.is_set():
            raise Cancelled
        now = time.monotonic()
        if progress.message or progress.values or now - last > _SECONDS_BETWEEN_REPORTS:
            last = now
            report(progress)

    try:
        _compute_in_usual_threads()
        with warned.here():
            result = work(stopping(show, stop.is_set))
        return ("cancelled", None) if drop.is_set() else ("succeeded", result)
    except Cancelled:
        return "cancelled", None
    except BaseException as error:  # a panic of a Rust library is no Exception; it ends here, too
        return "failed", error


def _compute_in_usual_threads() -> None:
    if "torch" in sys.modules:  # else whoever loads it finds the usual number
        import torch  # waits until it is whole, where another thread is loading it

        torch.set_num_threads(usual_threads())
