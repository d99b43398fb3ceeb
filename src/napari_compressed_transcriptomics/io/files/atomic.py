"""Writing so that nothing is lost: complete files appear at once, or nothing does."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError

from .csv_style import SAFE, Style
from .disk_space import check_room, explained, system_error
from .files import OURS, WRITTEN_BY, read_json
from .locks import renaming
from .unfinished import LONGEST_NAME, is_unfinished, unfinished_folder


def check_writable(path: str | Path) -> None:
    """Raise a `UserError` unless a file (or files in a folder) can be written at `path`.

    Call it before long work: a folder or file that is not there yet is judged by the nearest
    folder that is.
    """
    path = Path(path)
    if "\0" in str(path):
        raise UserError(f"{str(path)!r} is not a valid file path; choose another name")
    try:
        if not path.is_absolute():
            Path.cwd()
        _check_nearest(path)
    except FileNotFoundError:
        raise UserError(
            f"{path} cannot be written as the working folder is gone; change to another one"
        ) from None
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise UserError(f"{path} cannot be written ({error.strerror}); choose another") from None


def _check_nearest(path: Path) -> None:
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if nearest != path and not nearest.is_dir():
        raise UserError(f"{nearest} is a file, so nothing can be written below it; choose a folder")
    # The mode is looked at too, as the superuser may write what is marked read-only.
    if not os.access(nearest, os.W_OK) or not nearest.stat().st_mode & 0o222:
        raise UserError(f"{nearest} is read-only; choose another place or change its permissions")


def check_targets(
    directory: str | Path,
    names: Sequence[str],
    source: dict[str, Any] | None = None,
    n_bytes: int = 0,
    largest: int | None = None,
) -> None:
    """Raise a `UserError` unless files of these names can be written in `directory`.

    Parameters
    ----------
    directory : str or Path
    names : sequence of str
    source : dict, optional
        What was read, which must stay: see `refuse_overwriting`.
    n_bytes, largest : int, optional
        At least so much they take together, and the largest of them; see `disk_space.check_room`.
    """
    directory = Path(directory)
    check_writable(directory)
    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory} is a file where a folder is needed; choose another name")
    for name in names:
        check_writable(directory / name)
        check_writable(directory / LONGEST_NAME / name)  # where it is written first
        if (directory / name).is_dir():
            raise UserError(f"{directory / name} is a folder; choose another name")
    refuse_overwriting([directory / name for name in names], source or {})
    check_room(directory, n_bytes, largest)


def refuse_overwriting(paths: Iterable[str | Path], source: dict[str, Any]) -> None:
    """Raise a `UserError` where a path to be written is one that was read, or lies among those.

    `source` is `Expression.source`: ``{role: {"path": ..., "sha256": ...}}``. Where its path is a
    folder, all in it was read, or only what ``"files"`` lists.
    """
    read, folders = set(), set()
    for entry in source.values():
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            continue
        # other than `Path.resolve`, `realpath` takes links that go round in circles
        path = os.path.realpath(entry["path"])
        if "files" in entry:
            read |= {os.path.realpath(os.path.join(path, name)) for name in entry["files"]}
        elif os.path.isdir(path):
            folders.add(path)
        else:
            read.add(path)
    for path in paths:
        real = os.path.realpath(path)
        if real in read:
            raise UserError(f"{path} is an input of this result; choose another name")
        if folders & {str(above) for above in Path(real).parents}:
            raise UserError(
                f"{path} would lie among the files of its own input; choose another folder"
            )


def check_sidecar(path: Path) -> None:
    """Raise a `UserError` where writing the sidecar would replace one that is not ours.

    A table's own ``NAME.json`` names its atlas: a volume written as NAME must not take it.
    """
    if path.exists() and WRITTEN_BY not in read_json(path):
        raise UserError(
            f"{path.name} was not written by this program and would be replaced; choose another "
            "name"
        )


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
