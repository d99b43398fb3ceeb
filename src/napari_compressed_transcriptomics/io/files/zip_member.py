"""Files within a zip archive: a path goes on into it (``2554.zip/2554_mRNA.nii``).

They are streamed, never unpacked to disk. Archives come from strangers: their list of contents is
bounded before it is read, and a file in them cannot hold more than its packed bytes can.
"""

import stat
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, cast

from napari_compressed_transcriptomics.core.errors import UserError

ZIP = (".zip",)
_LARGEST_LIST = 1 << 23  # bytes of the list of contents: a map of every gene, measured and mirrored
_END = 22  # bytes of the record at an archive's end, but for its comment
_END64, _LOCATOR = 56, 20  # of that of zip64, and of what tells where it is: both lie before
_LOCAL = 30  # bytes before each file in an archive, but for its name and more
_MAX_DEFLATED = 1100  # deflate cannot pack tighter than this


def member_of(path: Path) -> tuple[Path, str] | None:
    """Return the archive that a path leads into and the file's name there; else None."""
    for above in path.parents:
        if above.suffix.lower() in ZIP:
            return (above, path.relative_to(above).as_posix()) if above.is_file() else None
    return None


def members(archive: Path) -> list[Path]:
    """Return the paths of all files in an archive; what Macs and hidden files add is left out.

    Raises
    ------
    UserError
        It is damaged, holds far more files than there are genes, or names files outside itself.
    """
    found = []
    for info in _contents(archive)[0]:
        if not info.filename or info.is_dir():
            continue
        parts = PurePosixPath(info.filename).parts
        plain = "/".join(parts) == info.filename and not {"..", "/"} & set(parts)
        if not plain or any(mark in info.filename for mark in ("\\", ":", "\0")):
            raise UserError(
                f"{archive.name} names a file outside itself ({info.filename!r}); get it again "
                "from where you trust it"
            )
        if not any(part.startswith((".", "__MACOSX")) for part in parts):
            found.append(archive / info.filename)
    return sorted(found)


def member_size(archive: Path, name: str) -> int:
    """Return the unpacked size in bytes of a file in an archive; a `UserError` where it is none."""
    return _member(archive, name).file_size


def open_member(archive: Path, name: str) -> IO[bytes]:
    """Open a file in an archive; reading it to its end checks it.

    Raises
    ------
    UserError
        It is missing, encrypted, packed in an unusual way, or larger than it can be.
    """
    info = _member(archive, name)
    try:
        file = open(archive, "rb")  # noqa: SIM115  (closed with what is returned)
        try:
            file.seek(info.header_offset)
            head = file.read(_LOCAL)
            if len(head) < _LOCAL or not head.startswith(b"PK\3\4"):
                raise zipfile.BadZipFile
            more = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))
            file.seek(sum(more), 1)
            # opened by `zipfile`, it would list an archive of thousands of files each time
            return cast(IO[bytes], zipfile.ZipExtFile(file, "r", info, close_fileobj=True))
        except BaseException:
            file.close()
            raise
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        raise _damaged(archive) from None


def _member(archive: Path, name: str) -> zipfile.ZipInfo:
    info = _contents(archive)[1].get(name)
    if info is None:
        raise UserError(f"{archive.name} holds no {name}; check the path")
    if info.flag_bits & 1:
        raise UserError(f"{archive.name} is encrypted; unpack it first")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or stat.S_ISLNK(
        info.external_attr >> 16
    ):
        raise UserError(f"{archive.name} is packed in an unusual way; unpack it first")
    if info.file_size > _MAX_DEFLATED * max(info.compress_size, 1):
        raise _damaged(archive)
    return info


_Contents = tuple[list[zipfile.ZipInfo], dict[str, zipfile.ZipInfo]]


def _contents(archive: Path) -> _Contents:
    """Return all that an archive lists, and the same by name."""
    try:
        about = archive.stat()
    except OSError:
        raise _damaged(archive) from None
    return _listed(archive, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=2)
def _listed(archive: Path, size: int, changed: int) -> _Contents:
    """Return the same of an archive in a state; listed once for all of its files."""
    try:
        with open(archive, "rb") as file:
            _check_list(archive, file)
            with zipfile.ZipFile(file) as listed:
                infos = listed.infolist()
    except UserError:
        raise
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        raise _damaged(archive) from None
    return infos, {info.filename: info for info in reversed(infos)}


def _check_list(archive: Path, file: IO[bytes]) -> None:
    """Refuse a list of contents that is large; it is found in the way of `zipfile`."""
    size = file.seek(0, 2)
    first = max(0, size - _END - (1 << 16) - _LOCATOR - _END64)
    file.seek(first)
    tail = file.read()
    at = len(tail) - _END
    if not (tail[at:].startswith(b"PK\5\6") and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END:
        raise _damaged(archive)
    n_bytes = int.from_bytes(tail[at + 12 : at + 16], "little")
    locator = tail[max(0, at - _LOCATOR) : at]
    if locator.startswith(b"PK\6\7"):  # zip64: more than 65,535 files or 4 GB
        end = at - _LOCATOR - _END64
        there = int.from_bytes(locator[8:16], "little") == first + end
        if end < 0 or not there or not tail[end:].startswith(b"PK\6\6"):
            raise _damaged(archive)
        n_bytes = int.from_bytes(tail[end + 40 : end + 48], "little")
    if n_bytes > _LARGEST_LIST:
        raise UserError(
            f"{archive.name} lists far more files than there are genes; unpack it, and choose its "
            "folder"
        )


def _damaged(archive: Path) -> UserError:
    return UserError(f"{archive.name} is damaged or not a zip archive; get the file again")
