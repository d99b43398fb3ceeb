"""Changes of NIfTI files: header fields, values, and bytes of packed and plain files."""

import gzip
import struct
from pathlib import Path
from random import Random

import numpy as np

from .change import EVERYTHING, NOTHING, PLACES, Change
from .mutate_raw import damaged

# Name, offset and type of header fields of both versions.
_FIELDS = {
    348: (
        *[(f"dim{i}", 40 + 2 * i, "h") for i in range(8)],
        *[(f"pixdim{i}", 76 + 4 * i, "f") for i in range(4)],
        *[(f"srow{i}", 280 + 4 * i, "f") for i in range(12)],
        ("sizeof_hdr", 0, "i"),
        ("intent_code", 68, "h"),
        ("datatype", 70, "h"),
        ("bitpix", 72, "h"),
        ("vox_offset", 108, "f"),
        ("scl_slope", 112, "f"),
        ("scl_inter", 116, "f"),
        ("xyzt_units", 123, "b"),
        ("qform_code", 252, "h"),
        ("sform_code", 254, "h"),
        ("quatern_b", 256, "f"),
        ("qoffset_x", 268, "f"),
        ("intent_name", 328, "16s"),
        ("magic", 344, "4s"),
    ),
    540: (
        *[(f"dim{i}", 16 + 8 * i, "q") for i in range(8)],
        *[(f"srow{i}", 400 + 8 * i, "d") for i in range(12)],
        ("sizeof_hdr", 0, "i"),
        ("magic", 4, "8s"),
        ("datatype", 12, "h"),
        ("bitpix", 14, "h"),
        ("pixdim1", 112, "d"),
        ("vox_offset", 168, "q"),
        ("scl_slope", 176, "d"),
        ("scl_inter", 184, "d"),
        ("qform_code", 344, "i"),
        ("sform_code", 348, "i"),
        ("intent_code", 504, "i"),
    ),
}
_LIMITS = {"b": 7, "h": 15, "i": 31, "q": 63}
_WHOLE = (
    *(0, 1, -1, 2, 3, 4, 5, 7, 8, 12, 16, 127, 128, 255, 256, 512, 768, 1002, 1024, 1280, 1536),
    *(2304, 348, 352, 540, 2**15 - 1, -(2**15), 2**31 - 1, -(2**31), 2**62, -(2**62)),
)
_REAL = (
    *(0.0, -1.0, 1.0, 2.0, 1e38, -1e38, 1e-38, 1e-45, 352.0, 356.0, 348.0, 351.5, 1e9, 400.0),
    *(-352.0, float("nan"), float("inf"), float("-inf")),
)
_WORDS = (b"", b"n+1", b"ni1", b"n+2", b"\xff" * 8, b"latents", b"rmse", b"labels")
_EXTREME = (float("nan"), float("inf"), float("-inf"), 3e38, 1e-45, -1e30)
# A data type of the same size, another scale or position is as good as the one that was there;
# everything else contradicts the file's size or another field.
_UNSEEN = {
    "datatype": EVERYTHING,
    "intent_code": EVERYTHING,
    "intent_name": EVERYTHING,
    "scl_slope": EVERYTHING,
    "scl_inter": EVERYTHING,
    **{f"srow{i}": PLACES for i in range(12)},
}
_VOXEL = frozenset({"value", "place", "kind", "background", "name"})


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.name.endswith(".gz") else data


def _write(path: Path, data: bytes) -> None:
    packed = path.name.endswith(".gz")
    path.write_bytes(gzip.compress(data, 1, mtime=0) if packed else data)


def _byte_order(data: bytes) -> tuple[str, int]:
    """Return the order of bytes, as `struct` writes it, and the size of the header."""
    order = "<" if struct.unpack("<i", data[:4])[0] in _FIELDS else ">"
    return order, struct.unpack(f"{order}i", data[:4])[0]


def _header_field(path: Path, rng: Random) -> Change:
    data = bytearray(_unpacked(path))
    order, size = _byte_order(data)
    name, at, kind = rng.choice(_FIELDS[size])
    if kind.endswith("s"):
        value = rng.choice(_WORDS)
    elif kind in "fd":
        value = rng.choice((*_REAL, round(rng.uniform(-10, 10), 3)))
    else:
        limit = 2 ** _LIMITS[kind]
        value = rng.choice([v for v in _WHOLE if -limit <= v < limit])
    struct.pack_into(order + kind, data, at, value)
    _write(path, bytes(data))
    return Change(f"header: {name} = {value!r}", _UNSEEN.get(name, NOTHING))


def _packed_bytes(path: Path, rng: Random) -> Change:
    """Damage bytes below the checksum, of plain files anywhere else than in header and values."""
    if not path.name.endswith(".gz"):
        return _values(path, rng)
    changed, said = damaged(path.read_bytes(), rng)
    path.write_bytes(changed)
    return Change(f"packed: {said}")


def _size(path: Path, rng: Random) -> Change:
    """Take or add bytes: the header tells the right size."""
    data = _unpacked(path)
    at, n = rng.randrange(352, len(data)), rng.choice((1, 2, 4, 8, 100, 5000))
    if rng.random() < 0.5:
        _write(path, data[:at] + data[at + n :])
        return Change(f"{n} bytes deleted at {at}")
    _write(path, data[:at] + rng.randbytes(n) + data[at:])
    return Change(f"{n} bytes inserted at {at}")


def _values(path: Path, rng: Random) -> Change:
    """Change a few bytes among the values, of which no plain file says what they were."""
    data = bytearray(_unpacked(path))
    start = _byte_order(data)[1] + 4
    at, n = rng.randrange(start, len(data)), rng.choice((1, 1, 4, 16, 512))
    n = min(n, len(data) - at)
    data[at : at + n] = rng.choice((bytes(n), rng.randbytes(n)))
    _write(path, bytes(data))
    return Change(f"{n} bytes of values changed at {at}", _VOXEL)


def _value(path: Path, rng: Random) -> Change:
    data = bytearray(_unpacked(path))
    order, size = _byte_order(data)
    start = size + 4
    at = start + 4 * rng.randrange((len(data) - start) // 4)
    value = rng.choice(_EXTREME)
    struct.pack_into(f"{order}f", data, at, value)
    _write(path, bytes(data))
    return Change(f"the value at {at} is {value}", _VOXEL)


def _all_values(path: Path, rng: Random) -> Change:
    data = _unpacked(path)
    start = _byte_order(data)[1] + 4
    n = (len(data) - start) // 4
    said, values = rng.choice(
        (
            ("zero", np.zeros(n, "<f4")),
            ("NaN", np.full(n, np.nan, "<f4")),
            ("1.5", np.full(n, 1.5, "<f4")),
            ("swapped", np.frombuffer(data[start : start + 4 * n], "<u4").byteswap()),
        )
    )
    _write(path, data[:start] + values.tobytes() + data[start + 4 * n :])
    return Change(f"all values are {said}", EVERYTHING)


def _swapped_mark(path: Path, rng: Random) -> Change:
    data = _unpacked(path)
    _write(path, data[3::-1] + data[4:])
    return Change("the header's mark of byte order swapped")


def _extension(path: Path, rng: Random) -> Change:
    """Add a header extension, as other programs do, with a right or a wrong length."""
    data = bytearray(_unpacked(path))
    order, size = _byte_order(data)
    length = rng.choice((16, 16, 8, -8, 2**31 - 16, 32))
    right = length == 16
    if right:
        offset = next(field for field in _FIELDS[size] if field[0] == "vox_offset")
        struct.pack_into(order + offset[2], data, offset[1], size + 20)
    data[size : size + 4] = b"\1\0\0\0" + struct.pack(f"{order}ii", length, 6) + bytes(8)
    _write(path, bytes(data))
    return Change(f"an extension of {length} bytes", must="equal" if right else "")


def _bomb(path: Path, rng: Random) -> Change:
    """Promise far more than there is: 10 billion values, or an offset of 3 GB."""
    data = bytearray(_unpacked(path))
    order, size = _byte_order(data)
    fields = {name: (at, kind) for name, at, kind in _FIELDS[size]}
    for name, value in rng.choice(
        ((("dim1", 3000), ("dim2", 3000), ("dim3", 1200)), (("vox_offset", 3_000_000_000),))
    ):
        at, kind = fields[name]
        struct.pack_into(order + kind, data, at, value)
    more = rng.choice((0, 64))
    packed = path.name.endswith(".gz")
    zeros = gzip.compress(bytes(1 << 20), 1, mtime=0) if packed else bytes(1 << 10)
    path.write_bytes((gzip.compress(data, 1, mtime=0) if packed else data) + zeros * more)
    return Change(f"a header that promises GB, with {more} MB of zeros", must="refuse")


MUTATORS = (
    *[_header_field] * 6,
    *[_packed_bytes] * 2,
    *[_size] * 2,
    _values,
    _value,
    _all_values,
    _swapped_mark,
    _extension,
    _bomb,
)
