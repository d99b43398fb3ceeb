"""Whether files find room, and what the system says where they do not."""

import errno
import os
import re
import shutil
import sys
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation

_TEXT_NUMBER = 10  # bytes of a number in a table, about
_SIDECAR = 4000
_DEFLATED = 0.85
"""What of float32 values of latents remains when packed, at least."""

_PACKED_ZEROS = 1 / 1030
"""What of values that are all the same remains when packed."""


def check_room(directory: Path, n_bytes: int, largest: int | None = None) -> None:
    """Raise a `UserError` where files cannot be as large as they will be at least.

    Parameters
    ----------
    directory : Path
        Where they will lie; it may be missing.
    n_bytes : int
        Of all files together.
    largest : int, optional
        Of the largest of them; as all of them where not given.
    """
    largest = n_bytes if largest is None else largest
    if not n_bytes:
        return
    free, limit = _free(directory), _file_limit()
    if n_bytes > free:
        raise UserError(
            f"{directory} needs about {n_bytes:,} bytes for the files to be written and {free:,} "
            "are free; make room or choose another disk"
        )
    if limit is not None and largest > limit:
        raise UserError(
            f"A file in {directory} needs about {largest:,} bytes and a file may have {limit:,} "
            "(ulimit -f); raise that limit"
        )


def volume_bytes(parcellation: Parcellation, n_volumes: int = 1) -> int:
    """Return how large ``.nii.gz`` volumes painted with values will be, in bytes, at least."""
    inside = parcellation.n_samples * 4 * _DEFLATED
    outside = (parcellation.labels.size - parcellation.n_samples) * 4 * _PACKED_ZEROS
    return int((inside + outside) * n_volumes)


def table_bytes(n_rows: int, n_columns: int) -> int:
    """Return how large a table of numbers in text will be, in bytes, about."""
    return n_rows * n_columns * _TEXT_NUMBER + _SIDECAR


def system_error(error: Exception) -> OSError | None:
    """Return what the system said where writing failed, None where an error is none of its.

    HDF5 and safetensors raise errors of their own that hold its number as text.
    """
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, UserError):
        if isinstance(seen, OSError) and seen.errno is not None:
            return seen
        number = re.search(r"(?:os error |errno = )(\d+)", str(seen))
        if number is not None:
            return OSError(int(number[1]), os.strerror(int(number[1])))
        handled = isinstance(seen, OSError | RuntimeError) and not seen.__suppress_context__
        seen = seen.__cause__ or (seen.__context__ if handled else None)
    return error if isinstance(error, OSError) else None


def explained(error: OSError, directory: Path, folder: Path | None, need: int) -> str:
    """Return a sentence on why files could not be written.

    Parameters
    ----------
    error : OSError
    directory : Path
        Where they were to be.
    folder : Path or None
        Where they were written first.
    need : int
        Bytes that were written before it failed.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = _free(directory)
        return (
            f"The disk of {directory} is full: more than {max(need, free):,} bytes are needed and "
            f"{free:,} are free; existing files are kept"
        )
    if error.errno == errno.EFBIG:
        limit = _file_limit()
        allowed = f" of {limit:,} bytes (ulimit -f)" if limit is not None else ""
        return (
            f"{directory} cannot be written: a file is larger than the limit{allowed}; raise it; "
            "existing files are kept"
        )
    path = Path(os.fsdecode(error.filename)) if _is_path(error.filename) else directory
    if folder is not None and path.is_relative_to(folder):
        path = directory / path.relative_to(folder)
    why = error.strerror or str(error) or type(error).__name__
    return f"{path} cannot be written ({why}); existing files are kept"


def _free(directory: Path) -> int:
    """Return the bytes that are free where a folder lies, or will."""
    while not directory.exists():
        directory = directory.parent
    return shutil.disk_usage(directory).free


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes)


def _file_limit() -> int | None:
    """Return how many bytes a file of this process may have, None where there is no limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if limit == resource.RLIM_INFINITY else limit
