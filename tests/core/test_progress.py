"""Work that reports: early ends are clean, and time left is told."""

import pytest

from napari_compressed_transcriptomics.core import progress as module
from napari_compressed_transcriptomics.core.progress import (
    Cancelled,
    Finishing,
    Progress,
    Stop,
    TimeLeft,
    dropping,
    silent,
    stopping,
)


def work(n, report, keep=False):
    try:
        for done in range(n):
            report(Progress("Working", done, n))
    except Stop:
        if not keep:
            raise
        report(Progress("Saving", n, n))
        return "best so far"
    return "all"


def test_every_progress_is_reported():
    seen = []
    assert work(3, seen.append) == "all"
    assert [progress.done for progress in seen] == [0, 1, 2]
    assert work(3, silent) == "all"


def test_stopped_work_gives_its_best_or_nothing():
    seen = []
    assert work(100, stopping(seen.append, lambda: len(seen) >= 5), keep=True) == "best so far"
    assert len(seen) == 6  # asked once, it is let go on with what it has
    with pytest.raises(Stop):
        work(100, stopping(seen.append, lambda: len(seen) == 8))


def test_what_is_of_no_use_half_done_is_dropped():
    seen = []
    with pytest.raises(Cancelled) as raised:
        work(100, dropping(stopping(seen.append, lambda: len(seen) == 5)), keep=True)
    assert raised.type is Cancelled
    assert len(seen) == 5


def test_work_that_is_finished_all_the_same_tells_that_it_was_to_stop():
    report = Finishing(stopping(silent, lambda: True))
    assert not report.asked
    assert work(3, report) == "all"
    assert report.asked


@pytest.mark.parametrize(
    ("pace", "words"),
    [(0.5, "up to 45 s left"), (50, "up to 75 min left"), (3600, "up to 90 h left")],
)
def test_time_left_in_fitting_units(pace, words, monkeypatch):
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    clock = TimeLeft()
    assert clock.after(Progress("Training", 0, 100)) == ""
    now = 10 * pace
    assert clock.after(Progress("Training", 10, 100)) == words
    assert clock.after(Progress("Encoding", 5, 100)) == ""  # another stage, another pace


def test_time_left_goes_on_through_stages_that_count_on(monkeypatch):
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    clock = TimeLeft()
    clock.after(Progress("Predicting A", 0, 4))
    now = 10
    clock.after(Progress("Predicting A", 1, 4))
    assert clock.after(Progress("Predicting B", 1, 4)) == "up to 30 s left"
    assert clock.after(Progress("Saving", 0, 4)) == ""
