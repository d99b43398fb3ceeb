"""What this process takes, where the system tells (Linux); elsewhere nothing is measured."""

from contextlib import suppress
from pathlib import Path

_SELF = Path("/proc/self")
_MORE = 2 << 30


def peak() -> int:
    """Return the most memory that was taken since `reset_peak`, in bytes; 0 where not known."""
    try:
        text = (_SELF / "status").read_text()
    except OSError:
        return 0
    return next(int(li.split()[1]) << 10 for li in text.splitlines() if li.startswith("VmHWM"))


def reset_peak() -> None:
    """Have `peak` start from what is taken now."""
    with suppress(OSError):
        (_SELF / "clear_refs").write_text("5")


def bytes_read() -> int:
    """Return how many bytes were read from files so far; 0 where not known."""
    try:
        return int((_SELF / "io").read_text().split()[1])
    except OSError:
        return 0


def limit() -> None:
    """Let this process take 2 GB more than it has, so that a case cannot take the machine."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        taken = int((_SELF / "statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (taken + _MORE, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
