"""Work as generators: results come back, time left is told, and early ends are clean."""

import pytest

from napari_compressed_transcriptomics.core import progress as module
from napari_compressed_transcriptomics.core.progress import Progress, Stop, TimeLeft, finish


def steps(n, keep=False):
    try:
        for done in range(n):
            yield Progress("Working", done, n)
    except Stop:
        if not keep:
            raise
        return "best so far"
    return "all"


def test_result_comes_back_and_every_progress_is_reported():
    seen = []
    assert finish(steps(3), seen.append) == "all"
    assert [progress.done for progress in seen] == [0, 1, 2]


def test_stopped_work_gives_its_best_or_nothing():
    seen = []
    assert finish(steps(100, keep=True), seen.append, lambda: len(seen) == 5) == "best so far"
    assert len(seen) == 5
    with pytest.raises(Stop):
        finish(steps(100), seen.append, lambda: len(seen) == 8)


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
