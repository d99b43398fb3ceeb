"""Locks on folders: two processes that write into one neither mix their files nor lose any."""

import json
import os
import platform
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.warned import quietly

RENAMING = ".writing.lock"
COMPARING = ".comparing.lock"
_SECONDS_TO_WAIT = 60.0
_AGAIN = "wait until it is done, or choose another folder"


class FolderLock:
    """Holds a folder until `release`, the end of this object, or that of the process.

    The lock is the operating system's, so a process that was killed holds none. While it is
    held, its file in the folder says whose it is; then the file is removed, and the folder
    itself if it was made for the lock and holds nothing.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    name : str
        Of the file.
    wait : float
        Seconds to wait for another holder.

    Attributes
    ----------
    works : bool
        False where the file system has no locks: nothing is held then.

    Raises
    ------
    UserError
        Another holds it, and who that is.
    """

    def __init__(self, folder: Path, name: str, wait: float = 0.0) -> None:
        from filelock import FileLock, Timeout

        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        lock = FileLock(path, thread_local=False)
        self.works = True
        try:
            with quietly():  # that it falls back to a file without a lock
                lock.acquire(timeout=wait, poll_interval=0.02)
            owner = {"pid": os.getpid(), "host": platform.node(), "since": time.time()}
            with suppress(OSError):  # Windows locks the file against its holder, too
                path.write_text(json.dumps(owner), "utf-8")
        except Timeout:
            raise UserError(f"{folder} is being written by {_owner(path)}; {_AGAIN}") from None
        except (NotImplementedError, OSError):
            self.works = False
        self.release = weakref.finalize(self, _let_go, lock, path, made, os.getpid())


@contextmanager
def renaming(folder: Path) -> Iterator[None]:
    """Hold a folder while several files in it are replaced, which takes no time to speak of.

    Where the file system has no locks nothing is held, and readers see by the hashes whether
    files belong together.
    """
    lock = FolderLock(folder, RENAMING, _SECONDS_TO_WAIT)
    try:
        yield
    finally:
        lock.release()


def _let_go(lock: Any, path: Path, made: list[Path], pid: int) -> None:
    if os.getpid() != pid:  # a fork of the holder
        return
    if lock.is_locked:
        with suppress(OSError):  # while it is held, so that no other loses its own
            path.unlink()
        lock.release(force=True)
    with suppress(OSError):
        for folder in made:
            folder.rmdir()


def _owner(path: Path) -> str:
    """Say who holds a lock."""
    try:
        owner = json.loads(path.read_text("utf-8"))
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(owner["since"]))
        return f"process {int(owner['pid'])} on {owner['host']} since {since}"
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return "another process"
