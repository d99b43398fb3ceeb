"""Docks follow a viewer that outlives them, and go without a trace or a crash."""

import gc
import weakref
from functools import partial

import pytest
from qtpy.QtCore import QCoreApplication, QEvent

from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.following import at_end


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
