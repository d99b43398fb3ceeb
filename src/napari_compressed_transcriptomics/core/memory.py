"""How much memory can be taken, and refusing work that would need more."""

import sys
from pathlib import Path

from .errors import UserError

_CGROUP = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60
_PROGRAM = 1 << 30
"""Address space of Python with all that is imported for the smallest work, measured: 1.1 GB."""


def available_memory() -> int:
    """Return the bytes that this process can take: the least of what three limits leave.

    These are the machine's memory, that of the container (Linux control groups), and the limit
    of this process's address space (``ulimit -v``).
    """
    import psutil

    return max(0, min(psutil.virtual_memory().available, _left_in_container(), _left_to_process()))


def require_memory(n_bytes: int, what: str, instead: str = "") -> None:
    """Raise a `UserError` where `n_bytes` are more than the memory that can be taken.

    Parameters
    ----------
    n_bytes : int
        Needed beyond what is taken already.
    what : str
        What needs it, as the subject of a sentence.
    instead : str, optional
        What to do instead; by default a smaller file or a larger machine.
    """
    available = available_memory()
    if n_bytes > available:
        raise UserError(
            f"{what} needs {_size(n_bytes)} of memory and {_size(available)} are available; "
            f"{instead or 'use a smaller file or a larger machine'}"
        )


def require_room_for_program() -> None:
    """Raise a `UserError` where the limit of the address space does not even hold libraries.

    Some of them hang instead of failing.
    """
    limit = _address_space()
    if limit < _PROGRAM:
        raise UserError(
            f"This process is limited to {_size(limit)} of address space (ulimit -v), and the "
            f"program itself needs {_size(_PROGRAM)}; raise the limit"
        )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 5e7 else f"{n_bytes / 1e6:,.1f} MB"


def _left_in_container() -> int:
    """Return what the control group leaves; version 2, else 1; files in its cache can go."""
    try:
        limit, used, cached = _group_v2() or _group_v1()
    except (OSError, ValueError, IndexError):  # no Linux, or no control groups
        return _UNLIMITED
    return limit - used + cached


def _group_v2() -> tuple[int, int, int] | None:
    folder = _CGROUP
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            folder = _CGROUP / line[3:].lstrip("/")
    if not (folder / "memory.max").is_file():
        folder = _CGROUP  # inside a container the group's own path is not seen
    if not (folder / "memory.max").is_file():
        return None
    limit = (folder / "memory.max").read_text().strip()
    used = int((folder / "memory.current").read_text())
    return (_UNLIMITED if limit == "max" else int(limit)), used, _cached(folder, "inactive_file")


def _group_v1() -> tuple[int, int, int]:
    folder = _CGROUP / "memory"
    limit = int((folder / "memory.limit_in_bytes").read_text())
    used = int((folder / "memory.usage_in_bytes").read_text())
    return limit, used, _cached(folder, "total_inactive_file")


def _cached(folder: Path, name: str) -> int:
    for line in (folder / "memory.stat").read_text().splitlines():
        if line.split()[0] == name:
            return int(line.split()[1])
    return 0


def _left_to_process() -> int:
    """Return what the limit of the address space leaves to this process."""
    limit = _address_space()
    if limit == _UNLIMITED:
        return _UNLIMITED
    import psutil

    return limit - psutil.Process().memory_info().vms


def _address_space() -> int:
    """Return the limit of this process's address space."""
    if sys.platform == "win32":
        return _UNLIMITED
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return _UNLIMITED if limit == resource.RLIM_INFINITY else limit
