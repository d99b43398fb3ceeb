"""Fits one after the other, in as many processes as there is memory for, or on other machines."""

import os
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import method_names
from napari_compressed_transcriptomics.core.cluster import connected, run_tasks
from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import available_memory, require_memory
from napari_compressed_transcriptomics.core.progress import Cancelled, Progress, Report
from napari_compressed_transcriptomics.core.threads import usable_cores
from napari_compressed_transcriptomics.io.files.temporary import temporary_folder

from .compare_request import CompareRequest, Fit
from .compare_score import Score, score_fit

Rows = tuple[np.ndarray, np.ndarray]
Folds = dict[str, list[Rows]]

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_LOOKS_AT_OWNER = 1.0
# What a fit may fail with that others need not: reported, not raised.
_FAILURES = (UserError, ArithmeticError, np.linalg.LinAlgError, MemoryError)

_PROCESS = 450 * 2**20
"""Of Python with PyTorch and scikit-learn loaded, measured."""
_MANY_SAMPLES = 1000
_PART = 0.6
"""Of the memory that is free."""


class Listener(Protocol):
    """Is told what becomes of fits; whatever it raises ends them all."""

    def advance(self, fit: Fit, part: float) -> None:
        """Note which part of a fit is done, 0 to 1; called several times a second."""

    def add(self, score: Score) -> None:
        """Take the score of a fit."""

    def fail(self, fit: Fit, why: str) -> None:
        """Note why a fit has no score."""


def bytes_per_process(request: CompareRequest) -> int:
    """Return about how much memory one fit takes at most, with its process.

    Six float32 copies of the data (training samples, centred, and their decomposition), and for
    kernel PCA four float64 kernels and two copies of samples in float64, or for the published
    network of 500 units its weights five times (gradients, moments, the best so far).
    """
    from napari_compressed_transcriptomics.codecs.kernel_pca import MAX_SAMPLES
    from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import HIDDEN_SIZES

    n, genes = request.expression.values.shape
    few = min(n, MAX_SAMPLES)
    special = {
        "kernel-pca": 32 * few**2 + 16 * few * genes,
        "autoencoder": 5 * 4 * 2 * genes * HIDDEN_SIZES[0],
        "umap": 200 * 2**20,
    }
    most = max([special.get(name, 0) for name in method_names(request.methods)])
    return _PROCESS + 24 * n * genes + most


def check_memory(request: CompareRequest) -> None:
    """Raise a `UserError` where not even the copies that each fit makes would be in memory.

    These are three of the data, in float32: training samples, centred, and their decomposition.
    """
    require_memory(
        12 * request.expression.values.size,
        f"A fit to {request.expression.name}",
        "use a coarser parcellation, fewer genes or a larger machine",
    )


def jobs(request: CompareRequest, n_fits: int) -> tuple[int, str]:
    """Return how many processes to use, and a sentence that says why."""
    each, free = bytes_per_process(request), available_memory()
    by_memory = max(1, int(_PART * free // each))
    if request.n_jobs is not None:
        n_jobs = max(1, min(request.n_jobs, n_fits))
        why = " (fewer processes are safer)" if n_jobs * each > free else ""
    elif resolve_device(request.device).name != "cpu":
        n_jobs, why = 1, f" (all share one {request.device})"
    else:
        most = min(usable_cores(), n_fits)
        n_jobs = max(1, min(most, by_memory))
        why = " (more would take too much of the memory)" if by_memory < most else ""
    return n_jobs, (
        f"{n_fits} fits in {n_jobs} process(es), about {each / 2**30:.1f} GiB each of "
        f"{free / 2**30:.1f} GiB of memory that are free{why}"
    )


def slow_methods(request: CompareRequest) -> str:
    """Return a sentence where fits take long, else nothing."""
    methods, n = method_names(request.methods), request.expression.n_samples
    if "autoencoder" in methods and n >= _MANY_SAMPLES:
        return f"A fit of the published autoencoder takes minutes on {n:,} samples"
    if {"autoencoder", "residual"} & {*methods}:
        return "A fit of an autoencoder takes up to a minute or so"
    return ""


def one_by_one(
    request: CompareRequest, folds: Folds, fits: list[Fit], n_jobs: int, listener: Listener
) -> None:
    """Run the fits in this process."""
    for fit in fits:
        tell = partial(listener.advance, fit)
        tell(0.0)
        _conclude(fit, partial(_measure, fit, request, folds, tell), listener)


def in_processes(
    request: CompareRequest, folds: Folds, fits: list[Fit], n_jobs: int, listener: Listener
) -> None:
    """Run the fits in `n_jobs` processes, which are ended where the listener raises.

    They end by themselves where this process is killed. The data are written to a temporary
    file that all map, so they are in memory once. How far each is comes through one queue.

    Raises
    ------
    UserError
        If there is no room for the data in the temporary folder, or the system ends a process,
        as it does where memory is short.
    """
    from loky import ProcessPoolExecutor
    from loky.backend import get_context
    from loky.process_executor import BrokenProcessPool

    with ExitStack() as stack:
        data = _shared_data(stack, request, folds)
        channel = stack.enter_context(closing(get_context().SimpleQueue()))
        one = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
        executor = ProcessPoolExecutor(
            n_jobs,
            initializer=_begin,
            initargs=(str(data), os.getpid(), channel),
            env=one,
            timeout=None,
        )
        stack.callback(executor.shutdown, wait=True, kill_workers=True)
        todo, running = deque(fits), dict[Future, Fit]()
        try:
            while todo or running:
                # no more than run at once: ending processes is clean only with none in a queue
                while todo and len(running) < n_jobs:
                    fit = todo.popleft()
                    running[executor.submit(_score, fit)] = fit
                finished, _ = wait(running, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                listener.advance(next(iter(running.values())), 0.0)  # it may want to cancel
                while not channel.empty():  # before what they ended with
                    listener.advance(*channel.get())
                for future in finished:
                    _conclude(running.pop(future), future.result, listener)
        except BrokenProcessPool:
            raise UserError(
                "A process was ended by the system, probably as memory is short; what is done is "
                "kept, go on with fewer processes"
            ) from None


def on_workers(
    request: CompareRequest, folds: Folds, fits: list[Fit], n_jobs: int, listener: Listener
) -> None:
    """Run the fits on the workers of ``request.scheduler``, which are given the data once.

    Raises
    ------
    UserError
        As `core.cluster.connected` and `core.cluster.run_tasks`.
    """
    assert request.scheduler is not None

    def advance(parts: dict[int, float]) -> None:
        for number in list(parts)[:1]:  # it may want to cancel
            listener.advance(fits[number], 0.0)
        for number, part in parts.items():
            if part:
                listener.advance(fits[number], part)

    def ended(number: int, score: Callable[[], Score]) -> None:
        _conclude(fits[number], score, listener)

    with connected(request.scheduler) as client:
        run_tasks(client, _scored, (request, folds), fits, ended, advance)


def _scored(shared: tuple[CompareRequest, Folds], fit: Fit, report: Report) -> Score:
    request, folds = shared
    rows = folds[fit.split][fit.fold - 1]
    return score_fit(fit, request.expression, rows, request.seed, request.device, report)


def _conclude(fit: Fit, measure: Callable[[], Score], listener: Listener) -> None:
    """Tell the score of a fit, or why there is none."""
    try:
        score = measure()
    except Cancelled:
        raise
    except _FAILURES as error:
        listener.fail(fit, str(error) or type(error).__name__)
    except Exception as error:
        error.add_note(f"in the fit {fit}")
        raise
    else:
        listener.add(score)


def _measure(
    fit: Fit, request: CompareRequest, folds: Folds, tell: Callable[[float], object]
) -> Score:
    def report(progress: Progress) -> None:
        tell(progress.done / max(progress.total, 1))

    return _scored((request, folds), fit, report)


def _shared_data(stack: ExitStack, request: CompareRequest, folds: Folds) -> Path:
    """Write what all processes need to a file that lasts as long as `stack`."""
    import tempfile

    import joblib

    try:
        path = stack.enter_context(temporary_folder()) / "data"
        joblib.dump((request, folds), path)
    except OSError as error:
        raise UserError(
            f"The data of the comparison ({request.expression.values.nbytes:,} bytes) cannot be "
            f"written to the folder for temporary files, {tempfile.gettempdir()} "
            f"({error.strerror or error}); set TMPDIR to another one, or use one process"
        ) from None
    return path


_given: tuple[CompareRequest, Folds, Any] | None = None
"""In a process: what was asked, and the queue that takes how far its fit is."""


def _begin(data: str, owner: int, channel: Any) -> None:
    """Prepare a process: map the data, leave Ctrl-C to the one that started it, end with it."""
    import signal

    import joblib

    global _given
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(owner)
    warnings.simplefilter("ignore")
    _given = (*joblib.load(data, mmap_mode="r"), channel)


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


def _score(fit: Fit) -> Score:
    assert _given is not None
    request, folds, channel = _given
    last = -_SECONDS_BETWEEN_LOOKS

    def tell(part: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LOOKS:  # not more: who writes to a full queue waits
            last = now
            channel.put((fit, part))

    return _measure(fit, request, folds, tell)
