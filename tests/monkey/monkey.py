"""The monkey: a real window, a seed, and so many actions or seconds."""

import random
import time
from itertools import combinations
from statistics import median

import napari
from napari.qt import get_qapp
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_compressed_transcriptomics.viewer.window.turns import Turns

from . import actions
from .dialogs import answered
from .files import make_files
from .truths import untruths
from .watch import Watch, memory, threads, threads_end

MB_OF_A_CELL = 8  # napari keeps the cells of grids that it has replaced, with all overlays
_BETWEEN_CLEANINGS = 40
_MIN_MEASURED = 5


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
    make_viewer : callable
    """

    def __init__(self, open_sample, seed, folder, tell=None, make_viewer=napari.Viewer):
        self._open_sample, self._seed, self._folder = open_sample, seed, folder
        self._make_viewer = make_viewer
        self._tell = tell or (lambda words: None)
        self.rng = random.Random(seed)
        (folder / "files").mkdir()
        (folder / "saved").mkdir()
        self.files = make_files(self.rng, folder / "files")
        self.docks = []
        self.watch = Watch()
        self.count = 0
        self.memory = []  # after each cleaning: number of actions, MB, cells that napari has made
        self._cells, self._grid = 0, None

    def play(self, n_actions=None, seconds=None):
        """Do `n_actions`, or go on for some seconds; then close the window."""
        get_qapp()  # before the watch, which needs its timers
        before = threads()
        saved = self._folder / "saved"
        with self.watch, answered(random.Random(self._seed), saved, self.files):
            self.viewer = self._make_viewer(show=True)
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
            self._grid = None
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
        self.look()
        if self._grid is not (grid := self.viewer.window._qt_viewer.canvas.grid):
            rows, columns = grid.grid_size
            self._grid, self._cells = grid, self._cells + int(rows * columns)
        if self.rng.random() < 0.1:  # work in threads comes on
            QTest.qWait(50)
        self.count += 1

    def look(self):
        """Look at whether all is as it must be, after half of what is done, as it takes long."""
        if Turns._line or self.rng.random() < 0.5:
            return
        for words in untruths(self.viewer, self.rng):
            self.watch.fault(AssertionError(words))
        self.watch.skip()

    def clean(self):
        """Close all docks, delete all layers and measure what stays."""
        self.watch.doing = "cleaning"
        self.docks.clear()
        self.viewer.window.remove_dock_widget("all")
        settle()
        self.viewer.layers.clear()
        threads_end()
        for _ in range(3):
            settle()
            QTest.qWait(20)
        self.memory.append((self.count, memory(), self._cells))
        self.watch.skip()
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

    def open_docks(self):
        """Return the docks that are open: some close by themselves, or are closed by a click."""
        self.docks = [dock for dock in self.docks if _alive(dock[1])]
        return self.docks

    def shown_in_docks(self, kinds):
        """Return the visible, enabled widgets of kinds in one of the docks."""
        if not self.open_docks():
            return []
        _, _, widget = self.rng.choice(self.docks)
        if not isinstance(widget, QWidget):
            widget = widget.native
        found = [w for w in widget.findChildren(QWidget) if isinstance(w, kinds)]
        return [w for w in found if w.isVisible() and w.isEnabled() and w.width() > 0]

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

    What napari keeps of grids that it has replaced is left out. NaN where it was measured
    too seldom.

    Parameters
    ----------
    measured : list of (int, float, int)
        Number of actions, MB, and cells of grids that napari has made.
    """
    half = measured[len(measured) // 2 :]
    if len(half) < _MIN_MEASURED:
        return float("nan")
    slopes = [
        (late[1] - early[1] - MB_OF_A_CELL * (late[2] - early[2])) / (late[0] - early[0])
        for early, late in combinations(half, 2)
    ]
    return 100 * median(slopes)  # one library that is loaded late is no growth


def settle(rounds=5):
    """Let the window do what waits to be done."""
    for _ in range(rounds):
        QApplication.processEvents()


def _alive(dock):
    try:
        return dock.widget() is not None  # one that was removed waits for its deletion
    except RuntimeError:  # deleted with its window
        return False
