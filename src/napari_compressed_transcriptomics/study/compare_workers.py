"""Fits one after the other, or in processes of their own; both tell how far each has come."""

import os
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.temporary import temporary_folder

from .compare_request import CompareRequest, Fit
from .compare_score import Score, score_steps

Rows = tuple[np.ndarray, np.ndarray]
Events = Generator[tuple[Fit, "float | Score | str"], None, None]
"""A fit, and the part of it that is done (0..1), its score, or what went wrong."""

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_LOOKS_AT_OWNER = 1.0
# What a fit may fail with that others need not: told, not raised.
_FAILURES = (UserError, ArithmeticError, np.linalg.LinAlgError, MemoryError)


def one_by_one(
    request: CompareRequest, folds: dict[str, list[Rows]], fits: list[Fit], n_jobs: int
) -> Events:
    """Run the fits in this process."""
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
        except Exception as error:
            error.add_note(f"in the fit {fit}")
            raise
        finally:
            steps.close()


def in_processes(
    request: CompareRequest, folds: dict[str, list[Rows]], fits: list[Fit], n_jobs: int
) -> Events:
    """Run the fits in `n_jobs` processes, which are ended where this generator is closed.

    They end by themselves where this process is killed. The data are written to a temporary
    file that all map, so they are in memory once. Each process says how far it is in a small
    file beside it.

    Raises
    ------
    UserError
        If there is no room for the data in the temporary folder, or the system ends a process,
        as it does where memory is short.
    """
    from loky import ProcessPoolExecutor
    from loky.process_executor import BrokenProcessPool

    with ExitStack() as stack:
        folder = _shared_data(stack, (request.expression, folds, request.seed, request.device))
        one = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
        executor = ProcessPoolExecutor(
            n_jobs, initializer=_begin, initargs=(str(folder), os.getpid()), env=one, timeout=None
        )
        stack.callback(executor.shutdown, wait=True, kill_workers=True)
        todo, waiting = deque(enumerate(fits)), dict[Future, tuple[int, Fit]]()
        try:
            while todo or waiting:
                # no more than run at once: ending processes is clean only with none in a queue
                while todo and len(waiting) < n_jobs:
                    number, fit = todo.popleft()
                    waiting[executor.submit(_score, number, fit)] = number, fit
                finished, _ = wait(waiting, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                for future in finished:
                    _, fit = waiting.pop(future)
                    try:
                        result = future.result()
                    except Exception as error:
                        error.add_note(f"in the fit {fit}")
                        raise
                    yield fit, result
                told = False
                for number, fit in waiting.values():
                    with suppress(OSError, ValueError):
                        yield fit, float((folder / str(number)).read_text())
                        told = True
                if not told and waiting:  # a look all the same: the listener may want to cancel
                    yield next(iter(waiting.values()))[1], 0.0
        except BrokenProcessPool:
            raise UserError(
                "A process was ended by the system, probably as memory is short; what is done is "
                "kept, go on with fewer processes"
            ) from None


def _shared_data(stack: ExitStack, data: tuple) -> Path:
    """Write what all processes need to a folder that lasts as long as `stack`."""
    import tempfile

    import joblib

    try:
        folder = stack.enter_context(temporary_folder())
        joblib.dump(data, folder / "data")
    except OSError as error:
        raise UserError(
            f"The data of the comparison ({data[0].values.nbytes:,} bytes) cannot be written to "
            f"the folder for temporary files, {tempfile.gettempdir()} "
            f"({error.strerror or error}); set TMPDIR to another one, or use one process"
        ) from None
    return folder


_shared: tuple[Path, Expression, dict[str, list[Rows]], int, str] | None = None


def _begin(folder: str, owner: int) -> None:
    """Prepare a process: map the data, leave Ctrl-C to the one that started it, end with it."""
    import signal

    import joblib

    global _shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(owner)
    warnings.simplefilter("ignore")
    _shared = (Path(folder), *joblib.load(Path(folder) / "data", mmap_mode="r"))


def _end_with(owner: int) -> None:
    """End this process when its parent, `owner`, has ended, even if that was killed."""
    if sys.platform == "linux":
        import ctypes
        import signal

        # At once, where the system can; 1 is PR_SET_PDEATHSIG.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)

    def watch() -> None:
        import psutil

        while os.getppid() == owner and psutil.pid_exists(owner):
            time.sleep(_SECONDS_BETWEEN_LOOKS_AT_OWNER)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _score(number: int, fit: Fit) -> Any:
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
