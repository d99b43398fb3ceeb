"""What made a result: versions, hashes of inputs, and paths that tell of nobody."""

import hashlib
import math
import os
import platform
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from .lazy_values import Values, row_blocks
from .progress import Progress, Report, silent

_PATHS = ("path", "model")
_HASHED = 1 << 20  # bytes at a time


_COMPUTING = ("napari-compressed-transcriptomics", "numpy", "torch", "scikit-learn", "nibabel")


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of what computes its results."""
    return {"python": platform.python_version(), **dict(_installed())}


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    """Read them once: with each fit it takes milliseconds."""
    return tuple((name, version(name)) for name in _COMPUTING)


def file_sha256(path: str | Path, stop: Callable[[], bool] = lambda: False) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; of its beginning once `stop` says so.

    Other threads run meanwhile.
    """
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_HASHED))
    with open(path, "rb", buffering=0) as file:
        while (n := file.readinto(buffer)) and not stop():
            digest.update(buffer[:n])
    return digest.hexdigest()


def git_blob_id(path: str | Path) -> str:
    """Return the id that git gives a file: SHA-1 of "blob", its size, a zero byte, its bytes."""
    digest = hashlib.sha1(f"blob {Path(path).stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def blob_id(content: bytes) -> str:
    """Return the `git_blob_id` of a file with this content."""
    digest = hashlib.sha1(f"blob {len(content)}\0".encode(), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def array_sha256(*arrays: np.ndarray) -> str:
    """Return the SHA-256 over shapes, dtypes and bytes of arrays, in hexadecimal."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def values_sha256(values: Values) -> str:
    """Return the `array_sha256` of expression values, which may be lazy."""
    if isinstance(values, np.ndarray):
        return array_sha256(values)
    return values.sha256 or rows_sha256(values)


def rows_sha256(
    values: Values,
    report: Report = silent,
    also: Callable[[np.ndarray], object] = lambda rows: None,
) -> str:
    """Return the `array_sha256` of values that are read in blocks of rows, which `also` gets."""
    digest = hashlib.sha256(f"{values.shape}{values.dtype.str}".encode())
    for first, rows in row_blocks(values):
        digest.update(np.ascontiguousarray(rows).data)
        also(rows)
        report(Progress("Checking", first + len(rows), len(values)))
    return digest.hexdigest()


def portable(value: Any, folder: Path | None = None) -> Any:
    """Return a JSON-safe record whose paths neither hold on one machine only nor tell of a user.

    Absolute ones (``path`` of a source, ``model`` of the parameters) become relative to
    `folder`, or just the file's name where there is no folder, on another drive, or where the
    way to it leads through the user's name. Elsewhere in text the home folder becomes ``~``.
    """
    if isinstance(value, dict):
        return {
            key: portable_path(part, folder)
            if key in _PATHS and isinstance(part, str)
            else portable(part, folder)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [portable(part, folder) for part in value]
    home = _home()
    if not isinstance(value, str) or not home or home not in value:
        return value
    return re.sub(rf"{re.escape(home)}(?![\w.-])", "~", value)


def json_safe(value: Any) -> Any:
    """Return a record without the numbers that JSON lacks: None for NaN and infinities."""
    if isinstance(value, dict):
        return {key: json_safe(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def portable_path(path: str, folder: Path | None) -> str:
    """Return one path as `portable` writes it."""
    if not os.path.isabs(path):
        foreign = re.match(r"[A-Za-z]:[\\/]|\\\\", path)  # written on Windows, read elsewhere
        return PureWindowsPath(path).name if foreign else path
    name = Path(path).name
    if folder is None:
        return name
    try:
        way = Path(os.path.relpath(path, folder.resolve()))
    except ValueError:  # another drive of Windows
        return name
    above = Path(os.path.commonpath([path, folder.resolve()]))
    home = Path(_home() or Path(path).anchor)
    tells = above == Path(above.anchor) or above in home.parents or home.name in way.parts
    return name if tells else way.as_posix()


def _home() -> str:
    """Return the home folder, empty where there is none."""
    home = os.path.expanduser("~")
    return home if os.path.isabs(home) and home != Path(home).anchor else ""
