"""FreeSurfer's overlays (.mgh, .mgz) and parcels (.annot), checked by their headers."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.warned import quietly
from napari_compressed_transcriptomics.io.files.files import existing_file

_HEADER = 284
_TYPES = {0: ">u1", 1: ">i4", 3: ">f4", 4: ">i2"}
_MAX_VERTICES = 1 << 22
_MAX_ANNOT = 1 << 26  # bytes
_MAX_ROWS = 16  # of vertices: old programs cut them into several, as an axis of NIfTI is short


def read_mgh(path: str | Path) -> np.ndarray:
    """Return the one map of an MGH overlay, shape (n_vertices,), float32.

    Raises
    ------
    UserError
        It is no MGH, cut, a volume, or holds several maps.
    """
    path = existing_file(path)
    with _opened(path) as file:
        head = file.read(_HEADER)
        if len(head) < _HEADER or head[:4] != b"\0\0\0\x01":
            raise UserError(f"{path.name} is not an MGH file; get the file again")
        *dims, frames, kind = struct.unpack(">5i", head[4:24])
        shape = " x ".join(map(str, dims))
        n = int(np.prod(dims, dtype=object))
        if kind not in _TYPES or min(*dims, frames) < 1 or n > _MAX_VERTICES:
            raise UserError(f"{path.name} states {shape} values of type {kind}; get the file again")
        if dims[1] != 1 or dims[2] > _MAX_ROWS:
            raise UserError(
                f"{path.name} is a volume ({shape}), no overlay of a surface; save it as NIfTI"
            )
        if frames != 1:
            raise UserError(
                f"{path.name} holds {frames:,} maps where each file is one gene; save each alone"
            )
        dtype = np.dtype(_TYPES[kind])
        raw = file.read(n * dtype.itemsize)
    if len(raw) < n * dtype.itemsize:
        raise UserError(f"{path.name} is cut short; get the file again")
    return np.frombuffer(raw, dtype).astype(np.float32)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file; ``.mgz`` is packed, though its name does not end in ``.gz``."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".mgz" else open(path, "rb") as file:
            yield file  # type: ignore[misc]
    except (EOFError, zlib.error, OSError) as error:
        raise UserError(f"{path.name} is damaged ({str(error)[:60]}); get the file again") from None


def read_annot(path: str | Path) -> tuple[np.ndarray, dict[int, str]]:
    """Return the label of each vertex, int32 (n_vertices,), and the labels' names.

    0 is where there is no parcel: unknown, or the medial wall.

    Raises
    ------
    UserError
        It is no annotation, or damaged.
    """
    from nibabel.freesurfer import read_annot as read

    path = existing_file(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(4)
    n = struct.unpack(">i", start)[0] if len(start) == 4 else 0
    if not 0 < n <= _MAX_VERTICES or not 8 * n < size < _MAX_ANNOT:
        raise UserError(f"{path.name} is not a FreeSurfer annotation; choose another file")
    try:
        with quietly():
            labels, _, names = read(path)
    except Exception:  # whatever a damaged table makes nibabel raise
        raise UserError(f"{path.name} is a damaged annotation; get the file again") from None
    known = {i: name.decode(errors="replace") for i, name in enumerate(names, 1)}
    walls = [i for i, name in known.items() if is_wall(name)]
    labels = np.where(labels < 0, 0, labels + 1)
    labels[np.isin(labels, walls)] = 0
    return labels.astype(np.int32), {i: name for i, name in known.items() if i not in walls}


def is_wall(name: str) -> bool:
    """Tell whether a parcel's name says that it is none: unknown, or the medial wall."""
    word = name.lower().replace("_", " ")
    return "medial wall" in word or word in ("unknown", "???", "corpuscallosum", "medialwall")
