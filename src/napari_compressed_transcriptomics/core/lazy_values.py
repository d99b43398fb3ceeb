"""Expression values that stay where they are stored, and are read in blocks of rows or by gene."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .memory import require_memory


@dataclass(frozen=True, eq=False)
class TotalSquares:
    """How much values vary, float64; NaN where all of a gene or a sample are the same."""

    mean_genes: np.ndarray
    """Of each gene over all samples."""
    sst_genes: np.ndarray
    """Sum of squares of each gene's values about their mean, (n_genes,)."""
    sst_samples: np.ndarray
    """Sum of squares of each sample's values about their mean, (n_samples,)."""


class Matrix(Protocol):
    """What lies in a store: samples x genes, of which whole rows or single columns are read.

    It must be picklable, so that other processes can read it, too.
    """

    name: str
    shape: tuple[int, int]
    sha256: str  # of the values as `provenance.array_sha256` gives it
    limits: tuple[float, float] | None  # the least and the largest value, where known

    @property
    def rows_together(self) -> int:
        """Rows that are read at once, however few are wanted."""

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        """Return float32 values (last - first, n_genes), which may be put `into` an array."""

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        """Return float32 values (n_samples, len(columns))."""


class LazyValues:
    """Expression values, float32 (n_samples, n_genes), of which little is in memory at a time.

    It is indexed as an array is, by rows or by columns: ``values[first:last]``,
    ``values[[3, 5]]``, ``values[:, 7]``, ``values[:, [7, 9]]``; each gives an ndarray. Rows are
    read as many at once as lie together in the store, and while a caller goes through them
    `in_order` the next ones are read in a thread. ``numpy.asarray`` reads everything, if there
    is memory for it.

    An array of Dask would do all this through a graph of a task a chunk, tens of thousands here,
    and would know neither which rows come next nor what it may keep.

    Parameters
    ----------
    matrix : Matrix
        Where the values lie.
    columns : ndarray of int, optional
        Which columns of it, in which order; -1 for one that it lacks. All by default.
    fill : ndarray of float32, shape (len(columns),), optional
        What columns that are lacking hold.
    """

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(
        self, matrix: Matrix, columns: np.ndarray | None = None, fill: np.ndarray | None = None
    ) -> None:
        self.matrix, self.columns, self.fill = matrix, columns, fill
        width = matrix.shape[1] if columns is None else len(columns)
        self.shape = (matrix.shape[0], width)
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[int, np.ndarray] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("matrix", "columns", "fill", "shape")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        """Number of values."""
        return self.shape[0] * self.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes that all values take in memory."""
        return self.size * self.dtype.itemsize

    @property
    def sha256(self) -> str | None:
        """As `provenance.array_sha256` gives it, where the store knows it."""
        return self.matrix.sha256 if self.columns is None else None

    @property
    def limits(self) -> tuple[float, float] | None:
        """The least and the largest value, where the store knows them."""
        return self.matrix.limits if self.columns is None else None

    def total_squares(self) -> TotalSquares | None:
        """Return how much the values vary, where the store knows it."""
        of_store = getattr(self.matrix, "total_squares", None)
        return of_store() if of_store and self.columns is None else None

    def select(self, columns: Sequence[int], fill: np.ndarray | None = None) -> "LazyValues":
        """Return other columns, in another order; -1 stands for one that holds `fill`."""
        at = np.asarray(columns, int)
        if self.columns is not None:
            at = np.where(at < 0, -1, self.columns[at])
        return LazyValues(self.matrix, at, fill)

    def span(self, first: int, last: int) -> "LazyValues":
        """Return the rows from `first` up to `last`, which stay where they are stored."""
        return LazyValues(_Span(self.matrix, first, last), self.columns, self.fill)

    def in_order(
        self, start: int, rows: int, in_work: Callable[[], Callable[[], object]] | None = None
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield ``first, last, values`` of consecutive rows from `start`, so many at a time.

        They are valid until the next ones are asked for. Who goes on with them meanwhile gives
        `in_work`, which returns what waits until all that is done with rows so far has ended: it
        is called in the thread that reads, before the rows read next take their memory, as new
        memory must be cleared, which takes half as long as reading.
        """
        first, begun = start, []
        for top, block in self._blocks(start, in_work):
            stop = top + len(block)
            while first < stop:
                last = min(first + rows, len(self))
                part = block[max(first - top, 0) : last - top]
                if last > stop:  # it goes on in the next block
                    begun.append(part.copy())
                    break
                yield first, last, np.concatenate([*begun, part]) if begun else part
                first, begun = last, []

    def _blocks(
        self, start: int, in_work: Callable[[], Callable[[], object]] | None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the first row and the values of each block from that of row `start`."""
        size = self.matrix.rows_together
        numbers = range(start // size, -(-len(self) // size))
        memory: list[np.ndarray | None] = [None, None]

        def read(number: int, wait: Callable[[], object] | None = None) -> np.ndarray:
            if wait is not None:
                wait()
            found = self._read(*self._rows_of(number), memory[number % 2])
            if self.columns is None and memory[number % 2] is None:
                memory[number % 2] = found
            return found

        ahead: Future[np.ndarray] | None = None
        for number in numbers:
            block = read(number) if ahead is None else ahead.result()
            if number + 1 < numbers.stop:
                ahead = _reader().submit(read, number + 1, in_work and in_work())
            yield number * size, block

    def __getitem__(self, key: Any) -> np.ndarray:
        if not isinstance(key, tuple):
            return self._rows(key)
        rows, columns = key
        if isinstance(rows, slice) and rows == slice(None):
            return self._columns(columns)
        return self._rows(rows)[..., columns]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        require_memory(
            self.nbytes + self._block_bytes(),
            f"{self.matrix.name} as a whole",
            "use pca or residual, which read it in parts, fewer genes, or a larger machine",
        )
        values = np.empty(self.shape, self.dtype)
        for first, rows in row_blocks(self):
            values[first : first + len(rows)] = rows
        return values.astype(dtype or self.dtype, copy=False)

    def _block_bytes(self) -> int:
        """Return the memory that reading takes: rows that lie together, and as many ahead."""
        return 2 * 4 * self.matrix.rows_together * self.matrix.shape[1]

    def _columns(self, columns: Any) -> np.ndarray:
        wanted = np.arange(self.shape[1])[columns]
        at = np.atleast_1d(wanted if self.columns is None else self.columns[wanted])
        found = np.empty((len(self), len(at)), np.float32)
        there = at >= 0
        if there.any():
            found[:, there] = self.matrix.read_columns(at[there])
        if not there.all():
            assert self.fill is not None
            found[:, ~there] = self.fill[np.atleast_1d(wanted)[~there]]
        return found if np.ndim(wanted) else found[:, 0]

    def _rows(self, rows: Any) -> np.ndarray:
        if isinstance(rows, slice) and rows.step in (None, 1):
            first, last, _ = rows.indices(len(self))
            return self._span(first, max(first, last))
        wanted = np.arange(len(self))[rows]
        some, back = np.unique(np.atleast_1d(wanted), return_inverse=True)
        found = np.empty((len(some), self.shape[1]), np.float32)
        block = some // self.matrix.rows_together
        for number in map(int, np.unique(block)):
            of_block = block == number
            start, kept = number * self.matrix.rows_together, self._kept
            if kept and kept[0] == number:  # without waiting for who reads in order
                values = kept[1]
            else:  # no more of it than is wanted
                start = int(some[of_block][0])
                values = self._read(start, int(some[of_block][-1]) + 1)
            found[of_block] = values[some[of_block] - start]
        return found[back] if np.ndim(wanted) else found[0]

    def _span(self, first: int, last: int) -> np.ndarray:
        """Return the rows from `first` up to `last`; those of one block are a view of it."""
        size, parts = self.matrix.rows_together, []
        for number in range(first // size, -(-last // size)):
            start = number * size
            block = self._block(number)
            parts.append(block[max(first - start, 0) : last - start])
        if not parts:
            return np.empty((0, self.shape[1]), np.float32)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _block(self, number: int) -> np.ndarray:
        """Return the block of rows of a number; one is kept."""
        with self._lock:
            if self._kept is None or self._kept[0] != number:
                self._kept = None
                self._kept = (number, self._read(*self._rows_of(number)))
            return self._kept[1]

    def _rows_of(self, number: int) -> tuple[int, int]:
        """Return the first row of a block, and the one after its last."""
        first = number * self.matrix.rows_together
        return first, min(first + self.matrix.rows_together, len(self))

    def _read(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        if into is not None:
            into = into[: last - first]
        values = self.matrix.read_rows(first, last, into)
        if self.columns is None:
            return values
        values = values[:, self.columns]  # -1 takes the last column
        lacking = self.columns < 0
        if lacking.any():
            assert self.fill is not None
            values[:, lacking] = self.fill[lacking]
        return values


class KeepingValues(LazyValues):
    """Lazy values of which some rows stay in memory from when they are first read.

    For rows that are wanted after all others were gone through: they need not be read again.

    Parameters
    ----------
    values : LazyValues
    rows : ndarray of int, shape (n,)
        Ascending.
    """

    def __init__(self, values: LazyValues, rows: np.ndarray) -> None:
        super().__init__(values.matrix, values.columns, values.fill)
        self.rows = rows
        self._held = np.empty((len(rows), self.shape[1]), np.float32)
        self._there = np.zeros(len(rows), bool)

    def _read(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        values = super()._read(first, last, into)
        some = slice(*np.searchsorted(self.rows, [first, last]))
        self._held[some] = values[self.rows[some] - first]
        self._there[some] = True
        return values

    def _rows(self, rows: Any) -> np.ndarray:
        if self._there.all() and isinstance(rows, np.ndarray) and np.array_equal(rows, self.rows):
            return self._held
        return super()._rows(rows)


class _Span:
    """Consecutive rows of a matrix, as a `Matrix`."""

    sha256 = ""
    limits: tuple[float, float] | None = None

    def __init__(self, matrix: Matrix, first: int, last: int) -> None:
        self.matrix, self.first, self.name = matrix, first, matrix.name
        self.shape = (last - first, matrix.shape[1])
        self.rows_together = matrix.rows_together

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        return self.matrix.read_rows(self.first + first, self.first + last, into)

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        return self.matrix.read_columns(columns)[self.first : self.first + self.shape[0]]


Values = np.ndarray | LazyValues
"""What `Expression.values` may be."""


def row_blocks(values: Values) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number of the first row and the rows, block by block: an array is one block.

    Rows are valid until the next are asked for.
    """
    if not isinstance(values, LazyValues):
        yield 0, values
        return
    for first, _, rows in values.in_order(0, values.matrix.rows_together):
        yield first, rows


def row_span(values: Values, first: int, last: int) -> Values:
    """Return the rows from `first` up to `last`: a view, or lazy values again."""
    return values.span(first, last) if isinstance(values, LazyValues) else values[first:last]


_threads: list[ThreadPoolExecutor] = []


def _reader() -> ThreadPoolExecutor:
    """Return the thread that reads ahead, made on first use."""
    if not _threads:
        _threads.append(ThreadPoolExecutor(1, "reading ahead"))
    return _threads[0]
