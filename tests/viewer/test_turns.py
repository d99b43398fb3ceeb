"""Steps in the window's thread are done one in a turn of the event loop, which draws in between."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QMenuBar

from clicking import settle
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of, show_plane
from napari_compressed_transcriptomics.viewer.window.turns import Turns
from phantom import make_phantom


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    settle()
    return viewer


def test_each_step_is_drawn_before_the_next(viewer, qtbot):
    canvas, told = viewer.window._qt_viewer.canvas, []
    canvas._scene_canvas.events.draw.connect(lambda event: told.append("drawn"))

    def steps():
        for _ in range(3):
            told.append("step")
            canvas.native.update()
            yield
        told.append("end")

    turns = Turns(viewer)
    turns.start(steps())
    qtbot.waitUntil(lambda: "end" in told)
    without_more_frames = [x for i, x in enumerate(told) if told[i - 1 : i] != [x]]
    assert without_more_frames[:7] == ["step", "drawn"] * 3 + ["end"]


def test_what_a_step_begins_comes_after_the_next_step(viewer, qtbot):
    first, other, told = Turns(viewer), Turns(viewer), []

    def steps():
        for number in range(3):
            told.append(number)
            if not number:
                other.start(iter(lambda: told.append("other"), None))
            yield

    first.start(steps())
    qtbot.waitUntil(lambda: 2 in told)
    assert told[:4] == [0, 1, "other", 2]


def test_steps_of_several_take_turns(viewer, qtbot):
    """What is finished at once or has no window any more is out of line."""
    canvas, told = viewer.window._qt_viewer.canvas, []
    canvas._scene_canvas.events.draw.connect(lambda event: told.append("drawn"))

    def steps(name, n):
        for _ in range(n):
            told.append(name)
            canvas.native.update()
            yield

    each = {name: Turns(viewer) for name in "abc"}
    closed = SimpleNamespace(window=SimpleNamespace(main_menu=QMenuBar()))
    gone = Turns(closed)
    gone.start(steps("gone", 2))
    closed.window.main_menu.deleteLater()
    QCoreApplication.sendPostedEvents(closed.window.main_menu, QEvent.Type.DeferredDelete)
    for n, (name, turns) in enumerate(each.items(), start=2):
        turns.start(steps(name, n))
    each["b"].finish()
    assert told == ["b"] * 3
    told.clear()
    qtbot.waitUntil(lambda: told.count("c") == 4)
    assert [name for name in told if name != "drawn"] == ["a", "c", "a", "c", "c", "c"]
    assert all("drawn" in pair for pair in pairwise(told))


def test_another_plane_is_painted_once_all_is_there(viewer):
    """napari makes room for sliders first, for which Qt would paint the canvas at once."""
    add_expression(viewer, make_phantom())
    settle()
    canvas, drawn = viewer.window._qt_viewer.canvas, []
    canvas._scene_canvas.events.draw.connect(lambda event: drawn.append(plane_of(viewer)))
    for plane in ("3d", "axial"):
        show_plane(viewer, plane)
        assert not drawn
        settle()
        assert set(drawn) == {plane}
        drawn.clear()
