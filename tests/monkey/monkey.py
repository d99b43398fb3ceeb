"""The monkey: a real window, a seed, and so many actions or seconds."""

import random
import time

import napari
from napari.qt import get_qapp
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from . import actions
from .dialogs import answered
from .files import make_files
from .watch import Watch, memory, threads, threads_end

_BETWEEN_CLEANINGS = 60


class Monkey:
    """Plays in a window.

    Parameters
    ----------
    open_sample : callable
        Takes a viewer and adds the sample to it.
    seed : int
        Decides the actions and their random numbers; what they meet depends on how far work in
        threads has come.
    folder : Path
        Where files to drop are made, and where dialogs save.
    tell : callable, optional
        Called with each action.
    """

    def __init__(self, open_sample, seed, folder, tell=None):
        self._open_sample, self._seed, self._folder = open_sample, seed, folder
        self._tell = tell or (lambda words: None)
        self.rng = random.Random(seed)
        (folder / "files").mkdir()
        (folder / "saved").mkdir()
        self.files = make_files(self.rng, folder / "files")
        self.docks = []
        self.watch = Watch()
        self.count = 0
        self.memory = []  # MB after each cleaning, and the number of actions before it

    def play(self, n_actions=None, seconds=None):
        """Do `n_actions`, or go on for some seconds; then close the window."""
        get_qapp()  # before the watch, which needs its timers
        before = threads()
        saved = self._folder / "saved"
        with self.watch, answered(random.Random(self._seed), saved, self.files):
            self.viewer = napari.Viewer(show=True)
            self.viewer.window.resize(1000, 640)
            self.canvas = self.viewer.window._qt_viewer.canvas.native
            self.open_sample()
            self.watch.stops.clear()  # napari's own opening
            end = None if seconds is None else time.monotonic() + seconds
            while self.count < n_actions if end is None else time.monotonic() < end:
                self.act()
                if self.count % _BETWEEN_CLEANINGS == 0 and end is not None:
                    self.clean()
            self.watch.doing = "closing"
            self.docks.clear()
            self.viewer.close()
            del self.viewer, self.canvas
            if not threads_end():
                self.watch.faults.append("work goes on after the window was closed")
            settle()
        if left := [name for name in threads() if name not in before]:
            self.watch.faults.append(f"threads left after the window was closed: {left}")

    def act(self):
        """Do one thing, and let the window do what follows from it."""
        self.rng = random.Random(f"{self._seed} {self.count}")
        action = self.rng.choices(list(actions.ACTIONS), list(actions.ACTIONS.values()))[0]
        if actions.too_many(self):
            action = actions.delete_layers
        self.watch.doing = action.__name__
        self._tell(f"{self.count} {action.__name__}")
        try:
            words = action(self)
            self._tell(f"    {words}")
        except Exception as error:  # whatever it is, it is what the monkey looks for
            self.watch.fault(error)
        settle()
        if self.rng.random() < 0.1:  # work in threads comes on
            QTest.qWait(50)
        self.count += 1

    def clean(self):
        """Close all docks, delete all layers and measure what stays."""
        self.watch.doing = "cleaning"
        self.docks.clear()
        self.viewer.window.remove_dock_widget("all")
        self.viewer.layers.clear()
        threads_end()
        for _ in range(3):
            settle()
            QTest.qWait(20)
        self.memory.append((self.count, memory()))
        self.open_sample()

    def open_sample(self):
        """Add the sample to the window."""
        self._open_sample(self.viewer)
        settle()

    def any_layer(self):
        """Return a layer; the sample is opened where there is none."""
        if not self.viewer.layers:
            self.open_sample()
        return self.rng.choice(list(self.viewer.layers))

    def shown_in_docks(self, kinds):
        """Return the name of a dock that is open, and its visible, enabled widgets of kinds."""
        self.docks = [dock for dock in self.docks if _alive(dock[1])]
        if not self.docks:
            return "", []
        name, _, widget = self.rng.choice(self.docks)
        if not isinstance(widget, QWidget):
            widget = widget.native
        found = [w for w in widget.findChildren(QWidget) if isinstance(w, kinds)]
        return name, [w for w in found if w.isVisible() and w.isEnabled() and w.width() > 0]

    def place_in(self, widget):
        """Return a place in a widget."""
        width, height = max(1, widget.width()), max(1, widget.height())
        return QPoint(self.rng.randrange(width), self.rng.randrange(height))

    def canvas_is_hidden(self):
        """Return whether docks leave no room for the canvas."""
        return min(self.canvas.width(), self.canvas.height()) < 20

    def close_popup(self):
        """Take something from a list that is open, or leave it."""
        for _ in range(3):
            popup = QApplication.activePopupWidget()
            if popup is None:
                return
            QTest.keyClick(popup, self.rng.choice((Qt.Key.Key_Down, Qt.Key.Key_Up)))
            QTest.keyClick(popup, self.rng.choice((Qt.Key.Key_Return, Qt.Key.Key_Escape)))
            settle(1)
            if QApplication.activePopupWidget() is popup:
                popup.close()


def growth(measured):
    """Return how much memory grows in the second half, in MB for 100 actions.

    Parameters
    ----------
    measured : list of (int, float)
        Number of actions, and MB.
    """
    import numpy as np

    half = measured[len(measured) // 2 :]
    if len(half) < 3:
        return float("nan")
    return 100 * float(np.polyfit(*np.transpose(half), 1)[0])


def settle(rounds=5):
    """Let the window do what waits to be done."""
    for _ in range(rounds):
        QApplication.processEvents()


def _alive(dock):
    try:
        dock.isVisible()
    except RuntimeError:  # deleted with its window
        return False
    return True
