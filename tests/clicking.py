"""A person's mouse and keyboard: on the canvas of the real window, and in docks."""

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt, QThreadPool
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_compressed_transcriptomics.viewer.window.worker import Worker
from napari_compressed_transcriptomics.widgets.shared.job import Job

_LONGEST_MS = 120_000  # a busy machine may take long


def click_on(viewer, layer, mm):
    """Click on a place (x, y, z) in RAS millimetres, in the cell that shows a layer."""
    settle()
    canvas = viewer.window._qt_viewer.canvas
    view = canvas.view
    if viewer.canvas.grid.enabled:
        cells = [indices for _, indices in viewer.canvas.grid.iter_viewboxes(viewer.layers)]
        view = canvas.grid_views[cells.index((viewer.layers.index(layer),))]
    displayed = np.r_[[0.0] * (viewer.dims.ndim - 3), mm[::-1]][list(viewer.dims.displayed)]
    place = view.scene.node_transform(canvas._scene_canvas.scene).map(displayed[::-1])
    place = place[:2] / place[3]
    QTest.mouseMove(canvas.native, QPoint(*np.rint(place).astype(int)))
    settle()
    click_at(canvas.native, *place)


def drag(widget, corners, modifier=Qt.KeyboardModifier.NoModifier):
    """Press at the first of some places (pixels) of a widget, move along, release at the last."""
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(widget, left, modifier, QPoint(*corners[0]))
    for corner in corners[1:]:
        hover(widget, corner, left, modifier)
    QTest.mouseRelease(widget, left, modifier, QPoint(*corners[-1]))
    settle()


def hover(widget, corner, button=Qt.MouseButton.NoButton, modifier=Qt.KeyboardModifier.NoModifier):
    """Move to a place (pixels) of a widget; QTest.mouseMove leaves out some moves."""
    at = QPointF(*corner)
    move = QMouseEvent(QEvent.Type.MouseMove, at, widget.mapToGlobal(at), button, button, modifier)
    QApplication.sendEvent(widget, move)


def settle(rounds=10):
    for _ in range(rounds):
        QApplication.processEvents()


def end_threads():
    """End what still works in threads, and handle what they have sent."""
    if QApplication.instance() is None:
        return
    for window in QApplication.topLevelWidgets():
        for job in window.findChildren(Job):
            job.drop()
    all_answered()


def all_answered():
    """Let what works in threads end, and handle what it has sent."""
    while Worker.working:  # an answer may be followed by the next question
        ended = QThreadPool.globalInstance().waitForDone(_LONGEST_MS)
        assert ended, f"work in threads does not end: {[one._work for one in Worker.working]}"
        QApplication.processEvents()


def take_keyboard(window):
    """Make a window the one that takes keys and their shortcuts, at once.

    The desktop would do so when it has time, and takes the keyboard away again where a window of
    an earlier test closes late: Qt is told, too, and asserts and keys that follow before events are
    handled do not depend on the desktop.
    """
    window.raise_()
    window.activateWindow()
    settle()  # keys go to what can be seen
    QApplication.setActiveWindow(window)


def activate(viewer):
    """Make a viewer's window the one that takes the keyboard and its shortcuts."""
    take_keyboard(viewer.window._qt_window)


def focus(widget):
    """Give the keyboard to a widget, and to its window, without which it takes no shortcuts."""
    take_keyboard(widget.window())
    widget.setFocus()


def click_at(widget, x, y):
    """Click on a place (pixels) of a widget."""
    place = QPoint(*np.rint((x, y)).astype(int))
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)
    settle()


def press(button):
    """Click on a button or a box to tick."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle()


def run(bar, qtbot, button=None):
    """Press a bar's button, or another that starts its job, and wait until the job has ended."""
    button = button or bar.run
    assert button.isEnabled(), bar.status.text()
    press(button)
    finish(bar, qtbot)


def finish(bar, qtbot):
    """Wait until a bar's job has ended."""
    qtbot.waitUntil(lambda: bar.job is None)
    settle()


def show_tab(tabs, name):
    """Click on a tab; return what it shows."""
    bar = tabs.tabBar()
    at = [bar.tabText(index) for index in range(bar.count())].index(name)
    place = bar.tabRect(at).center()
    click_at(bar, place.x(), place.y())
    return tabs.currentWidget()


def choose(combo, text):
    """Walk through a list with the arrow keys until it says `text`."""
    entries = [combo.itemText(index) for index in range(combo.count())]
    keys = Qt.Key.Key_Down, Qt.Key.Key_Up
    while (away := entries.index(text) - combo.currentIndex()) != 0:
        before = combo.currentIndex()
        QTest.keyClick(combo, keys[away < 0])
        assert combo.currentIndex() != before
    settle()


def stand_alone(dock, qtbot, width=360, height=900):
    """Show a dock without a window around it; return it.

    It lives as long as the test: nothing else holds it, and one of its tabs does not.
    """
    qtbot.addWidget(dock)
    qtbot.standing_alone = [*getattr(qtbot, "standing_alone", ()), dock]
    dock.resize(width, height)
    dock.show()
    assert QTest.qWaitForWindowExposed(dock, 120_000)
    settle()
    return dock


def choose_value(combo, value):
    """Set a list to the entry that stands for a value."""
    combo.setCurrentIndex(combo.findData(value))


def tick(box):
    """Tick a box, or take its tick away, with the keyboard."""
    QTest.keyClick(box, Qt.Key.Key_Space)


def write(field, text):
    """Replace what stands in a field."""
    field.selectAll()
    QTest.keyClicks(field, text)
    settle()


def type_into(field, text):
    """Replace what stands in a field, and press Enter."""
    write(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle()


def click_row(table, row):
    """Click on the first column of a row."""
    table.scrollTo(table.model().index(row, 0))
    place = table.visualRect(table.model().index(row, 0)).center()
    click_at(table.viewport(), place.x(), place.y())


def click_header(table, column):
    """Click on the head of a column, which sorts by it."""
    header = table.horizontalHeader()
    x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    click_at(header.viewport(), x, header.height() // 2)
