"""Changes of GIFTI, MGH and FreeSurfer's annotations: attributes, headers, values and bytes."""

import gzip
import re
import struct
from pathlib import Path
from random import Random

from .change import Change
from .mutate_raw import of_bytes, slipped

_SEEN_BY_NOBODY = frozenset({"value", "place"})  # a vertex that becomes 0 is outside
_ATTRIBUTES = (
    *("Dim0", "Dimensionality", "DataType", "Encoding", "Endian", "Intent", "ArrayIndexingOrder"),
    *("ExternalFileName", "NumberOfDataArrays", "Version", "Key"),
)
_ODD = (
    *("", "0", "-1", "1", "2", "641", "643", "2147483647", "9" * 400, "1e3", "x", "²", "NaN"),
    *("NIFTI_TYPE_UINT8", "NIFTI_TYPE_FLOAT64", "NIFTI_TYPE_INT32", "NIFTI_TYPE_RGB24"),
    *("ASCII", "Base64Binary", "GZipBase64Binary", "ExternalFileBinary", "BigEndian"),
    *("NIFTI_INTENT_POINTSET", "NIFTI_INTENT_TRIANGLE", "NIFTI_INTENT_LABEL", "ColumnMajorOrder"),
    *("../../../../etc/passwd", "/dev/zero", "&amp;", "\U0001f9e0"),
)
_BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha" * 50}">' for i in range(9))
_DOCUMENTS = (
    b"",
    b"<GIFTI/>",
    b"<a>" * 20_000,
    b"<GIFTI>" + b"<DataArray>" * 20_000,
    b"not xml",
    b'<?xml version="1.0" encoding="utf-16"?><GIFTI/>',
    f'<?xml version="1.0"?><!DOCTYPE GIFTI [{_BOMB}]><GIFTI>&e8;</GIFTI>'.encode(),
    b'<!DOCTYPE GIFTI [<!ENTITY x SYSTEM "file:///etc/passwd">]><GIFTI>&x;</GIFTI>',
)
_WHOLE = (
    *(0, 1, -1, 2, 3, 4, 5, 17, 255, 641, 643, 2**15, 2**22, 2**24, 2**31 - 1, -(2**31)),
    *(642 * 2, 321, 10_242),
)


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw


def _put(path: Path, content: bytes) -> None:
    """Write content, packed where the file was."""
    was_packed = path.read_bytes()[:2] == b"\x1f\x8b"
    path.write_bytes(gzip.compress(content, 6, mtime=0) if was_packed else content)


_bytes = of_bytes(_SEEN_BY_NOBODY, renames=True)


def _slip(path: Path, rng: Random) -> Change:
    changed, said = slipped(_content(path), rng)
    _put(path, changed)
    return Change(f"within: {said}", _SEEN_BY_NOBODY, renames=True)


def _attribute(path: Path, rng: Random) -> Change:
    """Give an attribute of the XML another value."""
    text = _content(path).decode()
    name, value = rng.choice(_ATTRIBUTES), rng.choice(_ODD)
    changed = re.sub(rf'\b{name}="[^"]*"', lambda _: f'{name}="{value}"', text)
    _put(path, changed.encode())
    if changed == text:
        return Change(f"no {name} to change", must="equal")
    return Change(f"{name} is {value[:20]!r}", _SEEN_BY_NOBODY, renames=True)


def _document(path: Path, rng: Random) -> Change:
    document = rng.choice(_DOCUMENTS)
    _put(path, document)
    return Change(f"{document[:30]!r} of {len(document)} bytes", must="refuse")


def _twice(path: Path, rng: Random) -> Change:
    """Repeat the array, as a file of two maps has it."""
    text = _content(path).decode()
    start, end = text.index("<DataArray"), text.index("</DataArray>") + len("</DataArray>")
    _put(path, (text[:end] + text[start:end] + text[end:]).encode())
    return Change("the array twice", _SEEN_BY_NOBODY)


def _header(path: Path, rng: Random) -> Change:
    """Set one of the whole numbers that an MGH or an annotation begins with."""
    content = bytearray(_content(path))
    at, value = 4 * rng.randrange(7), rng.choice(_WHOLE)
    content[at : at + 4] = struct.pack(">i", value)
    _put(path, bytes(content))
    return Change(f"number at byte {at} is {value}", _SEEN_BY_NOBODY, renames=True)


def _anywhere(path: Path, rng: Random) -> Change:
    """Set any four bytes to a whole number: lengths and counts of tables lie at the end."""
    content = bytearray(_content(path))
    at, value = rng.randrange(max(1, len(content) - 200), len(content) - 4), rng.choice(_WHOLE)
    content[at : at + 4] = struct.pack(">i", value)
    _put(path, bytes(content))
    return Change(f"number at byte {at} is {value}", _SEEN_BY_NOBODY, renames=True)


OF_GIFTI = (_bytes, _slip, _slip, _attribute, _attribute, _attribute, _document, _twice)
OF_FREESURFER = (_bytes, _slip, _slip, _header, _header, _anywhere)
