"""Writing so that nothing is lost: complete files appear at once, or nothing does."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError

from .csv_style import SAFE, Style
from .disk_space import explained, system_error
from .files import OURS, WRITTEN_BY
from .locks import renaming
from .overwriting import check_targets
from .unfinished import is_unfinished, unfinished_folder


def write_json(path: Path, content: dict[str, Any], style: Style = SAFE) -> None:
    """Write a sidecar or summary, marked as ours; numbers that JSON lacks are null."""
    from napari_compressed_transcriptomics import __version__

    folder = path.parent.parent if is_unfinished(path.parent) else path.parent
    record = style.record(content, folder)
    record[WRITTEN_BY] = f"{OURS} {__version__}"
    path.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", "utf-8")


@contextmanager
def replacing_files(
    directory: str | Path,
    names: Iterable[str],
    last: str | None = None,
    outdated: Iterable[str] = (),
) -> Iterator[Path]:
    """Give a temporary folder, whose files then replace those of the same name.

    The folder lies inside `directory` (made where it is missing), so that moving is renaming.
    Whatever goes wrong before the end leaves the old files as they were and nothing new. Of
    two processes that write several files into one folder, one waits until the other has
    renamed all of its own.

    Within another such temporary folder, files are written right into it.

    Parameters
    ----------
    directory : str or Path
    names : iterable of str
        The names of the files that will be written.
    last : str, optional
        The file that is renamed last: a record of the others, see `belonging`.
    outdated : iterable of str, optional
        Files that belong to none of the new ones: removed right before those are renamed.

    Raises
    ------
    UserError
        A target is read-only or a folder (before anything is written), or it cannot be written:
        the disk is full, a limit is reached, or whatever else the system says.
    """
    directory, names, outdated = Path(directory), list(names), list(outdated)
    if is_unfinished(directory):
        yield directory
        return
    check_targets(directory, [*names, *outdated])
    made = [p for p in (directory, *directory.parents) if not p.exists()]
    folder = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        folder = unfinished_folder(directory)
        yield folder
        written = sorted(folder.iterdir(), key=lambda path: (path.name == last, path.name))
        for path in written:
            _to_disk(path)
        with renaming(directory) if len(written) > 1 else nullcontext():
            for name in outdated:
                (directory / name).unlink(missing_ok=True)
            for path in written:
                os.replace(path, directory / path.name)
        if os.name == "posix":
            _to_disk(directory)
        made = []
    except Exception as error:
        failure = system_error(error)
        if failure is None:
            raise
        need = sum(path.stat().st_size for path in folder.iterdir()) if folder else 0
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise UserError(explained(failure, directory, folder, need)) from None
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
