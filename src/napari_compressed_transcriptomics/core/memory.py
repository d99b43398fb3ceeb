"""How much memory can be taken, and refusing work that would need more."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
        raise too_little_memory(n_bytes, available, what, instead)


def too_little_memory(n_bytes: int, available: int, what: str, instead: str = "") -> UserError:
    """Return the error of `require_memory`."""
    return UserError(
        f"{what} needs {_size(n_bytes)} of memory and {_size(available)} are available; "
        f"{instead or 'use a smaller file or a larger machine'}"
    )


@contextmanager
def memory_reported(what: str, instead: str = "") -> Iterator[None]:
    """Turn memory that runs out meanwhile into a `UserError`; see `require_memory`."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        raise UserError(no_memory(what, error, instead)) from None


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception of numpy or PyTorch (CUDA, MPS, CPU) means out of memory."""
    if isinstance(error, MemoryError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        said in words for said in ("out of memory", "not enough memory", "can't allocate memory")
    )


def no_memory(what: str, error: BaseException, instead: str = "") -> str:
    """Return in a sentence that memory ran out: what was asked for, and what is available."""
    asked = re.search(r"allocate:? ([\d.]+ (?:bytes|[KMGT]i?B))", str(error))
    need = f"needs {asked[1]} more memory" if asked else "needs more memory than there is"
    return (
        f"{what} {need}, {_size(available_memory())} are available; "
        f"{instead or 'close other programs, or use a larger machine'}"
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
