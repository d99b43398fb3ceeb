"""Folders of temporary data that a killed process leaves behind, and that the next one finds."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "compressed-transcriptomics-"
_LOCK = "in-use"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is removed at the end; if the process is killed, when the next asks.

    The system lets go of the lock in it when its owner ends, however that comes: what is
    unlocked is used by nobody, on any machine that shares the disk.

    Raises
    ------
    OSError
        If there is no place for temporary files.
    """
    from filelock import FileLock

    _remove_left_behind()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = FileLock(folder / _LOCK)
    try:
        with suppress(NotImplementedError):  # the file system has no locks: nobody looks there
            lock.acquire()
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind() -> None:
    from filelock import FileLock, Timeout

    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout, NotImplementedError):  # in use, or just gone
            # With nothing but a lock in it, it is being made.
            if _is_mine(folder) and len(list(folder.iterdir())) > 1:
                with FileLock(folder / _LOCK, timeout=0):
                    pass
                shutil.rmtree(folder)


def _is_mine(folder: Path) -> bool:
    if folder.is_symlink() or not (folder / _LOCK).is_file():
        return False
    # On Windows each user has a temporary folder.
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
