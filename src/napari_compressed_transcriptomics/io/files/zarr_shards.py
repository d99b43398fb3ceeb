"""Blocks of a store's values, unpacked from its files without Zarr in between.

Zarr hands each chunk from thread to thread and copies it three times, which takes several times as
long as unpacking it. Here chunks that lie side by side are unpacked into one buffer, from which
whole rows go where they belong. Only arrays that are packed as `io.writers.store` packs them, on
this machine; Zarr reads all others.
"""

import json
import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from napari_compressed_transcriptomics.core.threads import usable_cores

CHUNK = (4096, 32)
"""Samples x genes. One gene of 185,682 voxels is 46 chunks of 0.5 MB, a block of rows of 18,686
genes 584 of them."""
SHARD_COLUMNS = 1024
MAX_SHARD_ROWS = 64
"""Shards that lie one below another, at most: there are hundreds of files, not thousands."""
_GROUP_BYTES = 1 << 24  # of chunks that are unpacked side by side: 32 of those of a brain
_ROWS = 256  # that are copied at once, so that what is read and written stays in the cache
_ABSENT = np.iinfo(np.uint64).max  # where the index has no chunk
_KEYS = {"name": "default", "configuration": {"separator": "/"}}
_INDEX_CODECS = ["bytes", "crc32c"]
_CHUNK_CODECS = ["bytes", "blosc", "crc32c"]
_HEADER = 16  # bytes of Blosc's: the unpacked size is at 4, the packed one at 12
_LACKING = "values are lacking"
_MOST_ADDED = _HEADER + 4  # bytes of a chunk that cannot be packed: that, and its checksum


@dataclass(frozen=True)
class Shards:
    """The files of an array of two dimensions: each holds a block of it, in chunks.

    Parameters
    ----------
    folder : Path
        Of the array.
    shard, chunk : (int, int)
        Rows and columns of a file, and of a chunk in it.
    dtype : dtype
        Of what is stored.
    """

    folder: Path
    shard: tuple[int, int]
    chunk: tuple[int, int]
    dtype: np.dtype
    _buffers: list[np.ndarray] = field(default_factory=list, repr=False, compare=False)
    """Not in use now. Each of the threads, which come and go, would keep one for itself."""

    @classmethod
    def of(cls, folder: Path, array: Any) -> Self | None:
        """Return those of an array of Zarr; None where it is packed in another way."""
        about = json.loads(json.dumps(array.metadata.to_dict(), default=str))
        keys, codecs = about["chunk_key_encoding"], about["codecs"]
        if keys != _KEYS or _names(codecs) != ["sharding_indexed"]:
            return None
        sharding = codecs[0]["configuration"]
        inner, index = sharding["codecs"], sharding["index_codecs"]
        if _names(inner) != _CHUNK_CODECS or _names(index) != _INDEX_CODECS:
            return None
        ends = [codec["configuration"].get("endian") for codec in (inner[0], index[0])]
        if ends != ["little"] * 2 or sharding.get("index_location") != "end":
            return None
        return cls(folder, array.shards, array.chunks, array.dtype.newbyteorder("<"))

    def read(self, rows: range, columns: range, into: np.ndarray | None = None) -> np.ndarray:
        """Return finite float32 values of consecutive rows and columns.

        They are put `into` an array, if one is given.

        Half of the cores unpack, so that whoever works on the values has the others; two threads
        at least, of which one waits for the disk.

        Raises
        ------
        ValueError
            A chunk is damaged, cut or lacking.
        """
        found = np.empty((len(rows), len(columns)), np.float32) if into is None else into
        files = list(product(_touched(rows, self.shard[0]), _touched(columns, self.shard[1])))

        def read_file(file: tuple[int, int]) -> None:
            self._read_file(file, rows, columns, found)

        n_threads = min(len(files), max(2, usable_cores() // 2))
        if n_threads == 1:
            for file in files:
                read_file(file)
        else:
            with ThreadPoolExecutor(n_threads, "unpacking") as pool:
                list(pool.map(read_file, files))
        return found

    def _read_file(
        self, place: tuple[int, int], rows: range, columns: range, found: np.ndarray
    ) -> None:
        """Read what a file has of rows and columns into `found`, which starts with the first."""
        n_rows, n_columns = self.chunk
        top, left = place[0] * self.shard[0], place[1] * self.shard[1]
        rows_here = _within(rows, top, self.shard[0])
        columns_here = _within(columns, left, self.shard[1])
        path = self.folder.joinpath("c", *map(str, place))
        if not path.is_file():
            raise ValueError(_LACKING)
        with path.open("rb", buffering=0) as file:
            index = self._index(file)
            most = max(1, _GROUP_BYTES // (math.prod(self.chunk) * self.dtype.itemsize))
            try:
                buffer = self._buffers.pop()
            except IndexError:
                buffer = np.empty((most, *self.chunk), self.dtype)
            for number in _touched(rows_here, n_rows):
                start = number * n_rows
                some = _within(rows_here, start, n_rows)
                for group in _groups(columns_here, n_columns, most):
                    for slot, column in enumerate(group):
                        at = index[number - top // n_rows, column - left // n_columns]
                        _unpack(file, at, buffer[slot])
                    first = group.start * n_columns
                    wanted = _within(columns_here, first, len(group) * n_columns)
                    _side_by_side(
                        buffer[: len(group), some.start - start : some.stop - start],
                        wanted.start - first,
                        found[_slice(some, rows), _slice(wanted, columns)],
                    )
            self._buffers.append(buffer)

    def _index(self, file: BinaryIO) -> np.ndarray:
        """Return offset and size of each chunk in a file, uint64 (down, across, 2)."""
        shape = (self.shard[0] // self.chunk[0], self.shard[1] // self.chunk[1], 2)
        size = 8 * math.prod(shape) + 4
        if file.seek(0, os.SEEK_END) < size:
            raise ValueError("a file is cut")
        return np.frombuffer(_checked(file, file.tell() - size, size), "<u8").reshape(shape)


def _unpack(file: BinaryIO, at: np.ndarray, into: np.ndarray) -> None:
    """Unpack the chunk at an offset, of so many bytes."""
    from numcodecs.blosc import decompress

    offset, size = map(int, at)
    if offset == size == _ABSENT:
        raise ValueError(_LACKING)
    if not _HEADER < size <= into.nbytes + _MOST_ADDED:
        raise ValueError("a chunk is of another size")
    packed = _checked(file, offset, size)
    sizes = packed[:_HEADER].view("<u4")
    if sizes[1] != into.nbytes or sizes[3] != len(packed):
        raise ValueError("a chunk is of another size")
    decompress(packed, into)


def _checked(file: BinaryIO, offset: int, size: int) -> np.ndarray:
    """Return bytes of a file, without the CRC-32C that they end in."""
    from google_crc32c import value

    file.seek(offset)
    data = np.frombuffer(file.read(size), np.uint8)
    if len(data) != size or len(data) < 4 or value(data[:-4]) != data[-4:].view("<u4")[0]:
        raise ValueError("a checksum does not match")
    return data[:-4]


def _side_by_side(chunks: np.ndarray, first: int, found: np.ndarray) -> None:
    """Copy neighbouring chunks, (n, rows, columns), to where their rows belong, if all is finite.

    Of a single one only the columns from `first` on, as many as `found` has.
    """
    n, n_rows, n_columns = chunks.shape
    if n == 1:
        found[...] = chunks[0, :, first : first + found.shape[1]]
        require_finite(found)
        return
    if chunks.dtype == found.dtype:  # each row of a chunk as one item, in two thirds of the time
        row = np.dtype((np.void, n_columns * chunks.itemsize))
        parted, chunks = found.view(row), chunks.view(row)[..., 0]
    else:
        parted = found.reshape(n_rows, n, n_columns)
    for start in range(0, n_rows, _ROWS):
        some = slice(start, start + _ROWS)
        parted[some] = chunks[:, some].swapaxes(0, 1)
        require_finite(found[some])


def require_finite(values: np.ndarray) -> None:
    """Raise a `ValueError` unless float32 are finite: their sum is, in float64 if they are large.

    No store of ours holds others, and Zarr reads chunks that are lacking as NaN.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if not (np.isfinite(values.sum()) or np.isfinite(values.sum(dtype=np.float64))):
            raise ValueError(_LACKING)


def _groups(columns: range, size: int, most: int) -> Iterator[range]:
    """Yield numbers of chunks: some that are wanted whole, or one that is wanted in part."""
    number = columns.start // size
    while number * size < columns.stop:
        whole = columns.stop // size - number if columns.start <= number * size else 0
        group = range(number, number + max(1, min(whole, most)))
        yield group
        number = group.stop


def _touched(span: range, size: int) -> range:
    """Return the numbers of the parts of a size that a span reaches into."""
    return range(span.start // size, -(-span.stop // size)) if span else range(0)


def _within(span: range, start: int, size: int) -> range:
    """Return what of a span lies in a part."""
    return range(max(span.start, start), min(span.stop, start + size))


def _slice(some: range, of: range) -> slice:
    """Return where in a range some of it are."""
    return slice(some.start - of.start, some.stop - of.start)


def _names(codecs: list[dict[str, Any]]) -> list[str]:
    return [str(codec.get("name")) for codec in codecs]
