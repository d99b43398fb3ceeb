"""HDF5 that others wrote: what is read lies in the file itself, is whole and fits into memory."""

import math
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, printable
from napari_compressed_transcriptomics.core.memory import require_memory

from .files import existing_file, looks_like

# Deflate packs 1032 bytes into one at best; stacked filters and lying headers reach any number.
_MAX_PACKED = 1100
_SMALL = 1 << 24  # bytes, with which nobody can do harm
# One text can be referred to many times, and each time it is read it takes its whole length.
_TEXT_BYTES = 1 << 29  # at most in memory at once, but for files of more than 8 MB
_MIN_TEXTS = 64
_HEAP = b"GCOL\x01\0\0\0"  # how a heap of texts begins
_HEAP_BLOCK = 1 << 24


class Hdf5:
    """An open HDF5 file of which single elements are read.

    Links to other files or places are refused, and so are datasets that lie in other files,
    lack chunks (which HDF5 reads as zeros), or state more than can be packed into their bytes.
    Whatever h5py raises on damage is a `UserError`.

    Attributes
    ----------
    path : Path
    root : h5py.File
    size : int
        Bytes of the file.
    """

    def __init__(self, path: Path, root: Any, size: int):
        self.path = path
        self.root = root
        self.size = size

    def find(self, name: str, within: Any = None) -> Any:
        """Return the group or dataset of a name (``a/b``) in a group, None where there is none."""
        import h5py

        item = self.root if within is None else within
        for part in name.split("/"):
            if not isinstance(item, h5py.Group):
                return None
            with _damage(self.path):
                links, key = item.id.links, part.encode()
                if not part.strip(".") or not links.exists(key):
                    return None
                hard = links.get_info(key).type == h5py.h5l.TYPE_HARD
                item = item[part] if hard else None
            if not hard:
                raise UserError(
                    f"{self.path.name} has a link in the place of {name}, and links are not "
                    "followed; save it again with anndata"
                )
        return item

    def attribute(self, item: Any, name: str, shape: tuple[int, ...] = ()) -> Any:
        """Return an attribute of this shape (texts as str), None where there is none such."""
        with _damage(self.path):
            if name not in item.attrs or item.attrs.get_id(name).shape != shape:
                return None
            value = item.attrs[name]
            return value.decode() if isinstance(value, bytes) else value

    def numbers(
        self, item: Any, what: str, kinds: str = "iuf", shape: tuple[int, ...] | None = None
    ) -> Any:
        """Return `item`, of which nothing is read yet, if it is a sound dataset of numbers.

        Parameters
        ----------
        item : group, dataset or None
        what : str
            What it is, for messages.
        kinds : str
            Allowed kinds of numpy's types.
        shape : tuple of int, optional
            What it must have.
        """
        dataset = self._dataset(item, what, shape)
        with _damage(self.path):
            kind = dataset.dtype
        if kind.kind not in kinds:
            raise UserError(f"{self.path.name} has {what} of type {kind}; store numbers")
        return dataset

    def read(self, dataset: Any, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return all of a dataset that was checked, or its rows from `start` up to `stop`."""
        with _damage(self.path):
            return np.asarray(dataset[start:stop] if dataset.shape else dataset[()])

    def texts(self, item: Any, what: str, shape: tuple[int, ...] | None = None) -> list[str]:
        """Return a dataset of texts as a list (a scalar as one); whole numbers count as texts."""
        import h5py

        dataset = self._dataset(item, what, shape)
        with _damage(self.path):
            kind, n = dataset.dtype, dataset.size
            string = h5py.check_string_dtype(kind)
        if dataset.ndim > 1 or (string is None and kind.kind not in "iu"):
            raise UserError(
                f"{self.path.name} has {what} of type {kind} and shape {dataset.shape}; store a "
                "list of texts"
            )
        require_memory(n * 200 + self.bytes_at_once(dataset), self.path.name)
        if string is None:
            return [str(number) for number in self.read(dataset).ravel()]
        if not dataset.ndim:
            with _damage(self.path):
                return [dataset.asstr()[()]]
        # Texts of fixed length are bounded by their dataset's size, which was checked.
        block = max(n, 1) if string.length else max(_TEXT_BYTES // self.size, _MIN_TEXTS)
        texts: list[str] = []
        length = 0
        for start in range(0, n, block):
            with _damage(self.path):
                read = dataset.asstr()[start : start + block].tolist()
            length += sum(map(len, read))
            if length > self.size and not string.length:
                raise UserError(
                    f"{self.path.name} has longer texts in {what} than fit into it; get it again"
                )
            texts += read
        return texts

    def bytes_at_once(self, dataset: Any) -> int:
        """Return how much is unpacked at least, however little is read: a chunk."""
        chunks = dataset.chunks
        return math.prod(chunks) * dataset.id.get_type().get_size() if chunks else 0

    def _dataset(self, item: Any, what: str, shape: tuple[int, ...] | None) -> Any:
        import h5py

        name = self.path.name
        if not isinstance(item, h5py.Dataset) or item.shape is None:
            raise UserError(f"{name} has {what} that is not an array; save it again with anndata")
        with _damage(self.path):
            elsewhere = item.is_virtual or bool(item.external)
            size = item.id.get_type().get_size()
            chunks, stored = item.chunks, item.id.get_storage_size()
            n_chunks = math.prod(-(-n // c) for n, c in zip(item.shape, chunks or (), strict=False))
            lacking = max(0, n_chunks - item.id.get_num_chunks()) if chunks and item.size else 0
            filters = _unknown_filters(item)
        if shape is not None and item.shape != shape:
            raise UserError(
                f"{name} has {what} of shape {item.shape} where {shape} is needed; fix it"
            )
        if elsewhere:
            raise UserError(
                f"{name} keeps {what} in another file, and such are not opened; save it again "
                "with anndata"
            )
        if filters:
            raise UserError(
                f"{name} has {what} compressed in an unknown way ({filters}); save it again with "
                "compression='gzip'"
            )
        # HDF5 reads what was never written, or was lost, as zeros.
        if lacking or (item.size and not stored):
            part = f"{lacking} of {n_chunks} chunks" if chunks else "all values"
            raise UserError(f"{name} lacks {part} of {what}; get the file again")
        stated = size * (n_chunks * math.prod(chunks) if chunks else item.size)
        if stated > _SMALL + _MAX_PACKED * stored:
            raise UserError(
                f"{name} states {stated / 1e9:,.1f} GB of {what} in {stored:,} bytes, into which "
                "nothing packs so much; get the file again"
            )
        return item


@contextmanager
def opened_hdf5(path: str | Path, what: str) -> Iterator[Hdf5]:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path : str or Path
    what : str
        What it should be, for messages.

    Raises
    ------
    UserError
        It is no HDF5 file, is damaged, or was changed while it was open: what is read behind
        the end of a file that was cut would be zeros.
    """
    import h5py

    path = existing_file(path)
    before = _state(path)
    with _damage(path):
        is_hdf5 = h5py.is_hdf5(path)
    if not is_hdf5:
        with open(path, "rb") as start:
            kind = looks_like(start.read(64))
        raise UserError(f"{path.name} is not {what} (HDF5) but {kind}; get the file again")
    with _damage(path):
        root = h5py.File(path, "r")
    with root:
        _refuse_endless_heap(path, root)
        try:
            yield Hdf5(path, root, before[0])
        except (UserError, OSError):
            _refuse_changed(path, before)
            raise
        _refuse_changed(path, before)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what h5py raises on damage into a `UserError`; to be put around calls of h5py only."""
    try:
        yield
    except BlockingIOError:
        raise UserError(
            f"{path.name} is being written by another program; read it when that is done"
        ) from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = printable(str(error))[:100]
        raise UserError(f"{path.name} is damaged ({reason}); get the file again") from None


def _state(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _refuse_changed(path: Path, before: tuple[int, ...]) -> None:
    if _state(path) != before:
        raise UserError(f"{path.name} was changed while it was read; read it again") from None


def _refuse_endless_heap(path: Path, root: Any) -> None:
    """Refuse a file with a heap of texts that HDF5 would never stop reading.

    A heap is a chain of objects, each of which says where the next begins. Where damage has
    set that to no bytes at all, HDF5 waits for ever.
    """
    if root.id.get_create_plist().get_sizes() != (8, 8):
        return  # nobody writes other sizes; the objects would look otherwise
    with open(path, "rb") as file:
        position, block = 0, b""
        while more := file.read(_HEAP_BLOCK):
            block = block[1 - len(_HEAP) :] + more
            start = position + len(more) - len(block)
            position += len(more)
            for match in re.finditer(re.escape(_HEAP), block):
                file.seek(start + match.start() + len(_HEAP))
                (size,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
                if _is_endless(file.read(min(size, _HEAP_BLOCK) - 16 if size > 16 else 0)):
                    raise UserError(
                        f"{path.name} is damaged (its texts have no end); get the file again"
                    )
            file.seek(position)


def _is_endless(objects: bytes) -> bool:
    at = 0
    while at + 16 <= len(objects):
        index, _, size = struct.unpack_from("<HH4xQ", objects, at)
        step = 16 + -(-size // 8) * 8 if index else size
        if not step:
            return True
        at += step
    return False


def _unknown_filters(dataset: Any) -> str:
    """Name the ways in which a dataset is packed and this h5py cannot unpack."""
    import h5py

    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(i) for i in range(plan.get_nfilters())]
    unknown = [(code, name) for code, _, _, name in filters if not h5py.h5z.filter_avail(code)]
    return ", ".join(f"filter {code} {name.decode(errors='replace')}" for code, name in unknown)
