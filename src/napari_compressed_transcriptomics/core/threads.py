"""With how many threads numbers are computed."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, lru_cache
from threading import Lock
from typing import Any

FEW_ROWS = 500
_NICE = 10
"""Of 19: a thread beside it has nine times its time."""
_LOCK = Lock()
_limits: list[Any] = []
"""Of BLAS, one for each who wants a single thread now: they may come and go in any order."""


def usable_cores() -> int:
    """Return on how many cores this process may run."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


@cache
def usual_threads() -> int:
    """Return in how many threads PyTorch computes by itself, as it was at the first call.

    It counts for each thread of a process, and others change it (numba does in that of a window).
    Sums depend on it in their last digits, which are to be the same in a window and in a command.
    """
    import torch

    return torch.get_num_threads()


def _libraries() -> Any:
    """Return the controller of all libraries that compute in threads."""
    return _found(len(sys.modules))


@lru_cache(1)
def _found(n_modules: int) -> Any:
    """Look for them, which takes milliseconds, only where modules came, which may bring some."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def give_way() -> None:
    """Let others go first that want a core: this thread computes, and will not wait for anyone."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        os.nice(_NICE)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: as fast for data of this size, and the same result anywhere."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with one_thread_of_blas(), _libraries().select(user_api="openmp").limit(limits=1):
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def one_thread_of_blas() -> Iterator[None]:
    """Multiply and decompose matrices in one thread, in all threads of this process."""
    with _LOCK, _any_thread_may_limit():
        _limits.append(_libraries().select(user_api="blas").limit(limits=1))
    try:
        yield
    finally:
        with _LOCK, _any_thread_may_limit():
            if len(_limits) == 1:
                _limits[0].restore_original_limits()
                _limits.clear()
            else:  # the first one knows how many there were before
                _limits.pop()


@contextmanager
def _any_thread_may_limit() -> Iterator[None]:
    """Limit OpenBLAS from this thread, where threadpoolctl (3.8) listens to the first one only."""
    from threadpoolctl import OpenBLASController

    forget = getattr(OpenBLASController, "clear_controlling_thread", lambda force: None)
    forget(force=True)
    yield
    forget(force=True)


def same_anywhere(n_rows: int) -> AbstractContextManager:
    """Compute on as few rows as an atlas has in one thread.

    Sums depend on the number of threads in their last digits, and so does what is trained: 800
    steps on 80 regions and 1,645 genes differed from the ninth digit of the RMSE on.
    """
    return one_thread() if n_rows <= FEW_ROWS else nullcontext()


@contextmanager
def small_algebra(n_rows: int = 0) -> Iterator[None]:
    """Decompose matrices of a few hundred rows in one thread; of more than `FEW_ROWS` in all.

    More are hardly faster, and wait for each other: on a machine with other work 264
    decompositions of 112 x 112 took 43 s with two, and 0.7 s with one.
    """
    if n_rows > FEW_ROWS:
        yield
        return
    import scipy.linalg  # noqa: F401  (brings a library of its own, which must be there)

    with one_thread_of_blas():
        yield
