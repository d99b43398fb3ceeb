"""Docks follow a viewer that outlives them, and go without a trace or a crash."""

import gc
import weakref
from functools import partial

import pytest
from qtpy.QtCore import QCoreApplication, QEvent

from napari_compressed_transcriptomics.widgets.open_data.path_field import PathField
from napari_compressed_transcriptomics.widgets.shared.fields import (
    check_box,
    choice,
    count,
    push_button,
    text_field,
)
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.following import at_end, on_change
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar


def alive(events):
    """Count the callbacks of our widgets that still are."""
    return sum(ref[0]() is not None for ref in events.callbacks if isinstance(ref, tuple))


@pytest.mark.usefixtures("qapp")
def test_what_qt_destroys_is_told_no_more(model):
    before, told = alive(model.events.theme), []
    view = FigureView(model)
    at_end(view, lambda: told.append("end"))
    assert alive(model.events.theme) == before + 1
    view.deleteLater()
    QCoreApplication.sendPostedEvents(view, QEvent.Type.DeferredDelete.value)
    assert told == ["end"]
    assert alive(model.events.theme) == before
    model.theme = "light"  # reaches nothing that is gone


@pytest.mark.usefixtures("qapp")
def test_what_python_collects_goes_too_and_calls_nothing(model):
    before, told = alive(model.events.theme), []
    view = FigureView(model)
    view.itself = view  # so that nothing but the garbage collector takes it
    at_end(view, partial(told.append, view))
    gone = weakref.ref(view)
    del view
    gc.collect()
    assert gone() is None
    assert not told
    assert alive(model.events.theme) == before
    model.theme = "light"


@pytest.mark.usefixtures("qapp")
def test_fields_of_any_kind_tell_of_a_change_once():
    told = []
    path, text, number = PathField("a file"), text_field("nothing"), count()
    box, listed = check_box("yes", ""), choice({"a": "A", "b": "B"})
    on_change(lambda *_: told.append(1), path, text, number, box, listed)
    path.set_path("x")
    text.setText("x")
    number.setValue(3)
    box.setChecked(True)
    listed.setCurrentIndex(1)
    assert len(told) == 5


@pytest.mark.usefixtures("qapp")
def test_what_run_calls_is_said_once():
    told = []
    bar = RunBar("Work", "Do it")
    bar.calls(lambda: told.append("start"), told.append, lambda: told.append("ended"), list)
    assert bar.run.text() == "Do it"
    bar.run.click()
    bar.succeeded.emit("result")
    bar.ended.emit()
    assert told == ["start", "result", "ended"]
    assert not bar.repeat.isHidden()
    push_button("Again", "", lambda: told.append("again")).click()
    assert told[-1] == "again"
