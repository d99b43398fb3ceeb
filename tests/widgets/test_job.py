"""However a job ends there is one notification at most, and the button is back."""

import gc
import threading
import time
import warnings
import weakref
from functools import partial
from unittest.mock import Mock

import napari.utils
import pytest
import torch

from clicking import finish, press, run
from napari_compressed_transcriptomics.core import fault_report
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.threads import usual_threads
from napari_compressed_transcriptomics.widgets.shared import job
from napari_compressed_transcriptomics.widgets.shared.background import Background
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar


@pytest.fixture(autouse=True)
def log_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(fault_report, "_folders", lambda: [tmp_path])
    return tmp_path


@pytest.fixture
def make_bar(qtbot):
    def make(work, title="Compress"):
        bar = RunBar(title)
        qtbot.addWidget(bar)
        bar.clicked.connect(lambda: bar.start(work))
        bar.show()
        return bar

    return make


def raising(error):
    def work(report):
        report(Progress("Training", 0, 1))
        warnings.warn("a sign of it", UserWarning, stacklevel=1)
        raise error

    return work


def warning(*texts, category=RuntimeWarning):
    def work(report):
        report(Progress("Training", 0, 1))
        for text in texts:
            warnings.warn(text, category, stacklevel=1)

    return work


def test_an_error_of_the_user_is_its_sentence(make_bar, told, log_folder, qtbot):
    bar = make_bar(raising(UserError("gene X is bad; drop it")))
    run(bar, qtbot)
    assert [notice.message for notice in told] == ["gene X is bad; drop it"]
    assert bar.status.text() == "gene X is bad; drop it"
    assert bar.run.isEnabled()
    assert not list(log_folder.iterdir())


class Panic(BaseException):
    """As libraries written in Rust raise it."""


@pytest.mark.parametrize("error", [RuntimeError("a\x07 bug"), Panic("a bug"), MemoryError()])
def test_a_bug_is_one_notification_that_names_its_report(error, make_bar, told, log_folder, qtbot):
    bar = make_bar(raising(error))
    run(bar, qtbot)
    (report,) = log_folder.iterdir()
    assert "Compress" in report.read_text()
    assert "in raising" in report.read_text() or "in work" in report.read_text()
    (notice,) = told
    line, where = notice.message.splitlines()
    assert type(error).__name__ in line
    assert line.isprintable()
    assert str(report) in where
    assert "Traceback" in notice.as_text()  # behind the notification's button
    assert bar.status.text() == line
    assert bar.run.isEnabled()
    assert not bar.cancel.isEnabled()


def test_a_fault_before_the_work_is_told_as_one_within(make_bar, told, qtbot, monkeypatch):
    """As PyTorch had it while another thread was loading it."""

    def half_loaded():
        raise AttributeError("half loaded")

    monkeypatch.setattr(job, "_compute_in_usual_threads", half_loaded)
    bar = make_bar(lambda report: 1)
    run(bar, qtbot)
    (notice,) = told
    assert "half loaded" in notice.message
    assert bar.run.isEnabled()


def test_warnings_are_one_notification_none_lost_none_twice(make_bar, told, qtbot):
    bar = make_bar(warning("overflow", "overflow", "a\nsecond"))
    run(bar, qtbot)
    (notice,) = told
    assert notice.message == (
        "Compress: RuntimeWarning: overflow\nCompress: RuntimeWarning: a second"
    )
    assert bar.run.isEnabled()
    run(bar, qtbot)  # the second job, too, says so, though Python keeps quiet after the first time
    assert [told.message for told in told] == [notice.message] * 2


def test_many_warnings_are_counted(make_bar, told, qtbot):
    run(make_bar(warning(*(f"value {i} is odd" for i in range(12)))), qtbot)
    (notice,) = told
    assert len(notice.message.splitlines()) == 6
    assert notice.message.endswith("and 7 more warnings")


def test_what_is_meant_for_developers_is_not_told(make_bar, told, qtbot):
    run(make_bar(warning("old", category=DeprecationWarning)), qtbot)
    assert not told


def test_jobs_side_by_side_tell_their_own_and_leave_the_settings_as_they_were(
    make_bar, told, qtbot
):
    before = warnings.filters[:], warnings.showwarning
    first_goes_on, second_goes_on = threading.Event(), threading.Event()

    def held(text, event):
        def work(report):
            report(Progress("Waiting", 0, 1))
            assert event.wait(30)
            warnings.warn(text, UserWarning, stacklevel=1)

        return work

    first = make_bar(held("one", first_goes_on), "First")
    second = make_bar(held("two", second_goes_on), "Second")
    for bar in (first, second):
        press(bar.run)
        qtbot.waitUntil(lambda bar=bar: bar.status.text() == "Waiting")
    first_goes_on.set()  # ends before the one that began after it
    finish(first, qtbot)
    second_goes_on.set()
    finish(second, qtbot)
    assert [notice.message for notice in told] == [
        "First: UserWarning: one",
        "Second: UserWarning: two",
    ]
    assert (warnings.filters, warnings.showwarning) == before


def test_only_what_takes_long_has_a_bar_in_naparis_activity_dock(make_bar, qtbot, monkeypatch):
    """napari handles all events when it makes one."""
    made, goes_on = [], threading.Event()
    monkeypatch.setattr(
        napari.utils, "cancelable_progress", lambda **how: made.append(Mock(n=0)) or made[-1]
    )
    run(make_bar(lambda report: report(Progress("Quick", 0, 1))), qtbot)
    assert not made

    def work(report):
        report(Progress("Slow", 1, 4))
        assert goes_on.wait(30)

    bar = make_bar(work)
    press(bar.run)
    qtbot.waitUntil(lambda: bar.status.text() == "Slow")
    assert not made
    bar.job._telling.timeout.emit()
    made[0].set_description.assert_called_once_with("Slow")
    made[0].update.assert_called_once_with(25)
    goes_on.set()
    finish(bar, qtbot)
    made[0].close.assert_called_once()


class Large:
    """Stands for data that a job works on."""


def test_what_a_job_worked_on_is_not_kept(make_napari_viewer, make_bar, qtbot):
    """In a window, which keeps all workers."""
    viewer = make_napari_viewer()
    large = Large()
    gone = weakref.ref(large)

    def work(data, report):
        report(Progress("Training", 0, 1))
        return data is not None

    bar = make_bar(None)
    bar.start(partial(work, large))
    finish(bar, qtbot)
    background = Background(bar)
    answers = []
    background.answered.connect(answers.append)
    background.ask(partial(id, large))
    qtbot.waitUntil(lambda: bool(answers))
    del large
    qtbot.waitUntil(lambda: gc.collect() is not None and gone() is None)
    assert viewer.window is not None


def test_work_computes_in_as_many_threads_as_a_command(make_bar, qtbot, one_thread):
    """Threads of Qt are used again, with the number that work before left them with."""
    usual, found = usual_threads(), []

    def work(report):
        report(Progress("Counting", 0, 1))
        found.append(torch.get_num_threads())
        torch.set_num_threads(usual + 2)

    for _ in range(3):
        run(make_bar(work), qtbot)
    assert found == [usual] * 3


def test_garbage_is_collected_in_the_windows_thread(make_bar, qtbot):
    """Elsewhere it would destroy closed widgets there, which ends Python."""
    window, threads = threading.get_ident(), []
    bar, was_on = make_bar(wasteful), gc.isenabled()  # not while others still work

    def collected(phase, _):
        if phase == "start":
            threads.append(threading.get_ident())

    gc.callbacks.append(collected)
    try:
        run(bar, qtbot)
    finally:
        gc.callbacks.remove(collected)
    assert threads
    assert set(threads) == {window}
    qtbot.waitUntil(lambda: gc.isenabled() or not was_on)


def wasteful(report):
    for done in range(30):
        report(Progress("Wasting", done, 30))
        for _ in range(2000):
            circle = []
            circle.append(circle)
        time.sleep(0.01)
