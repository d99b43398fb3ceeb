"""What may not happen while the monkey plays: faults, stops of the window, memory that grows."""

import ctypes
import gc
import sys
import threading
import time
import traceback
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from napari.errors.reader_errors import NoAvailableReaderError, ReaderPluginError
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QThreadPool, QTimer, QtMsgType, qInstallMessageHandler
from qtpy.QtWidgets import QApplication

import napari_compressed_transcriptomics as package
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.viewer.window.garbage import garbage

OURS = str(Path(package.__file__).parent)
_EXPECTED = (NoAvailableReaderError, ReaderPluginError)
# What npe2 says where the plugin chosen does not know a file, or one of several that are dropped
# together, and napari's own readers.
_OF_READERS = (
    "but refused the file",
    "is not a compatible reader for",
    "All paths in the stack list must have the same extension",
    "napari_builtins/io/_read.py",
)
_BAD = (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)


@dataclass(frozen=True, order=True)
class Stop:
    """A time in which the window answered nothing."""

    work: float
    """Seconds that it would have lasted with the machine to itself: not more than it lasted, and
    not more than this process worked in it."""
    seconds: float
    """How long it lasted."""
    doing: str
    """The action at hand."""
    where: str
    """Where the window's thread was in it, innermost call last."""


class Watch:
    """Hears of every fault, and measures how long the window stands still.

    Attributes
    ----------
    faults : list of str
        What may not happen, each with the action at hand and a traceback.
    foreign : list of str
        What napari says of files that nobody reads, and warnings of napari and Qt.
    doing : str
        The action at hand; set it before each.
    stops : list of Stop
        The longest stops of the window, longest first.
    """

    def __init__(self):
        self.faults, self.foreign, self.stops = [], [], []
        self._known = set()
        self.doing = "opening"
        self._all = ExitStack()

    def __enter__(self):
        self._all.enter_context(notification_manager)  # the hooks that napari.run sets
        notification_manager.notification_ready.connect(self._on_notice)
        self._all.callback(notification_manager.notification_ready.disconnect, self._on_notice)
        self._all.callback(qInstallMessageHandler, qInstallMessageHandler(self._on_message))
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._last, self._worked, self._where = time.monotonic(), time.process_time(), ""
        self._timer.start(20)
        self._all.callback(self._timer.stop)
        garbage().begin()
        self._all.callback(garbage().end)
        looker = threading.Thread(target=self._look, args=(threading.get_ident(),))
        self._ended = threading.Event()
        looker.start()
        self._all.callback(looker.join)
        self._all.callback(self._ended.set)
        return self

    def __exit__(self, *_):
        self._all.close()

    def fault(self, error):
        """Take an exception that reached an action, or that a notification tells of."""
        if isinstance(error, UserError):
            return
        text = "".join(traceback.format_exception(error))
        expected = isinstance(error, _EXPECTED) or any(words in text for words in _OF_READERS)
        self._keep(self.foreign if expected else self.faults, text)

    def _on_notice(self, notice):
        error = getattr(notice, "exception", None)
        if error is not None:
            self.fault(error)
        warning = getattr(notice, "warning", None)
        if warning is not None:
            self._keep(self.foreign, str(notice))

    def _on_message(self, kind, context, text):
        self._keep(self.faults if kind in _BAD else self.foreign, f"Qt says: {text}")

    def _keep(self, found, text):
        """Keep what was told, the first time."""
        if text not in self._known:
            self._known.add(text)
            found.append(f"during {self.doing}: {text}")

    def skip(self):
        """Leave out what the harness itself does, such as measuring, since the window's last beat.

        Let the window settle before.
        """
        self._last, self._worked, self._where = time.monotonic(), time.process_time(), ""

    def _beat(self):
        now, worked = time.monotonic(), time.process_time()
        seconds, work = now - self._last, worked - self._worked
        self.stops.append(Stop(min(seconds, work), seconds, self.doing, self._where))
        self._last, self._worked, self._where = now, worked, ""
        self.stops.sort(reverse=True)
        del self.stops[10:]

    def _look(self, window):
        """See where the window's thread is when it has not answered for long."""
        while not self._ended.wait(0.2):
            if time.monotonic() - self._last > 1 and not self._where:
                frame = sys._current_frames()[window]
                self._where = "".join(traceback.format_stack(frame))


def memory():
    """Return the resident memory, in MB, after what is not needed was given back."""
    gc.collect()
    with suppress(OSError, AttributeError):  # where it is not glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def threads():
    """Return the names of threads that could be ours: not those that libraries keep for good."""
    kept = ("MainThread", "TMonitor", "tqdm", "loky", "QueueManager", "QueueFeeder", "Dummy")
    names = [thread.name for thread in threading.enumerate()]
    return sorted(
        name
        for name, thread in zip(names, threading.enumerate(), strict=False)
        if not any(word in f"{type(thread).__name__} {name}" for word in kept)
    )


def threads_end(seconds=30):
    """Return whether no work goes on in Qt's pool after at most so long; the window goes on."""
    pool, end = QThreadPool.globalInstance(), time.monotonic() + seconds
    assert pool is not None
    while not pool.waitForDone(10):
        QApplication.processEvents()
        if time.monotonic() > end:
            return False
    return True
