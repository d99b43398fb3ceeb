"""A dock that is closed ends what it runs, and says so: docked, floating, or a page of the main."""

import threading
from types import SimpleNamespace

import pytest
from qtpy.QtWidgets import QDockWidget, QPushButton

from clicking import settle
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.widgets.compress import Compress
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
