"""Large files, read and hashed in threads beside the one that works on what was read."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TypeVar

from napari_compressed_transcriptomics.core.provenance import file_sha256

from .files import state_of

_LARGE = 64 << 20  # bytes; smaller files are hashed sooner than a thread is made
T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the same items; a thread makes the next one while the caller has the last."""
    with ThreadPoolExecutor(1, "reading ahead") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


@contextmanager
def hashing(path: Path) -> Iterator[Callable[[], str]]:
    """Hash a file while the block runs; yield a function that waits for its SHA-256.

    A small file is hashed when that is called. An error in the block ends the work.
    """
    if state_of(path)[0] < _LARGE:
        yield lambda: file_sha256(path)
        return
    left = Event()
    with ThreadPoolExecutor(1, "hashing") as thread:
        try:
            yield thread.submit(file_sha256, path, left.is_set).result
        finally:
            left.set()
