"""What a click costs is measured: how long the window stands still, and when it is painted."""

import time
from functools import partial

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QWidget

from benchmarks import clicks


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(200, 100)
    window.dock, window.canvas = QLabel("dock", window), QLabel("canvas", window)
    window.canvas.move(0, 50)
    window.show()
    qtbot.waitExposed(window)
    return window


def test_the_longest_turn_and_the_last_painting_of_a_place(window):
    def act():
        window.dock.setText("opened")
        QTimer.singleShot(30, lambda: time.sleep(0.15))
        QTimer.singleShot(100, lambda: window.canvas.setText("drawn"))

    steps = [("of one", act, lambda: window.canvas), ("nothing", lambda: None, lambda: window)]
    found, nothing = clicks.measured(iter(steps))
    assert (found.step, nothing.step) == ("of one", "nothing")
    assert found.longest >= 0.15
    assert found.painted >= 0.15
    assert nothing.painted == 0


def test_what_another_place_paints_later_is_not_counted(window):
    def act(words):
        window.dock.setText(words)
        QTimer.singleShot(150, lambda: window.canvas.setText(words))

    places = {"of one": window.dock, "of all": window}
    steps = ((name, partial(act, name), lambda at=at: at) for name, at in places.items())
    found, both = clicks.measured(steps)
    assert 0 < found.painted < both.painted
    assert both.painted >= 0.15
