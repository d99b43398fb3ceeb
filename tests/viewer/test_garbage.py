"""Modules are not looked through for garbage, and all that goes is found."""

from types import SimpleNamespace

import pytest
from qtpy.QtCore import QObject
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from clicking import settle
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.anatomy import four_views as linked_views
from napari_compressed_transcriptomics.viewer.layers import error_layer, latent_layers
from napari_compressed_transcriptomics.viewer.window import garbage, worker
from napari_compressed_transcriptomics.viewer.window.garbage import Garbage
from napari_compressed_transcriptomics.widgets import four_views
from napari_compressed_transcriptomics.widgets.shared import dock, work
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import make_phantom
from small import compressed
from viewing import add

LOOKED = "taken in", "looked through", "left out"

pytestmark = pytest.mark.usefixtures("qapp")


class Pretended:
    """What is asked of `gc`; `done` tells it in turn."""

    def __init__(self):
        self.done, self.frozen = [], 0
        self.get_count, self.get_threshold = lambda: (0, 0, 0), lambda: (700, 10, 10)
        self.isenabled = lambda: False
        self.disable = self.enable = lambda: None
        self.get_freeze_count = lambda: self.frozen

    def freeze(self):
        self.done.append("left out")

    def unfreeze(self):
        self.done.append("taken in")

    def collect(self):
        self.done.append("looked through")


@pytest.fixture
def gc(monkeypatch):
    made = Pretended()
    monkeypatch.setattr(garbage, "gc", made)
    return made


@pytest.fixture
def kept(gc, monkeypatch):
    """The garbage of a program that has just begun."""
    monkeypatch.setattr(garbage, "_SOON", 0)
    made = Garbage()
    for module in (brain_view, worker, dock, work, linked_views, four_views):
        monkeypatch.setattr(module, "garbage", lambda: made)
    return made


@pytest.fixture
def modules(monkeypatch):
    """Return a function that imports so many modules."""
    made = {}
    monkeypatch.setattr(garbage, "sys", SimpleNamespace(modules=made))
    return lambda n: made.update({len(made) + i: None for i in range(n)})


@pytest.fixture(scope="module")
def result():
    return compressed(make_phantom(), 2)


def test_all_is_left_out_when_much_was_imported(kept, gc, modules):
    modules(1000)
    kept.leave_out()
    modules(90)
    kept.leave_out()
    assert gc.done == ["left out"]
    modules(20)
    kept.leave_out()
    assert gc.done == ["left out"] * 2


def test_what_another_has_frozen_stays_so(kept, gc):
    gc.frozen = 9
    kept.leave_out()
    kept.goes(object)
    kept.take_in()
    QApplication.processEvents()
    with kept.none_expected():
        pass
    assert gc.done == []


def test_layers_that_were_left_out_are_found_once_when_they_go(kept, gc, modules, model, result):
    modules(1000)
    brain_view.attach(model)
    old = [add(model, error_layer(result)) for _ in range(2)]
    kept.leave_out()
    new = add(model, *latent_layers(result))
    model.layers.remove(new)
    QApplication.processEvents()
    assert gc.done == ["left out"]
    for layer in old:
        model.layers.remove(layer)
        modules(1000)
        kept.leave_out()  # what it held is not left out
    assert gc.done == ["left out"]
    QApplication.processEvents()
    assert gc.done == ["left out", *LOOKED]


def test_nothing_is_looked_through_while_user_or_work_is_busy(kept, gc, qtbot, monkeypatch):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    kept.leave_out()
    kept._looking.setInterval(60_000)
    kept.goes(QObject())
    started = []
    monkeypatch.setattr(kept._looking, "start", lambda: started.append(1))
    settle()
    started.clear()
    QTest.keyClick(window.windowHandle(), "a")
    assert started
    started.clear()
    kept.begin()
    kept.end()
    assert started  # not while what work has made is being shown
    assert gc.done == ["left out"]
    kept._looking.stop()
    started.clear()
    kept.begin()
    kept._looking.timeout.emit()  # while something works
    kept.end()
    assert started
    assert gc.done == ["left out"]
    kept._looking.timeout.emit()  # as when it has run out
    assert gc.done == ["left out", *LOOKED]
    assert not kept._watched


@pytest.mark.parametrize("before", [True, False])
def test_a_result_that_was_left_out_is_found_when_it_goes(before, kept, gc, model, result):
    kept_work = session(model).work
    if before:
        kept_work.keep(result)
    kept.leave_out()
    if not before:
        kept_work.keep(result)
    kept_work.remove(result)
    QApplication.processEvents()
    assert gc.done == ["left out", *LOOKED][: 4 if before else 1]


def test_a_dock_that_was_left_out_is_found_when_it_goes(kept, gc, model):
    old = dock.Dock(model)
    kept.leave_out()
    new = dock.Dock(model)
    new.end_work()
    QApplication.processEvents()
    assert gc.done == ["left out"]
    old.end_work()
    QApplication.processEvents()
    assert gc.done == ["left out", *LOOKED]


def test_four_views_are_left_out_when_they_are_there(kept, gc, modules, make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    brain_view.attach(viewer).turns.finish()
    opened = four_views.FourViews(viewer)
    qtbot.addWidget(opened)
    assert gc.done == []
    qtbot.waitUntil(lambda: gc.done == ["left out"])
    assert not opened.views.held


def test_views_that_were_left_out_are_found_when_they_close(kept, gc, model):
    old = linked_views.FourViews(model, print, print)
    kept.leave_out()
    new = linked_views.FourViews(model, print, print)
    new.close()
    QApplication.processEvents()
    assert gc.done == ["left out"]
    old.close()
    QApplication.processEvents()
    assert gc.done == ["left out", *LOOKED]


def test_what_work_imported_is_left_out_when_it_ends(kept, gc, modules, qtbot):
    worker.Worker(lambda: modules(1000)).start()
    qtbot.waitUntil(lambda: not worker.Worker.working)
    assert gc.done == ["left out"]


def test_all_is_looked_through_when_a_window_closes(kept, gc, make_napari_viewer):
    viewer = make_napari_viewer()
    brain_view.attach(viewer)
    brain_view.attach(viewer).turns.finish()
    assert gc.done[0] == "left out"
    assert "taken in" not in gc.done
    viewer.close()
    assert gc.done[-1] == "taken in"
    QApplication.processEvents()
    assert gc.done[-2:] == ["looked through", "left out"]
