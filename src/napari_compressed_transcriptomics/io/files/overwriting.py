"""Where files may be written: never over what was read, or what is not ours."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError

from .disk_space import check_room
from .files import WRITTEN_BY, read_json
from .unfinished import LONGEST_NAME


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
