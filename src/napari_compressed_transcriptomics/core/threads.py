"""With how many threads numbers are computed."""

from collections.abc import Iterator
from contextlib import contextmanager

FEW_ROWS = 500


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: as fast for data of this size, and the same result anywhere."""
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def torch_threads(n_rows: int) -> Iterator[None]:
    """Run a network on at most `FEW_ROWS` rows in one thread, on more as PyTorch is set.

    The order in which a product is summed follows from the threads, and a window's threads may
    have fewer than a command: so few rows have the same latents to the bit in both.
    """
    import torch

    threads = torch.get_num_threads()
    if n_rows > FEW_ROWS or threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


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
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        yield
