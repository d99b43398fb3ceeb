"""Files within a zip archive: a path goes on into it (``2554.zip/2554_mRNA.nii``).

They are streamed, never unpacked to disk. Archives come from strangers: their list of contents is
bounded before it is read, and a file in them cannot hold more than its packed bytes can.
"""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from napari_compressed_transcriptomics.core.errors import UserError

ZIP = (".zip",)
_LARGEST_LIST = 1 << 20  # bytes of the list of contents: thousands of files
_END = 22  # bytes of the record at an archive's end, but for its comment
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
        It is damaged, holds far more files than the maps of a gene, or names files outside
        itself.
    """
    found = []
    for info in _contents(archive):
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
        with zipfile.ZipFile(archive) as file:
            return file.open(info)  # stays open for itself
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        raise _damaged(archive) from None


def _member(archive: Path, name: str) -> zipfile.ZipInfo:
    info = next((info for info in _contents(archive) if info.filename == name), None)
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


def _contents(archive: Path) -> list[zipfile.ZipInfo]:
    try:
        with open(archive, "rb") as file:
            _check_list(archive, file)
            with zipfile.ZipFile(file) as listed:
                return listed.infolist()
    except UserError:
        raise
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        raise _damaged(archive) from None


def _check_list(archive: Path, file: IO[bytes]) -> None:
    """Refuse a list of contents that is large; it is found in the way of `zipfile`."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END - (1 << 16) - 20))
    tail = file.read()
    at = len(tail) - _END
    if not (tail[at:].startswith(b"PK\5\6") and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END:
        raise _damaged(archive)
    large = tail[max(0, at - 20) : at].startswith(b"PK\6\7")  # zip64, for thousands of files
    if large or int.from_bytes(tail[at + 12 : at + 16], "little") > _LARGEST_LIST:
        raise UserError(
            f"{archive.name} is too large for the maps of one gene; unpack it, and choose its "
            "folder"
        )


def _damaged(archive: Path) -> UserError:
    return UserError(f"{archive.name} is damaged or not a zip archive; get the file again")
