"""What went wrong, in one line and an exit code; what nobody foresaw is written to a report."""

import errno
import os
import sys
from collections.abc import Iterator, Sequence

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.fault_report import write_report
from napari_compressed_transcriptomics.core.installation import import_problem

THEIRS = 2
"""The exit code where input, settings or surroundings are at fault."""
OURS = 70
"""The exit code where the program is (EX_SOFTWARE of sysexits.h)."""
_NO_MEMORY = (
    "cannot allocate memory",
    "can't allocate memory",
    "failed to map segment",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "can't start new thread",
)


def explained(error: Exception, arguments: Sequence[str], warned: Sequence[str]) -> tuple[int, str]:
    """Return the exit code and the line for an exception that ended a command.

    What is no fault of the user or of their surroundings is written to a report, too.

    Parameters
    ----------
    error : Exception
    arguments : sequence of str
        Of the command, for the report.
    warned : sequence of str
        Warnings of libraries until then, for the report.
    """
    if isinstance(error, UserError):
        return THEIRS, str(error)
    if lacking := next(filter(_lacks_memory, _chain(error)), None):
        return THEIRS, (
            f"There is not enough memory ({str(lacking) or type(lacking).__name__}); close other "
            "programs, raise the limit of this one (ulimit -v), or use smaller data"
        )
    if (problem := import_problem(error)) is not None:
        return THEIRS, problem
    if isinstance(error, OSError) and error.errno is not None:
        return THEIRS, _of_the_system(error)
    encoding = sys.getfilesystemencoding()
    if isinstance(error, UnicodeEncodeError) and encoding != "utf-8":
        return THEIRS, (
            f"{error.object} cannot be a file name in the encoding {encoding}; set the "
            "environment variable PYTHONUTF8 to 1"
        )
    words = "; ".join(filter(None, [str(error), *getattr(error, "__notes__", ())]))
    path = write_report(error, {"arguments": list(arguments), "warnings": list(warned)})
    where = f"a full report is in {path}" if path else "a full report could not be written"
    return OURS, f"unexpected error: {type(error).__name__}: {words}; {where}"


def interrupted(error: BaseException) -> bool:
    """Tell whether it came of Ctrl-C, which libraries may turn into an error of their own."""
    return any(isinstance(one, KeyboardInterrupt) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those that it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _lacks_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    said = str(error).lower()
    return isinstance(error, ImportError | OSError | RuntimeError) and any(
        words in said for words in _NO_MEMORY
    )


def _of_the_system(error: OSError) -> str:
    if error.filename is None:
        return f"The system refused ({error.strerror}); check disks, permissions and limits"
    return (
        f"{os.fsdecode(error.filename)} cannot be used ({error.strerror}); check the path, its "
        "permissions, and the space on its disk"
    )
