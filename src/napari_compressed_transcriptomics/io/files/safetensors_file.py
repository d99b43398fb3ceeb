"""Safetensors files: read into one copy in memory, written the same to the byte.

The format is simple (eight bytes that tell the length of a JSON header, the header, the numbers),
and its library serves neither: it maps files that it reads, so that Python dies where another
program cuts one meanwhile, and it writes metadata in an order that changes from run to run.
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import require_memory

LONGEST_HEADER = 100 * 2**20  # as the library allows
MAX_AXES = 8
_METADATA = "__metadata__"
_DTYPES = {
    "F64": "<f8",
    "I64": "<i8",
    "U64": "<u8",
    "F32": "<f4",
    "I32": "<i4",
    "U32": "<u4",
    "F16": "<f2",
    "I16": "<i2",
    "U16": "<u2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
_NAMES = {np.dtype(numpy): name for name, numpy in _DTYPES.items()}


def write_safetensors(
    path: str | Path, metadata: dict[str, str], tensors: dict[str, np.ndarray]
) -> None:
    """Write metadata and tensors; the same ones give the same bytes.

    Raises
    ------
    OSError
        If it cannot be written; a part may have been.
    """
    # the widest numbers first, so that all lie at multiples of their width
    names = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, Any] = {_METADATA: metadata}
    end = 0
    for name in names:
        start, end = end, end + tensors[name].nbytes
        header[name] = {
            "dtype": _NAMES[tensors[name].dtype],
            "shape": list(tensors[name].shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            file.write(_bytes_of(tensors[name]))


def read_safetensors(path: str | Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Return metadata and tensors of a file: what is checked is what is used, one copy of all.

    Raises
    ------
    UserError
        If it is not a safetensors file, or is cut off, changes while it is read, is larger than the
        memory that is free, or holds tensors of a kind that models here do not have.
    """
    from .files import existing_file

    path = existing_file(path)
    with path.open("rb") as file:
        size = path.stat().st_size
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, LONGEST_HEADER):
            raise UserError(
                f"{path.name} is not a safetensors file, or is cut off: its header would have "
                f"{length} bytes, the file has {size}; fetch or save it again"
            )
        require_memory(size, f"Reading {path.name}")
        content = bytearray(size - 8)
        if file.readinto(content) != len(content) or file.read(1):
            raise UserError(f"{path.name} changed while it was read; try again")
    try:
        header = json.loads(content[:length])
        return _metadata_of(header), _tensors_of(header, memoryview(content)[length:])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(
            f"{path.name} is not a complete safetensors file ({_words(error)}); fetch or save it "
            "again"
        ) from None


def _metadata_of(header: Any) -> dict[str, str]:
    """Take the metadata out of a header that is valid JSON; complain of what is not of the format.

    `ValueError`, `TypeError` and `KeyError` are what is raised here and in `_tensors_of`.
    """
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("its metadata are not all text")
    return metadata


def _tensors_of(header: dict[str, Any], numbers: memoryview) -> dict[str, np.ndarray]:
    """Return views of the numbers, by name; together they must be all of them, none twice."""
    tensors, spans = {}, []
    for name, about in header.items():
        dtype, shape = _DTYPES.get(about["dtype"]), about["shape"]
        start, end = about["data_offsets"]
        if dtype is None:
            raise ValueError(f"tensor {name} is of kind {about['dtype']}, which no model here has")
        if not all(type(n) is int and n >= 0 for n in (*shape[:MAX_AXES], start, end)):
            raise ValueError(f"tensor {name} has a shape or a place that is not a whole number")
        if len(shape) > MAX_AXES:
            raise ValueError(f"tensor {name} has {len(shape)} axes")
        if end - start != math.prod(shape) * np.dtype(dtype).itemsize or end > len(numbers):
            raise ValueError(f"tensor {name} of shape {tuple(shape)} does not fit into its place")
        tensors[name] = np.require(
            np.frombuffer(numbers[start:end], dtype).reshape(shape), requirements="A"
        )
        spans.append((start, end))
    reached = 0
    for start, end in sorted(spans):
        if start != reached:
            raise ValueError("its tensors overlap or leave gaps")
        reached = end
    if reached != len(numbers):
        raise ValueError(f"its tensors are {reached} bytes, it holds {len(numbers)}")
    return tensors


def digest(metadata: dict[str, str], tensors: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 over metadata (but for itself) and tensors, both in order of name."""
    words = {name: value for name, value in metadata.items() if name != "sha256"}
    hashed = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        hashed.update(f"{name}{tensor.shape}{tensor.dtype.str}".encode("utf-8", "surrogatepass"))
        hashed.update(_bytes_of(tensor))
    return hashed.hexdigest()


def _bytes_of(tensor: np.ndarray) -> memoryview:
    return np.ascontiguousarray(tensor).reshape(-1).view(np.uint8).data


def _words(error: Exception) -> str:
    """Return what is wrong in words, for a key that is missing, too."""
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)
