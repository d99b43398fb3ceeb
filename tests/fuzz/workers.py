"""Cases in processes of their own: one that crashes, hangs or takes all memory ends only that."""

import multiprocessing
import shutil
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from .cases import Case, run
from .memory import limit
from .oracle import Outcome

SECONDS_TO_HANG = 60
_PRELOADED = ("anndata", "h5py", "pyarrow.parquet", "sklearn.decomposition", "torch")


def outcomes(
    cases: Iterable[Case], seeds: Path, work: Path, jobs: int, keep: Path | None = None
) -> Iterator[tuple[Case, Outcome]]:
    """Yield cases with their outcomes as they come.

    Parameters
    ----------
    cases : iterable of Case
    seeds, work : Path
        Folder of valid files, and one for changed ones.
    jobs : int
        How many processes.
    keep : Path, optional
        Where to keep the files of cases that are faults.
    """
    waiting = iter(cases)
    workers = [_Worker(seeds, work / str(i)) for i in range(jobs)]
    try:
        for worker in workers:
            worker.begin(next(waiting, None))
        while busy := [worker for worker in workers if worker.case is not None]:
            ready = wait([worker.connection for worker in busy], timeout=1)
            for worker in busy:
                if worker.connection not in ready and not worker.hangs:
                    continue
                case, outcome = worker.case, worker.end()
                if keep is not None and outcome.is_fault:
                    _copy(worker.work / case.kind, keep / case.kind / str(case.number))
                yield case, outcome
                worker.begin(next(waiting, None))
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """One process, and the case that it is at; begun anew where it died."""

    def __init__(self, seeds: Path, work: Path) -> None:
        self.seeds, self.work = seeds, work
        self.case: Case | None = None
        self._start()

    @property
    def hangs(self) -> bool:
        return time.monotonic() - self._since > SECONDS_TO_HANG

    def begin(self, case: Case | None) -> None:
        self.case, self._since = case, time.monotonic()
        if case is not None:
            self.connection.send(case)

    def end(self) -> Outcome:
        """Return what came of the case."""
        try:
            if self.connection.poll():
                return self.connection.recv()
            outcome = Outcome("hang", said=f"more than {SECONDS_TO_HANG} s")
        except EOFError:
            self._process.join()
            if self._process.exitcode == 1:  # as Python ends after an exception of the fuzzer's own
                raise RuntimeError(f"the fuzzer failed at {self.case}, as told above") from None
            outcome = Outcome("crash", said=f"exit code {self._process.exitcode}")
        self.stop()
        self._start()
        return outcome

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _start(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        context = _context()
        self.connection, theirs = context.Pipe()
        arguments = (theirs, self.seeds, self.work)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self.connection.recv()  # once all is loaded; until then no time counts


def get_ready() -> None:
    """Have libraries loaded in the background, where processes can start with them."""
    if sys.platform == "linux":
        from multiprocessing import forkserver  # not everywhere

        _context()
        forkserver.ensure_running()


def _context() -> Any:
    """Return how to start processes: from one that has loaded all libraries, where possible."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.cases", *_PRELOADED])
    return context


def _serve(connection: Connection, seeds: Path, work: Path) -> None:
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("error")
    for theirs in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.simplefilter("ignore", theirs)
    limit()
    connection.send("ready")
    while True:
        try:
            case = connection.recv()
        except EOFError:
            return
        connection.send(run(case, seeds, work))


def _copy(folder: Path, to: Path) -> None:
    """Keep the files of a case, but for what cannot be copied (a pipe)."""
    try:
        shutil.copytree(folder, to, symlinks=True, dirs_exist_ok=True)
    except (OSError, shutil.Error):
        to.mkdir(parents=True, exist_ok=True)
