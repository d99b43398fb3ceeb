"""Folders of writing that is not finished: whose they are, and removing those of dead processes."""

import hashlib
import os
import platform
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PREFIX = ".unfinished-"
LONGEST_NAME = PREFIX + "x" * 48
"""As long as the name of such a folder can become."""

SECONDS_KEPT = 24 * 3600.0
"""How long a folder stays whose process cannot be asked for: of another machine, or unnamed."""

_SECONDS_APART = 2  # the clock that start times are told by may be set


def unfinished_folder(directory: Path) -> Path:
    """Make a folder for unfinished files in `directory`; those of dead processes are removed.

    Its name, ``.unfinished-HOST-PID-START-...``, tells whose it is; HOST is a hash.
    """
    import psutil

    remove_leftovers(directory)
    start = int(psutil.Process().create_time())
    name = f"{PREFIX}{_host()}-{os.getpid()}-{start}-"
    return Path(tempfile.mkdtemp(prefix=name, dir=directory))


def is_unfinished(directory: Path) -> bool:
    """Return whether a folder is one that `unfinished_folder` made."""
    return directory.name.startswith(PREFIX)


def remove_leftovers(directory: Path) -> None:
    """Remove the folders of unfinished files in `directory` whose processes do not live."""
    for folder in directory.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another process removes it, too
            if not folder.is_symlink() and folder.is_dir() and _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    host, *numbers = folder.name.removeprefix(PREFIX).split("-")
    if host == _host() and len(numbers) >= 2 and all(map(str.isdecimal, numbers[:2])):
        return not _lives(*map(int, numbers[:2]))
    return time.time() - folder.stat().st_mtime > SECONDS_KEPT


def _host() -> str:
    """Return a short hash of what process ids are unique in: a machine, or a container."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:  # no Linux
        space = ""
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:8]


def _lives(pid: int, start: int) -> bool:
    import psutil

    try:
        return abs(psutil.Process(pid).create_time() - start) <= _SECONDS_APART
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # it is another user's and may not be asked
        return True
