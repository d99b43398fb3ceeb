"""Stores of expression that may be larger than memory: Zarr v3 in the layout of AnnData.

`X` is samples x genes in chunks of `CHUNK`, many of which lie in a file (shard). So both a block
of rows and a single gene are read from few places. Each chunk ends in its CRC-32C, which is
checked on reading; a chunk that is lacking reads as NaN, which no store of ours holds. Names are
not packed, so that none is larger than its file.
"""

import json
import math
import platform
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, printable
from napari_compressed_transcriptomics.core.lazy_values import TotalSquares
from napari_compressed_transcriptomics.core.memory import require_memory

from .files import state_of
from .zarr_shards import MAX_SHARD_ROWS, Shards, require_finite

VERSION = 2
"""The newest that is read. Stores of vertices have it, all others 1."""
MARK = "uns/store"
"""The group whose attributes say that a store is ours, of which version, and what it holds."""
MARK_FILE = f"{MARK}/zarr.json"
"""Where they are written."""
TOTAL_SQUARES = tuple(one.name for one in fields(TotalSquares))
"""Arrays of that group, see `core.lazy_values.TotalSquares`; older stores lack them."""
_REMOTE = ("http://", "https://", "s3://")
_PATIENCE = 30.0
"""Seconds in which a server must send something; without it there are five minutes for all."""
_CODECS = {"bytes", "blosc", "crc32c", "sharding_indexed", "vlen-utf8"}
_ZARRS_OWN = {"bytes", "zstd"}
"""How Zarr packs arrays where nobody says how: so others' are packed that lie in our stores."""
_LARGEST_CHUNK = 1 << 26  # bytes, 128 times those of ours: a chunk is unpacked as a whole


def is_remote(path: str | Path) -> bool:
    """Tell whether a path is the address of a store on a server."""
    return str(path).lower().startswith(_REMOTE)


def is_store(path: str | Path) -> bool:
    """Tell whether a folder is a Zarr store of ours; only looks for one file in it."""
    return (Path(path) / MARK_FILE).is_file()


class Store:
    """An open store.

    Attributes
    ----------
    address : str
        Absolute path, or address on a server.
    name : str
        For messages.
    facts : dict
        What the store says of itself, see `MARK`.
    values : StoredMatrix
    """

    def __init__(self, path: str | Path) -> None:
        self.address = str(path) if is_remote(path) else str(Path(path).resolve())
        self.name = (
            PurePosixPath(self.address.rstrip("/")).name if is_remote(path) else (Path(path).name)
        )
        self._root = _opened(self.address, self.name)
        mark = self._find(MARK)
        self.facts: dict[str, Any] = {} if mark is None else dict(mark.attrs)
        version = self.facts.get("version")
        if not isinstance(version, int):
            raise UserError(
                f"{self.name} is Zarr that this program did not write; write AnnData as .h5ad and "
                "make a store of it with convert"
            )
        if version > VERSION:
            raise UserError(
                f"{self.name} is a store of version {version}, this program reads {VERSION}; "
                "update it"
            )
        array = self._array("X", 2)
        if array.dtype not in (np.float32, np.float16):
            raise UserError(f"{self.name} has X of type {array.dtype}; convert the data again")
        if math.prod(array.chunks) * array.dtype.itemsize > _LARGEST_CHUNK:
            raise UserError(
                f"{self.name} has X in chunks of {array.chunks}, which are too large to read; "
                "convert the data again"
            )
        self.values = StoredMatrix(self.address, self.name, self.facts, array)

    def total_squares(self) -> TotalSquares | None:
        """Return how much the values vary; None where the store does not tell."""
        if not self.has(f"{MARK}/{TOTAL_SQUARES[-1]}"):
            return None
        found = [self.numbers(f"{MARK}/{name}", 1).astype(float) for name in TOTAL_SQUARES]
        mean, of_genes, of_samples = found
        n_samples, n_genes = self.values.shape
        squares = np.concatenate([of_genes, of_samples])
        sound = np.isfinite(mean).all() and not ((squares < 0) | np.isinf(squares)).any()
        if not sound or [len(array) for array in found] != [n_genes, n_genes, n_samples]:
            raise UserError(
                f"{self.name} has squares ({MARK}) that do not fit its values; convert the data "
                "again"
            )
        return TotalSquares(mean, of_genes, of_samples)

    def has(self, name: str) -> bool:
        """Tell whether the store holds something of a name."""
        return self._find(name) is not None

    def texts(self, name: str, n: int) -> list[str]:
        """Return `n` names that an array holds."""
        array = self._array(name, 1, {"vlen-utf8"})
        if array.shape != (n,):
            raise UserError(f"{self.name} has {array.shape[0]} {name} and needs {n}; get it again")
        require_memory(200 * n, self.name)
        return [str(text) for text in self._read(array)]

    def numbers(self, name: str, ndim: int) -> np.ndarray:
        """Return all of an array of numbers; ours, or packed as Zarr does by itself."""
        array = self._array(name, ndim, _CODECS | _ZARRS_OWN)
        codecs = _codecs_of(array.metadata.to_dict())
        if "zstd" in codecs:
            self._check_zstd(name, array, codecs)
        require_memory(12 * int(np.prod(array.shape, dtype=float)), self.name)
        return self._read(array)

    def _check_zstd(self, name: str, array: Any, codecs: set[str]) -> None:
        """Refuse chunks that would unpack to another size than theirs, before any is unpacked."""
        size = math.prod(array.chunks) * array.dtype.itemsize
        if is_remote(self.address) or codecs != _ZARRS_OWN or size > _LARGEST_CHUNK:
            raise UserError(
                f"{self.name} has {name} packed by zstd, which is read from a disk only, in whole "
                f"chunks of at most {_LARGEST_CHUNK >> 20} MB; write it with compressors=None"
            )
        with damage_reported(self.name):
            for path in (Path(self.address) / name).rglob("*"):
                if path.name == "zarr.json" or not path.is_file():
                    continue
                with path.open("rb") as file:  # what cannot be packed is hardly longer then
                    packed = file.read(size + size // 128 + 1024)
                    if file.read(1) or _unpacked_size(packed) != size:
                        raise UserError(
                            f"{self.name} has a damaged chunk of {name} ({path.name}); write it "
                            "again"
                        )

    def _read(self, array: Any) -> np.ndarray:
        with damage_reported(self.name):
            return np.asarray(array[...])

    def _find(self, name: str) -> Any:
        with damage_reported(self.name):
            return self._root.get(name)

    def _array(self, name: str, ndim: int, codecs: set[str] = _CODECS) -> Any:
        import zarr

        array = self._find(name)
        if not isinstance(array, zarr.Array) or array.ndim != ndim or not array.size:
            raise UserError(f"{self.name} has no sound {name}; get it again")
        unknown = _codecs_of(array.metadata.to_dict()) - codecs
        if unknown:
            raise UserError(
                f"{self.name} has {name} compressed in an unknown way "
                f"({', '.join(sorted(unknown))}); convert the data again"
            )
        return array


class StoredMatrix:
    """`X` of a store; see `core.lazy_values.Matrix`."""

    def __init__(self, address: str, name: str, facts: dict[str, Any], array: Any) -> None:
        self.address, self.name, self._array = address, name, array
        self.sha256, limits = str(facts.get("sha256", "")), facts.get("limits")
        self.limits: tuple[float, float] | None = None
        if isinstance(limits, list) and [type(limit) for limit in limits] == [float] * 2:
            self.limits = (limits[0], limits[1])
        self.shape: tuple[int, int] = array.shape
        self.rows_together = min(array.chunks[0], self.shape[0])
        self._shards = None if is_remote(address) else Shards.of(Path(address) / "X", array)
        self._state = self._state_there()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_array": None, "_shards": None}

    def _state_there(self) -> tuple[int, int]:
        """Return another one after the store was exchanged; of a server this is not asked."""
        return (0, 0) if is_remote(self.address) else state_of(Path(self.address) / MARK_FILE)

    def _store(self) -> Store:
        """Return the store, opened anew."""
        store = Store(self.address)
        if store.values.sha256 != self.sha256:
            raise UserError(
                f"{self.address} is another store on {platform.node()} than the one that was "
                "opened; put that one there, or open it again"
            )
        return store

    def _open_again(self) -> None:
        there = self._store().values
        self._array, self._shards, self._state = there._array, there._shards, there._state

    def total_squares(self) -> TotalSquares | None:
        """Return how much the values vary; None where the store does not tell."""
        return self._store().total_squares()

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        """Return float32 values (last - first, n_genes), `into` an array if it is given."""
        return self._read(slice(first, last), slice(None), into)

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        """Return float32 values (n_samples, len(columns))."""
        if len(columns) == 1 or (np.diff(columns) == 1).all():
            return self._read(slice(None), slice(columns[0], columns[-1] + 1))
        return self._read(slice(None), columns)

    def _read(
        self, rows: slice, columns: slice | np.ndarray, into: np.ndarray | None = None
    ) -> np.ndarray:
        if self._array is None or self._state != self._state_there():
            self._open_again()  # in another process, maybe on another machine, or exchanged
        with damage_reported(self.name), _many_requests(self.address):
            if self._shards is not None and isinstance(columns, slice):
                n, n_genes = self.shape
                values = self._shards.read(range(n)[rows], range(n_genes)[columns], into)
            else:
                values = np.asarray(self._array.oindex[rows, columns], np.float32)
                require_finite(values)
        if self._state != self._state_there():  # meanwhile
            return self._read(rows, columns, into)
        return values


@contextmanager
def damage_reported(name: str) -> Iterator[None]:
    """Turn what Zarr raises on damage, or where a server fails, into a `UserError`."""
    try:
        yield
    except (UserError, MemoryError, ImportError):
        raise
    except Exception as error:
        raise UserError(_explained(name, error)) from None


def _many_requests(address: str) -> Any:
    """Ask a server for as many chunks at once as a gene has; a disk gains nothing from it."""
    import zarr

    requests = {"async.concurrency": MAX_SHARD_ROWS}
    return zarr.config.set(requests) if is_remote(address) else nullcontext()


def _explained(name: str, error: Exception) -> str:
    words = str(error).splitlines()[0] if str(error) else type(error).__name__
    if hasattr(error, "status") and hasattr(error, "message"):  # an answer of a server
        words = f"{error.status} {error.message}"
    reason = printable(words)[:120]
    if type(error).__module__.split(".")[0] in ("aiohttp", "botocore", "fsspec") or isinstance(
        error, TimeoutError | ConnectionError
    ):
        return f"The server of {name} failed ({reason}); try again later"
    return f"{name} is damaged ({reason}); get it again, or convert the data again"


def _opened(address: str, name: str) -> Any:
    import zarr

    if not is_remote(address):
        if not Path(address).is_dir():
            raise UserError(f"There is no store {address}; check the path")
        with damage_reported(name):
            return zarr.open_group(address, mode="r", zarr_format=3, use_consolidated=False)
    try:
        with damage_reported(name):
            options = _waiting_at_most(_PATIENCE, address)
            store = zarr.storage.FsspecStore.from_url(address, options, read_only=True)
            try:
                return zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=False)
            except FileNotFoundError:
                raise UserError(f"There is no store at {address}; check the address") from None
    except ImportError as error:
        extra = "s3" if address.startswith("s3") else "remote"
        raise UserError(
            f"{name} lies on a server, which needs {error.name}: pip install "
            f'"napari-compressed-transcriptomics[{extra}]"'
        ) from None


def _waiting_at_most(seconds: float, address: str) -> dict[str, Any]:
    """Return options of fsspec, with which a server that sends nothing has failed."""
    if address.startswith("s3"):
        return {"config_kwargs": {"connect_timeout": seconds, "read_timeout": seconds}}
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=seconds, sock_read=seconds)
    return {"client_kwargs": {"timeout": timeout}}


def _unpacked_size(packed: bytes) -> int | None:
    """Return what a zstd frame (RFC 8878) says of its content's size in bytes.

    The library takes that much memory, and so for each of several frames. None where these are
    not one frame from the first byte to the last, or where it does not say.
    """
    if len(packed) < 9 or packed[:4] != b"\x28\xb5\x2f\xfd":
        return None
    flags = packed[4]
    single, has_checksum = flags >> 5 & 1, flags >> 2 & 1
    width = (single, 2, 4, 8)[flags >> 6]
    at = 5 + (1 - single) + (0, 1, 2, 4)[flags & 3]
    size = int.from_bytes(packed[at : at + width], "little") + (256 if width == 2 else 0)
    at, last = at + width, 0
    while not last:
        header = int.from_bytes(packed[at : at + 3], "little")
        last, kind = header & 1, header >> 1 & 3
        if kind == 3 or at + 3 > len(packed):
            return None
        at += 3 + (1 if kind == 1 else header >> 3)  # one byte, repeated
    return size if width and at + 4 * has_checksum == len(packed) else None


def _codecs_of(metadata: Any) -> set[str]:
    """Return the names of all codecs that the metadata of an array tell of."""
    text = json.loads(json.dumps(metadata, default=str))
    found: set[str] = set()

    def look(codecs: Any) -> None:
        for codec in codecs or ():
            found.add(str(codec.get("name")))
            configuration = codec.get("configuration") or {}
            look(configuration.get("codecs"))
            look(configuration.get("index_codecs"))

    look(text.get("codecs"))
    return found
