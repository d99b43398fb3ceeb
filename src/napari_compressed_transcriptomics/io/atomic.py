"""Writing so that nothing is lost: complete files appear at once, or nothing does."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError

from .files import read_json

_WRITTEN_BY = "written_by"


def check_writable(path: str | Path) -> None:
    """Raise a `UserError` unless a file (or files in a folder) can be written at `path`.

    Call it before long work: a folder or file that is not there yet is judged by the nearest
    folder that is.
    """
    path = Path(path)
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if nearest != path and not nearest.is_dir():
        raise UserError(f"{nearest} is a file, so nothing can be written below it; choose a folder")
    # The mode is looked at too, as the superuser may write what is marked read-only.
    if not os.access(nearest, os.W_OK) or not nearest.stat().st_mode & 0o222:
        raise UserError(f"{nearest} is read-only; choose another place or change its permissions")


def check_targets(directory: str | Path, names: Iterable[str]) -> None:
    """Raise a `UserError` unless files of these names can be written in `directory`."""
    directory = Path(directory)
    check_writable(directory)
    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory} is a file where a folder is needed; choose another name")
    for name in names:
        check_writable(directory / name)
        if (directory / name).is_dir():
            raise UserError(f"{directory / name} is a folder; choose another name")


def refuse_overwriting(paths: Iterable[str | Path], source: dict[str, Any]) -> None:
    """Raise a `UserError` where a path to be written is one that was read.

    `source` is `Expression.source`: ``{role: {"path": ..., "sha256": ...}}``.
    """
    read = {
        Path(entry["path"]).resolve()
        for entry in source.values()
        if isinstance(entry, dict) and isinstance(entry.get("path"), str)
    }
    for path in paths:
        if Path(path).resolve() in read:
            raise UserError(f"{path} is an input of this very result; choose another name")


def check_sidecar(path: Path) -> None:
    """Raise a `UserError` where writing the sidecar would replace one that is not ours.

    A table's own ``NAME.json`` names its atlas: a volume written as NAME must not take it.
    """
    if path.exists() and _WRITTEN_BY not in read_json(path):
        raise UserError(f"{path.name} is not ours and would be replaced; choose another name")


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a sidecar or summary, marked as ours."""
    from napari_compressed_transcriptomics import __version__

    record = {**content, _WRITTEN_BY: f"napari-compressed-transcriptomics {__version__}"}
    path.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


@contextmanager
def replacing_files(directory: str | Path, names: Iterable[str]) -> Iterator[Path]:
    """Give a temporary folder, whose files then replace those of the same name at once.

    The folder lies inside `directory` (made where it is missing), so that moving is renaming.
    Whatever goes wrong before the end leaves the old files as they were and nothing new.

    Parameters
    ----------
    directory : str or Path
    names : iterable of str
        The names of the files that will be written.

    Raises
    ------
    UserError
        A target is read-only or a folder (before anything is written), or the disk is full.
    """
    directory, names = Path(directory), list(names)
    check_targets(directory, names)
    made = [p for p in (directory, *directory.parents) if not p.exists()]
    folder = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=directory))
        yield folder
        written = sorted(folder.iterdir())
        for path in written:
            _to_disk(path)
        for path in written:
            os.replace(path, directory / path.name)
        if os.name == "posix":
            _to_disk(directory)
        made = []
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            need = sum(path.stat().st_size for path in folder.iterdir()) if folder else 0
            raise UserError(
                f"The disk of {directory} is full: more than {need:,} bytes are needed and "
                f"{shutil.disk_usage(directory).free:,} are free; existing files are kept"
            ) from None
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise UserError(f"{directory} cannot be written ({error.strerror})") from None
        raise
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # a folder made here is removed again, unless it holds files
            for path in made:
                path.rmdir()


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path; the file written there replaces `path` at once, or not at all.

    Raises
    ------
    UserError
        As `replacing_files`.
    """
    path = Path(path)
    with replacing_files(path.parent, [path.name]) as folder:
        yield folder / path.name


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
