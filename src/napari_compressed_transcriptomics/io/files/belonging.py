"""Whether the files of a folder belong together: a record written last holds their hashes."""

import hashlib
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import file_sha256

KEY = "files"
UNKNOWN = "An older version wrote this folder: whether its files belong together is not recorded"


def fingerprints(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size in bytes and SHA-256 of each file in a folder, by its name."""
    return {
        path.name: {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
        for path in sorted(folder.iterdir())
    }


def check_belonging(path: Path, record: dict[str, Any], again: str) -> bool:
    """Raise a `UserError` unless the files beside a record are those it was written with.

    Call it once the files are read: then it sees also that they were replaced meanwhile.

    Parameters
    ----------
    path : Path
        Of the record.
    record : dict
        Its content.
    again : str
        What to do where a file does not belong, as the end of a sentence.

    Returns
    -------
    bool
        False where the record, of an older version, does not tell.
    """
    if KEY not in record:
        return False
    for name, recorded in _recorded(path, record).items():
        file = path.with_name(name)
        if not file.is_file():
            raise UserError(f"{file} is missing, which belongs to {path.name}; {again}")
        if recorded != {"bytes": file.stat().st_size, "sha256": file_sha256(file)}:
            raise unlike(file, path, again)
    return True


def grown(path: Path, record: dict[str, Any], name: str) -> bool:
    """Return whether a file beside a record is the one it was written with, or begins with it.

    It only begins with it where a process was ended after it had written the file, and before
    it had written the record.
    """
    recorded, file = _recorded(path, record).get(name), path.with_name(name)
    if recorded is None:
        return True
    with open(file, "rb") as content:
        return hashlib.sha256(content.read(recorded["bytes"])).hexdigest() == recorded["sha256"]


def unlike(file: Path, path: Path, again: str) -> UserError:
    """Return the error that says that a file does not belong to the record at `path`."""
    return UserError(
        f"{file.name} does not belong to the {path.name} next to it (it was changed or comes from "
        f"another result); {again}"
    )


def _recorded(path: Path, record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    files = record.get(KEY, {})
    for name, recorded in files.items() if isinstance(files, dict) else [("", None)]:
        if (
            not name
            or Path(name).name != name
            or not isinstance(recorded, dict)
            or type(recorded.get("bytes")) is not int
            or not isinstance(recorded.get("sha256"), str)
        ):
            raise UserError(f"{path} does not state the hashes of its files; save it again")
    return files
