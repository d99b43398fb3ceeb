"""Work in a thread beside the window's, whose answer arrives in the window's thread."""

import atexit
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from qtpy.QtCore import QObject, QRunnable, QThreadPool, Signal

from .garbage import garbage
from .mesa_and_triton import leave_out_triton
from .notices import report

_LONGEST_WAIT_MS = 30_000


class Worker(QObject):
    """Calls a function in a thread; a fault of it is told, unless it returns it.

    napari's own workers change what Python does with warnings, for all threads, and put back what
    they found though others have changed it meanwhile; and napari keeps them, with all they hold.

    Parameters
    ----------
    call : callable
    *args
        What it is called with.
    """

    returned = Signal(object)
    failed = Signal(object)
    finished = Signal()
    working: set["Worker"] = set()  # noqa: RUF012

    def __init__(self, call: Callable[..., Any], *args: Any):
        super().__init__(garbage())  # which Qt destroys it with, in the window's thread
        self._work = [partial(call, *args)]
        self.failed.connect(report)
        self.finished.connect(self._end)

    def start(self) -> None:
        """Begin, once, from the window's thread."""
        threads = QThreadPool.globalInstance()
        assert threads is not None
        leave_out_triton()
        _wait_at_exit()
        garbage().begin()
        self.working.add(self)
        threads.start(_Task(self))

    def do(self) -> None:
        """Do the work, in its thread; what it held and found is let go of in the window's."""
        try:
            self.returned.emit(self._work[0]())
        except BaseException as error:  # a panic of a Rust library is no Exception
            self.failed.emit(error)
        self.finished.emit()

    def _end(self) -> None:
        self._work.clear()
        self.working.discard(self)
        garbage().end()
        self.deleteLater()


class _Task(QRunnable):
    """What Qt's pool of threads runs."""

    def __init__(self, worker: Worker):
        super().__init__()
        self._worker = worker

    def run(self) -> None:
        self._worker.do()


@cache
def _wait_at_exit() -> None:
    """Have Python wait for what still runs: a thread that goes on beyond its end may crash."""
    threads = QThreadPool.globalInstance()
    assert threads is not None
    atexit.register(threads.waitForDone, _LONGEST_WAIT_MS)
