"""Fits one after the other, or in processes of their own; both tell how far each has come."""

import shutil
import tempfile
import warnings
from collections import deque
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .compare_request import CompareRequest, Fit
from .errors import UserError
from .expression import Expression

if TYPE_CHECKING:
    from .compare import Score

Rows = tuple[np.ndarray, np.ndarray]
Events = Generator[tuple[Fit, "float | Score | str"], None, None]
"""A fit, and the part of it that is done (0..1), its score, or what went wrong."""

_SECONDS_BETWEEN_LOOKS = 0.2
# What a fit may fail with that others need not: told, not raised.
_FAILURES = (UserError, ArithmeticError, np.linalg.LinAlgError, MemoryError)


def one_by_one(
    request: CompareRequest, folds: dict[str, list[Rows]], fits: list[Fit], n_jobs: int
) -> Events:
    """Run the fits in this process."""
    from .compare import score_steps

    for fit in fits:
        rows = folds[fit.split][fit.fold - 1]
        steps = score_steps(fit, request.expression, rows, request.seed, request.device)
        yield fit, 0.0
        try:
            while True:
                progress = next(steps)
                yield fit, progress.done / max(progress.total, 1)
        except StopIteration as end:
            yield fit, end.value
        except _FAILURES as error:
            yield fit, _words(error)
        finally:
            steps.close()


def in_processes(
    request: CompareRequest, folds: dict[str, list[Rows]], fits: list[Fit], n_jobs: int
) -> Events:
    """Run the fits in `n_jobs` processes, which are ended where this generator is closed.

    The data are written to a temporary file that all processes map, so they are in memory once.
    Each process says how far it is in a small file beside it.

    Raises
    ------
    UserError
        If the system ends a process, as it does where memory is short.
    """
    import joblib
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    folder = Path(tempfile.mkdtemp(prefix="compare-"))
    executor = None
    try:
        joblib.dump((request.expression, folds, request.seed, request.device), folder / "data")
        one = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
        executor = ProcessPoolExecutor(
            n_jobs, initializer=_begin, initargs=(str(folder),), env=one, timeout=None
        )
        todo, waiting = deque(enumerate(fits)), dict[Future, tuple[int, Fit]]()
        while todo or waiting:
            # no more than run at once: ending processes is clean only with none in a queue
            while todo and len(waiting) < n_jobs:
                number, fit = todo.popleft()
                waiting[executor.submit(_score, number, fit)] = number, fit
            finished, _ = wait(waiting, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            for future in finished:
                _, fit = waiting.pop(future)
                yield fit, future.result()
            told = False
            for number, fit in waiting.values():
                with suppress(OSError, ValueError):
                    yield fit, float((folder / str(number)).read_text())
                    told = True
            if not told and waiting:  # a look all the same: whoever listens may want to cancel
                yield next(iter(waiting.values()))[1], 0.0
    except BrokenProcessPool:
        raise UserError(
            "A process was ended by the system, probably as memory is short; what is done is "
            "kept, go on with fewer processes"
        ) from None
    finally:
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)
        shutil.rmtree(folder, ignore_errors=True)


_shared: tuple[Path, Expression, dict[str, list[Rows]], int, str] | None = None


def _begin(folder: str) -> None:
    """Prepare a process: map the data, leave Ctrl-C to the one that started it."""
    import signal

    import joblib

    global _shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    _shared = (Path(folder), *joblib.load(Path(folder) / "data", mmap_mode="r"))


def _score(number: int, fit: Fit) -> Any:
    from .compare import score_steps

    assert _shared is not None
    folder, expression, folds, seed, device = _shared
    steps = score_steps(fit, expression, folds[fit.split][fit.fold - 1], seed, device)
    try:
        while True:
            progress = next(steps)
            with suppress(OSError):
                part = folder / f"{number}.part"
                part.write_text(f"{progress.done / max(progress.total, 1):.3f}")
                part.replace(folder / str(number))
    except StopIteration as end:
        return end.value
    except _FAILURES as error:
        return _words(error)


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
