"""What is true of every file: names, sidecars, hashes, and saying what a file really is."""

import gzip
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import Any, BinaryIO

from napari_compressed_transcriptomics.core.errors import UserError, shortened
from napari_compressed_transcriptomics.core.provenance import file_sha256

from .zip_member import member_of, member_size, open_member

NIFTI = (".nii.gz", ".nii")
TEXT_TABLE = (".csv.gz", ".tsv.gz", ".csv", ".tsv")
PARQUET = (".parquet",)
H5AD = (".h5ad",)
STORE = (".zarr",)
MODELS = (".safetensors", ".pt", ".pth")
SESSION = (".session.json",)
_LABELS = (".csv", ".tsv", ".txt")
OURS, WRITTEN_BY = "napari-compressed-transcriptomics", "written_by"
"""What our sidecars hold, and under which key."""
_MAX_JSON = 16_000_000  # bytes of a sidecar; ours with the symbols of all genes have 400,000

# Enough of a file's beginning to say in a message what it is.
_SIGNATURES = (
    (b"\x1f\x8b", "a gzip file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip file or Excel workbook"),
    (b"\x89PNG", "a PNG picture"),
    (b"version https://git-lfs", "a git-LFS pointer whose real file was not fetched"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"\x5c\x01\x00\x00", "an uncompressed NIfTI file"),
    (b"\x00\x00\x01\x5c", "an uncompressed NIfTI file"),
)


def suffix(path: str | Path, suffixes: tuple[str, ...]) -> str:
    """Return which of `suffixes` the file's name ends with (any case), or an empty string."""
    name = Path(path).name.lower()
    return next((end for end in suffixes if name.endswith(end)), "")


def stem(path: str | Path) -> str:
    """Return the file's name without its ending; ``.nii.gz`` and ``.csv.gz`` are one ending."""
    path = Path(path)
    end = suffix(path, NIFTI + TEXT_TABLE + PARQUET + H5AD) or path.suffix
    return path.name[: len(path.name) - len(end)] if end else path.name


def beside(path: str | Path, ending: str) -> Path:
    """Return the path of ``NAME`` + `ending` in the same folder, where NAME is the stem."""
    return Path(path).with_name(stem(path) + ending)


def existing_file(path: str | Path) -> Path:
    """Return `path`; a `UserError` where there is no file with content that can be read.

    That is: it is missing, a folder, a pipe, socket or device, empty, or a git-LFS pointer. It may
    lead into a zip archive, see `zip_member`.
    """
    path = Path(path)
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise UserError(f"{str(path)!r} is not a valid file path; check it")
    if member := member_of(path):
        if not member_size(existing_file(member[0]), member[1]):
            raise UserError(f"{path.name} in {member[0].name} is empty; get the file again")
        return path
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UserError(f"{path} is a folder; choose a file in it")
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for its other end
            raise UserError(f"{path} is {_kind_of(status.st_mode)}; choose a file")
        size = status.st_size
        with open(path, "rb") as file:
            start = file.read(32)
    except OSError as error:
        raise _unreadable(path, error) from None
    if not size:
        raise UserError(f"{path.name} is empty; get the file again")
    if start.startswith(b"version https://git-lfs"):
        raise UserError(f"{path.name} is {looks_like(start)}; run git lfs pull")
    return path


def _unreadable(path: Path, error: OSError) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"There is no file {path}; check the path")
    return UserError(
        f"{path} cannot be read ({error.strerror}); check its name and its permissions"
    )


def _kind_of(mode: int) -> str:
    """Say what is no file: a pipe, a socket or a device."""
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def state_of(path: Path) -> tuple[int, int]:
    """Return a file's size in bytes and time of change in ns: other ones where it changed.

    A file that is gone has 0 and 0. One within a zip archive has its own size, unpacked.
    """
    try:
        if member := member_of(path):
            return member_size(*member), member[0].stat().st_mtime_ns
        status = path.stat()
    except (OSError, UserError):
        return 0, 0
    return status.st_size, status.st_mtime_ns


def check_unchanged(path: Path, state: tuple[int, int]) -> None:
    """Raise a `UserError` where a file is not in the state any more that it was in before."""
    if state_of(path) != state:
        raise UserError(f"{path.name} changed while it was read; open it again once it is complete")


def looks_like(start: bytes) -> str:
    """Say in a few words what a file with these first bytes is."""
    for signature, what in _SIGNATURES:
        if start.startswith(signature):
            return what
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in start)
    return "text" if start and printable > 0.9 * len(start) else "of unknown content"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, unpacking it where its name ends in ``.gz``.

    It may lie in a zip archive.

    Damage found while reading (a cut or corrupt gzip stream) becomes a `UserError`. Reading
    a gzip file to its very end is what makes its checksum be checked.
    """
    packed, member = path.name.lower().endswith(".gz"), member_of(path)
    try:
        opened_file = open_member(*member) if member else open(path, "rb")  # noqa: SIM115
    except OSError as error:  # since it was looked at
        raise _unreadable(path, error) from None
    with opened_file as file:
        try:
            start = file.read(32)
            if packed != start.startswith(b"\x1f\x8b"):
                better = path.name[:-3] if packed else f"{path.name}.gz"
                what = looks_like(start)
                hint = "" if packed and "NIfTI" not in what else f" or rename it to {better}"
                raise UserError(
                    f"{path.name} is {'not gzip but ' if packed else ''}{what}; get the file "
                    f"again{hint}"
                )
            file.seek(0)
            yield gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[arg-type,misc]
        except EOFError:
            raise UserError(
                f"{path.name} is cut short: its gzip stream ends early after "
                f"{state_of(path)[0]} bytes; get the file again"
            ) from None
        except (zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise UserError(
                f"{path.name} is damaged ({str(error)[:60]}); get the file again"
            ) from None


def read_json(path: Path) -> dict[str, Any]:
    """Return a sidecar's content, ``{}`` where there is no such file.

    A `UserError` names a sidecar that is not a JSON object, or too large for one.
    """
    if not path.is_file():
        return {}
    try:
        with open(path, "rb") as file:
            raw = file.read(_MAX_JSON + 1)
        content = json.loads(raw.decode("utf-8-sig")) if len(raw) <= _MAX_JSON else None
    except (OSError, ValueError, RecursionError):
        raise UserError(f"{path.name} is not readable as JSON; fix or remove it") from None
    if len(raw) > _MAX_JSON:
        raise UserError(
            f"{path.name} is larger than {_MAX_JSON:,} bytes, too large for a sidecar; remove it"
        )
    if not isinstance(content, dict):
        raise UserError(f"{path.name} is not a JSON object ({{...}}); fix or remove it")
    return content


def atlas_of(
    path: Path, atlas: str | Path | None = None, labels: str | Path | None = None
) -> tuple[Path | None, Path | None]:
    """Find the atlas and the label table that belong to a table (or volume) of expression.

    What is given explicitly wins. Then the sidecar ``NAME.json`` with ``{"atlas": ...,
    "labels": ...}``, paths of files beside the sidecar or below; then ``NAME_atlas.nii.gz`` (or
    ``.nii``) and ``NAME_labels.csv`` (``.tsv``, ``.txt``) beside the table. A label table may
    also lie beside the atlas as ``ATLAS_labels.*``, where the atlas's resolution and space may be
    missing from the name (``dk_2mm.nii.gz`` has ``dk_labels.csv``).

    Returns
    -------
    atlas, labels : Path or None
        None where there is none.

    Raises
    ------
    UserError
        The sidecar names a file elsewhere.
    """
    path = Path(path)
    sidecar = beside(path, ".json")
    record = read_json(sidecar)

    def named(key: str) -> Path | None:
        value = record.get(key)
        return _below(sidecar, value, key) if isinstance(value, str) and value else None

    found_atlas = Path(atlas) if atlas else named("atlas")
    if found_atlas is None:
        found_atlas = next(filter(Path.is_file, (beside(path, f"_atlas{e}") for e in NIFTI)), None)
    found_labels = Path(labels) if labels else None
    # The sidecar's label table belongs to the sidecar's atlas, not to another one.
    if found_labels is None and (
        atlas is None or found_atlas == path.parent / str(record.get("atlas"))
    ):
        found_labels = named("labels")
    if found_labels is None and found_atlas is not None:
        candidates = [] if atlas else [beside(path, f"_labels{end}") for end in _LABELS]
        parts = stem(found_atlas).split("_")
        while parts:
            candidates += [found_atlas.with_name("_".join(parts) + f"_labels{e}") for e in _LABELS]
            if not _is_space_or_resolution(parts.pop()):
                break
        # A link to nowhere or a folder in its place is told rather than passed over.
        found_labels = next(filter(os.path.lexists, candidates), None)
    return found_atlas, found_labels


def _below(sidecar: Path, name: str, key: str) -> Path:
    """Return the path of a file that a sidecar names: beside it or below.

    Sidecars come with data, from anybody, and are not to choose among all files of the machine.
    """
    folder = sidecar.parent
    within = not name.startswith(("/", "\\", "~")) and "://" not in name
    try:
        within &= not PureWindowsPath(name).drive
        within &= (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, zero bytes
        within = False
    if not within:
        raise UserError(
            f"{sidecar.name} names {shortened(name, 60)!r} as its {key}, which is neither next to "
            "it nor below it; if you trust it, choose it yourself (--atlas and --labels, or Open "
            "expression table)"
        )
    return folder / name


def _is_space_or_resolution(part: str) -> bool:
    part = part.lower()
    return part.startswith(("mni", "space-", "res-")) or (part[:1].isdigit() and part[-2:] == "mm")


def source_of(path: Path, state: tuple[int, int] | None = None, digest: str = "") -> dict[str, str]:
    """Return a file's resolved path and SHA-256, for `Expression.source`.

    Parameters
    ----------
    path : Path
    state : tuple of int, optional
        What `state_of` said before the file was read.
    digest : str, optional
        The file's SHA-256, where it is known since then.

    Raises
    ------
    UserError
        The file is not in that state any more; or it is a NIfTI file of ours and not as it was
        written: its sidecar knows its hash.
    """
    digest = digest or file_sha256(path)
    if state is not None:
        check_unchanged(path, state)
    sidecar = beside(path, ".json")
    if _written_sha256(path, sidecar) not in (None, digest):
        raise UserError(
            f"{path.name} has changed since it was written: its SHA-256 is not that in "
            f"{sidecar.name}; get it again, or remove {sidecar.name} where the change was meant"
        )
    return {"path": str(path.resolve()), "sha256": digest}


def _written_sha256(path: Path, sidecar: Path) -> str | None:
    """Return the hash that our writer put into a volume's sidecar, None where it is not known."""
    if not suffix(path, NIFTI):
        return None
    try:
        record = read_json(sidecar)
    except UserError:  # another's, and no concern of the volume
        return None
    # NAME.nii and NAME.nii.gz have one sidecar: packed or unpacked since, the bytes are others.
    same_kind = suffix(str(record.get("file")), NIFTI) in ("", suffix(path, NIFTI))
    ours = str(record.get(WRITTEN_BY)).startswith(OURS)
    digest = record.get("sha256")
    return digest if ours and same_kind and isinstance(digest, str) else None
