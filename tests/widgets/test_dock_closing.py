"""A dock that is closed ends what it runs, and says so: docked, floating, or a page of the main."""

import threading
from types import SimpleNamespace

import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QDockWidget, QPushButton

from clicking import all_answered, choose_value, settle
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.widgets.compress import Compress
from napari_compressed_transcriptomics.widgets.shared import device_choice
from napari_compressed_transcriptomics.widgets.shared.job import Job
from napari_compressed_transcriptomics.widgets.workspace.dock import Workspace


class Endless:
    """Work that reports until it is ended."""

    def __init__(self):
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self, report):
        try:
            while True:
                report(Progress("Training", 0, 1))
                self.begun.set()
                self.ended.wait(0.01)
        finally:
            self.ended.set()


def docked(viewer, widget):
    return SimpleNamespace(dock=viewer.window.add_dock_widget(widget, area="right"), page=widget)


def floating(viewer, widget):
    made = docked(viewer, widget)
    made.dock.setFloating(True)
    return made


def of_main(viewer):
    main = Workspace(viewer)
    dock = viewer.window.add_dock_widget(main, area="right")
    return SimpleNamespace(dock=dock, page=main.show_page("Compress"))


@pytest.mark.parametrize("where", ["docked", "floating", "page"])
def test_closing_ends_the_run_and_says_so(where, make_napari_viewer, told, qtbot):
    viewer = make_napari_viewer()
    if where == "page":
        made = of_main(viewer)
    else:
        made = {"docked": docked, "floating": floating}[where](viewer, Compress(viewer))
    settle()
    work, heard = Endless(), []
    job = Job(work, "Compress", parent=made.page)
    for signal in (job.succeeded, job.cancelled, job.failed):
        signal.connect(heard.append if signal is not job.cancelled else lambda: heard.append(None))
    job.start()
    qtbot.waitUntil(work.begun.is_set)
    assert isinstance(made.dock, QDockWidget)
    title = made.dock.titleBarWidget()
    title.findChild(QPushButton, "QTitleBarCloseButton").click()
    qtbot.waitUntil(work.ended.is_set)
    qtbot.waitUntil(lambda: any("stopped, as its dock was closed" in x.message for x in told))
    settle()
    assert heard == []  # no layers come later


@pytest.fixture
def looking(monkeypatch):
    """Let devices be found when this is set, and each be its own reason."""
    found = threading.Event()
    monkeypatch.setattr(device_choice, "_reason", lambda wanted: found.wait(60) and wanted)
    return found


def test_a_device_found_after_its_page_was_closed_is_told_nobody(looking, qtbot):
    choice = device_choice.DeviceChoice()
    choice.deleteLater()
    QCoreApplication.sendPostedEvents(choice, QEvent.Type.DeferredDelete)
    looking.set()
    all_answered()  # nothing is raised


def test_the_line_is_about_the_device_chosen_last(looking, qtbot):
    choice = device_choice.DeviceChoice()
    qtbot.addWidget(choice)
    for device in ("cuda", "cpu"):
        choose_value(choice.combo, device)
    told = []
    choice._background.answered.connect(told.append)
    looking.set()
    all_answered()
    assert told == ["cpu"]
    assert choice.line.text() == "cpu"
