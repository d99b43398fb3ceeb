"""Processes of a comparison: they end with their parent, and what they shared is removed."""

import errno
import signal
import subprocess
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import psutil
import pytest

from napari_compressed_transcriptomics.core import memory
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Stop, stopping
from napari_compressed_transcriptomics.io.files.temporary import temporary_folder
from napari_compressed_transcriptomics.study import compare_workers
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest, Fit, plan
from napari_compressed_transcriptomics.study.compare_workers import in_processes, one_by_one
from small import small_expression

DATA = small_expression()
FIT = Fit("pca", 2, "random", 1)
REQUEST = CompareRequest(DATA, ("pca",), (2,), ("random",), 2, n_jobs=2)


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_behind(folder: Path) -> Path:
    """Make what a killed process leaves."""
    made = Path(tempfile.mkdtemp(prefix="compressed-transcriptomics-", dir=folder))
    for name in ("in-use", "data"):
        (made / name).write_bytes(b"0" * 99)
    return made


def test_what_a_killed_process_left_is_removed_by_the_next(temporary):
    left = left_behind(temporary)
    with temporary_folder() as folder:
        assert not left.exists()
        (folder / "data").write_text("")
        with temporary_folder():  # of another process, say: this one is in use
            assert (folder / "data").exists()
    assert list(temporary.iterdir()) == []


def test_what_is_not_ours_stays(temporary):
    other = left_behind(temporary)
    other = other.rename(temporary / "compare-x")
    being_made = left_behind(temporary)
    (being_made / "data").unlink()
    elsewhere = left_behind(temporary / "compare-x")
    (temporary / "compressed-transcriptomics-link").symlink_to(elsewhere)
    with temporary_folder():
        pass
    assert (other / "data").exists()
    assert (being_made / "in-use").exists()
    assert (elsewhere / "data").exists()


def test_a_temporary_folder_without_room_is_told(temporary, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("joblib.dump", full)
    with pytest.raises(UserError, match=r"No space left on device\); set TMPDIR") as told:
        compare_methods(REQUEST)
    assert str(temporary) in str(told.value)
    assert list(temporary.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "nowhere"))
    with pytest.raises(UserError, match="nowhere"):
        compare_methods(REQUEST)


class Listener:
    """Keeps what it is told of fits."""

    def __init__(self):
        self.parts, self.failed, self.scores = [], [], []

    def advance(self, fit, part):
        self.parts.append((fit, part))

    def add(self, score):
        self.scores.append(score.fit)

    def fail(self, fit, why):
        self.failed.append((fit, why))


@pytest.mark.parametrize("run", [one_by_one, in_processes])
def test_a_fit_that_fails_is_told_but_an_error_that_nobody_foresaw_names_its_fit(run, temporary):
    rows = {
        "random": [
            (np.array([0]), np.array([1])),
            (np.arange(9), np.arange(9, 12)),
            (np.array([999]), np.array([0])),  # no such row
        ]
    }
    second, third = FIT._replace(fold=2), FIT._replace(fold=3)
    listener = Listener()
    with pytest.raises(IndexError) as told:
        run(REQUEST, rows, [FIT, second, third], 1, listener)
    assert told.value.__notes__ == [f"in the fit {third}"]
    ((fit, why),) = listener.failed
    assert fit == FIT
    assert "at least two samples" in why
    assert listener.scores == [second]
    assert {fit for fit, _ in listener.parts} == {FIT, second, third}
    assert list(temporary.iterdir()) == []


def test_a_process_that_is_killed_ends_the_others(temporary):
    """In the middle of a fit, while both tell how far they are."""
    me = psutil.Process()
    before, both = set(me.children()), []

    class Killer(Listener):
        def advance(self, fit, part):
            if part > 0 and not both:
                started = set(me.children()) - before
                both.extend(one for one in started if "tracker" not in " ".join(one.cmdline()))
                both[0].kill()

    planned = plan(replace(REQUEST, methods=("autoencoder",)))
    with pytest.raises(UserError, match="A process was ended by the system"):
        in_processes(REQUEST, planned.folds, list(planned.fits), 2, Killer())
    assert len(both) == 2
    assert psutil.wait_procs(both, timeout=120)[1] == []
    assert list(temporary.iterdir()) == []


OWNER = """
import tempfile, sys
import numpy as np
from napari_compressed_transcriptomics.study.compare_request import CompareRequest, Fit
from napari_compressed_transcriptomics.study.compare_workers import in_processes
from small import small_expression
tempfile.tempdir = sys.argv[1]
request = CompareRequest(small_expression(), ("autoencoder",), (2,), ("random",), 2)
rows = np.arange(60)

class Listener:
    def advance(self, fit, part):
        if part > 0:
            print("fits", flush=True)

    def add(self, score):
        pass

fit = Fit("autoencoder", 2, "random", 1)
in_processes(request, {"random": [(rows, rows)]}, [fit], 1, Listener())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_processes_end_with_an_owner_that_is_killed(temporary):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(temporary)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"fits\n"
    started = psutil.Process(owner.pid).children(recursive=True)
    assert any("tracker" not in " ".join(one.cmdline()) for one in started)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    _, alive = psutil.wait_procs(started, timeout=120)
    assert alive == []
    assert len(list(temporary.iterdir())) == 1
    with temporary_folder():
        pass
    assert list(temporary.iterdir()) == []


def test_a_process_whose_owner_is_gone_ends(monkeypatch):
    ends = []
    monkeypatch.setattr(compare_workers.sys, "platform", "plan9")
    monkeypatch.setattr(compare_workers.os, "_exit", ends.append)
    monkeypatch.setattr(compare_workers.threading, "Thread", Now)
    compare_workers._end_with(owner=2**22 + 1)
    assert ends == [1]


def test_a_process_maps_the_data_and_tells_now_and_then_how_far_its_fit_is(monkeypatch, tmp_path):
    """Not at each step: who writes to a full queue waits."""
    planned, told, ignored, owners = plan(REQUEST), [], [], []
    fit = planned.fits[0]
    joblib.dump((REQUEST, planned.folds), tmp_path / "data")
    monkeypatch.setattr(compare_workers, "_given", None)
    monkeypatch.setattr(compare_workers, "_end_with", owners.append)
    monkeypatch.setattr(signal, "signal", lambda *given: ignored.append(given))
    monkeypatch.setattr(warnings, "simplefilter", ignored.append)
    compare_workers._begin(str(tmp_path / "data"), 7, SimpleNamespace(put=told.append))
    assert owners == [7]
    assert ignored == [(signal.SIGINT, signal.SIG_IGN), "ignore"]
    request = compare_workers._given[0]
    assert isinstance(request.expression.values, np.memmap)

    def measure(fit, request, folds, tell):
        assert len(folds["random"]) == 2
        for part in range(5):
            tell(part / 4)
        return "score"

    times = iter([10.0, 10.1, 10.25, 10.3, 10.5])
    monkeypatch.setattr(compare_workers, "_measure", measure)
    monkeypatch.setattr(compare_workers.time, "monotonic", lambda: next(times))
    assert compare_workers._score(fit) == "score"
    assert told == [(fit, 0.0), (fit, 0.5), (fit, 1.0)]


class Now:
    """A thread that has ended when it was started."""

    def __init__(self, target, daemon):
        self.start = target


def test_memory_is_told_before_the_work(monkeypatch):
    monkeypatch.setattr(compare_workers, "available_memory", lambda: 10**9)
    assert "2 process(es), about 0.4 GiB each of 0.9 GiB of memory that are free" in first_told()
    monkeypatch.setattr(compare_workers, "available_memory", lambda: 10**8)
    assert "fewer processes are safer" in first_told()
    monkeypatch.setattr(memory, "available_memory", lambda: 10**4)
    with pytest.raises(UserError, match="A fit to small needs"):
        compare_methods(REQUEST)


def first_told() -> str:
    seen = []
    with pytest.raises(Stop):
        compare_methods(REQUEST, report=stopping(seen.append, lambda: seen[-1].message != ""))
    return seen[-1].message
