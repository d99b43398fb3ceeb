"""Work on blocks of rows on a device, which survives running out of memory."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)

from .errors import UserError
from .lazy_values import LazyValues, Values
from .memory import no_memory, out_of_memory
from .progress import Progress, Report, silent
from .threads import give_way, one_thread_of_blas

BLOCK_BYTES = 32 * 2**20
MOST_THREADS = 4
"""For values that are read: 16 took half as long again on 16 cores, and keep 40 MB each."""
MIN_ROWS = 16
MAX_ROWS = 2**14
"""Sums over the rows of a block are float32: at so many off by 1e-6, at 1.5 million by 6e-4."""

Step = Callable[[int, int, torch.Tensor], Callable[[], object] | None]
"""What is done with a block of rows; it returns what is to be done in the order of the blocks."""


def block_rows(
    n_rows: int,
    n_columns: int,
    block_bytes: int | None = None,
    together: int = 1,
) -> int:
    """Return how many float32 rows make a block of about `block_bytes`, in whole `together`.

    At most `MAX_ROWS`.
    """
    rows = min(n_rows, MAX_ROWS, (block_bytes or BLOCK_BYTES) // (4 * n_columns))
    return max(together, rows // together * together)


def rows_at_once(
    values: Values,
    block_bytes: int | None = None,
    width: int | None = None,
    together: int = 1,
) -> int:
    """Return how many rows a block has at first; see `run_in_blocks`.

    Blocks end where rows that are read at once do. So rows that machines share between them are
    read once, and are the same blocks as on one.
    """
    rows = block_rows(len(values), width or values.shape[1], block_bytes, together)
    if not isinstance(values, LazyValues):
        return rows
    size = values.matrix.rows_together
    divisors = [n for n in range(together, size + 1, together) if size % n == 0]
    near = [n for n in divisors if rows / 2 < n <= rows * 3 / 2]
    return min(near, key=lambda n: max(n / rows, rows / n), default=rows)


@one_thread_of_blas()
def run_in_blocks(
    stage: str,
    values: Values,
    device: str,
    prepare: Callable[[str, int, int], Step],
    block_bytes: int | None = None,
    width: int | None = None,
    together: int = 1,
    report: Report = silent,
) -> tuple[str, tuple[str, ...]]:
    """Run a step over all rows, block by block.

    When memory runs out the block is halved, on a GPU down to `MIN_ROWS`, and then the CPU
    takes over, each time from the first row that is not done; there it is halved down to a row.
    When the device fails in another way the CPU starts from the first row again, as what lay on
    the device may be lost.

    Parameters
    ----------
    stage : str
        For the progress.
    values : ndarray, shape (n_rows, n_columns)
        Read one block at a time, in order.
    device : str
        Where to begin.
    prepare : callable
        ``prepare(device, rows, start)`` makes what the blocks need (weights) and returns
        ``step(first, last, block)``, a `Step`, which is called with consecutive float32 blocks
        on the device, on a CPU with several at a time. Only what it returns adds to sums over
        rows.
    block_bytes : int, optional
        Size of a block of rows.
    width : int, optional
        Columns of a row of a block, for its size, where the output is wider than `values`.
    together : int
        Rows that must not be parted: every block starts at a multiple of it.
    report : callable, optional
        Called after each block with a `Progress` in rows; may raise `Stop` or `Cancelled`.

    Returns
    -------
    device : str
        Where the work ended.
    notes : tuple of str
        What had to be changed on the way.

    Raises
    ------
    UserError
        If there is no memory for a single row (or `together`), saying what is needed.
    """
    n_rows, n_columns = len(values), width or values.shape[1]
    rows = rows_at_once(values, block_bytes, width, together)
    start, message = 0, ""
    notes: list[str] = []
    blocks = _attempt(values, start, rows, device, prepare)
    while start < n_rows:
        failure = shortage = ""
        fewest = together if device == "cpu" else max(MIN_ROWS, together)
        try:
            start = next(blocks)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                if device == "cpu":
                    raise
                failure = str(error).splitlines()[0]
            elif device == "cpu" and rows <= fewest:
                what = f"{rows} rows" if rows > 1 else "1 row"
                size = f"{n_columns:,} values ({4 * rows * n_columns:,} bytes)"
                shortage = no_memory(f"{stage} {what} of {size}", error)
        else:  # here, an error that `report` raises is not taken for the device's
            report(Progress(stage, start, n_rows, message))
            message = ""
            continue
        # out here the exception is gone, and with it all that the failed try held
        if shortage:
            raise UserError(shortage)
        if failure:
            message = f"{device.upper()} failed ({failure}); started again on the CPU"
            device, start = "cpu", 0
            rows = block_rows(n_rows, n_columns, block_bytes, together)
        elif rows > fewest:
            rows = max(fewest, rows // 2 // together * together)
            message = f"{device.upper()} memory ran out; went on with blocks of {rows} rows"
        else:
            message = f"{device.upper()} memory ran out; went on with the CPU"
            device = "cpu"
            rows = block_rows(n_rows, n_columns, block_bytes, together)
        notes.append(message)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        blocks = _attempt(values, start, rows, device, prepare)
    return device, tuple(notes)


def _attempt(
    values: Values,
    start: int,
    rows: int,
    device: str,
    prepare: Callable[[str, int, int], Step],
) -> Iterator[int]:
    """Do block after block from row `start`; yield the row after each."""
    yield from each_block(values, start, rows, device, prepare(device, rows, start))


def each_block(values: Values, start: int, rows: int, device: str, step: Step) -> Iterator[int]:
    """Run a step on consecutive blocks of rows, from `start`; yield the row after each, in order.

    A CPU has as many blocks in work as PyTorch has threads, each in one thread; of values that are
    read at most `MOST_THREADS`. Threads that share a block wait for each other after each
    operation, and do so busily: beside the one that reads, on two cores with other work, it took
    three to five times the CPU seconds. Sums do not depend on the number of threads so. A step that
    multiplies by `matrix_products` must be within `one_thread_of_blas`, which who calls this is, as
    a generator may be left in the middle.
    """
    n_threads = min(torch.get_num_threads(), -(-(len(values) - start) // rows))
    if isinstance(values, LazyValues):
        n_threads = min(n_threads, MOST_THREADS)
    if device == "cpu" and torch.get_num_threads() > 1:
        with _single_threads(n_threads) as pool:
            yield from _in_threads(pool, n_threads, partial(feed, values, start, rows), step)
        return
    for first, last, block in feed(values, start, rows, device):
        if then := step(first, last, block):
            then()
        yield last


def _in_threads(
    pool: ThreadPoolExecutor, n_threads: int, feeding: Callable[..., Iterator[Any]], step: Step
) -> Iterator[int]:
    """Run a step on as many blocks at a time as there are threads; yield the row after each."""
    running: deque[tuple[int, Future[Callable[[], object] | None]]] = deque()

    def ended() -> int:
        last, future = running.popleft()
        if then := future.result():
            pool.submit(then).result()  # here it would share its operations with threads again
        return last

    def in_work() -> Callable[[], object]:
        return partial(wait, [future for _, future in running])

    failure: Exception | None = None
    blocks = feeding("cpu", in_work)
    while True:
        try:
            found = next(blocks, None)
        except (RuntimeError, MemoryError) as error:  # of reading; those in work are before it
            failure = error
            break
        if found is None:
            break
        if len(running) == 2 * n_threads:  # of which the first may be the slowest
            yield ended()
        running.append((found[1], pool.submit(step, *found)))
    while running:
        yield ended()
    if failure is not None:
        raise failure


def _single_threads(n: int) -> ThreadPoolExecutor:
    """Return `n` threads in each of which PyTorch computes in one.

    They give way to the thread that reads what they will need next, and to that of a window.
    """
    ready = threading.Barrier(n + 1)

    def begin() -> None:
        give_way()
        torch.get_num_threads()  # a thread that is not asked takes those of others when it computes
        torch.set_num_threads(1)
        ready.wait()

    pool = ThreadPoolExecutor(n, "computing", begin)
    for _ in range(n):
        pool.submit(int)  # each makes a thread
    ready.wait()
    torch.set_num_threads(torch.get_num_threads())  # of threads that others will make
    return pool


def some_rows(values: Values, n: int, n_blocks: int = 4) -> np.ndarray:
    """Return about `n` rows, float32, evenly spaced: of lazy values within few blocks of rows."""
    at = np.linspace(0, len(values) - 1, min(len(values), n)).astype(int)
    if isinstance(values, LazyValues):
        size = values.matrix.rows_together
        number = (len(values) - 1) // size
        ends = (0, number) if n_blocks > 1 else (number // 2, number // 2)
        blocks = np.unique(np.linspace(*ends, n_blocks).astype(int))
        first = blocks * size
        last = np.minimum(first + size, len(values)) - 1
        spaced = [np.linspace(a, b, -(-n // len(blocks))) for a, b in zip(first, last, strict=True)]
        at = np.unique(np.concatenate(spaced).astype(int))[:n]
    return np.asarray(values[at], np.float32)


def values_range(values: Values) -> tuple[float, float]:
    """Return the least and the largest value, NaN if one is, reading block by block."""
    if isinstance(values, LazyValues) and values.limits is not None:
        return values.limits
    rows = block_rows(*values.shape)
    ranges = [torch.aminmax(block) for _, _, block in feed(values, 0, rows, "cpu")]
    return (
        float(torch.stack([found.min for found in ranges]).amin()),
        float(torch.stack([found.max for found in ranges]).amax()),
    )


def feed(
    values: Values,
    start: int,
    rows: int,
    device: str,
    in_work: Callable[[], Callable[[], object]] | None = None,
) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Yield ``first, last, block`` for consecutive blocks of rows on a device, from `start`.

    A block is valid until the next one is asked for; on a CPU, where `in_work` is given, until
    what it returned has waited, see `LazyValues.in_order`. Rows go to the device as float32 (MPS
    has no float64). On the CPU blocks are views where they can be. On CUDA see `_double_buffered`.
    """
    if isinstance(values, LazyValues):
        parts = values.in_order(start, rows, in_work)
    else:
        parts = (
            (i, min(i + rows, len(values)), values[i : i + rows])
            for i in range(start, len(values), rows)
        )
    if device == "cuda":
        shape = (min(rows, len(values) - start), values.shape[1])
        yield from _double_buffered(parts, shape, device, torch.cuda)
        return
    for first, last, part in parts:
        yield first, last, _on_host(part).to(device)


def _on_host(rows: np.ndarray) -> torch.Tensor:
    block = np.ascontiguousarray(rows, dtype=np.float32)
    # torch warns of arrays that it must not write to; nothing here writes
    return torch.from_numpy(block if block.flags.writeable else block.copy())


def _double_buffered(
    parts: Iterator[tuple[int, int, np.ndarray]], shape: tuple[int, int], device: str, cuda: Any
) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Feed CUDA through two pinned buffers and two buffers on the device.

    While the device works on one block, the host fills the pinned buffer of the next and a
    stream of its own copies it over. Events order the two streams; the host waits for nothing
    but the pinned buffer, whose last copy was two blocks ago. `cuda` is ``torch.cuda``,
    and `shape` that of the largest of the parts.
    """
    pinned = [torch.empty(shape, pin_memory=device == "cuda") for _ in range(2)]
    blocks = [torch.empty(shape, device=device) for _ in range(2)]
    copied, used = [cuda.Event() for _ in range(2)], [cuda.Event() for _ in range(2)]
    side, main = cuda.Stream(), cuda.current_stream()
    side.wait_stream(main)  # the buffers' memory may still be in use by earlier work
    for index, (first, last, part) in enumerate(parts):
        slot, n = index % 2, last - first
        copied[slot].synchronize()
        pinned[slot][:n].copy_(_on_host(part))
        with cuda.stream(side):
            side.wait_event(used[slot])
            blocks[slot][:n].copy_(pinned[slot][:n], non_blocking=True)
            copied[slot].record(side)
        main.wait_event(copied[slot])
        yield first, last, blocks[slot][:n]
        used[slot].record(main)
    side.synchronize()  # the pinned buffers are given back only after their last copy
