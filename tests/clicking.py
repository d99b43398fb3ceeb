"""A person's mouse on the canvas of the real window."""

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication


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
    QTest.mouseClick(
        canvas.native, Qt.MouseButton.LeftButton, pos=QPoint(*np.rint(place).astype(int))
    )
    settle()


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


def settle(rounds=5):
    for _ in range(rounds):
        QApplication.processEvents()


def take_keyboard(window):
    """Make a window the one that takes keys and their shortcuts.

    Asked for again and again: a window before it that closes late takes the keyboard away.
    """
    for _ in range(40):
        window.raise_()
        window.activateWindow()
        if QTest.qWaitForWindowActive(window, 250):
            return
    raise AssertionError("the window does not become the active one")


def activate(viewer):
    """Make a viewer's window the one that takes the keyboard and its shortcuts."""
    take_keyboard(viewer.window._qt_window)


def focus(widget):
    """Give the keyboard to a widget, and to its window, without which it takes no shortcuts."""
    take_keyboard(widget.window())
    widget.setFocus()


def press(button):
    """Click on a button or a box to tick."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle()


def show_tab(tabs, name):
    """Click on a tab; return what it shows."""
    bar = tabs.tabBar()
    at = [bar.tabText(index) for index in range(bar.count())].index(name)
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(at).center())
    settle()
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


def type_into(field, text):
    """Replace what stands in a field, and press Enter."""
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle()


def click_row(table, row):
    """Click on the first column of a row."""
    table.scrollTo(table.model().index(row, 0))
    place = table.visualRect(table.model().index(row, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle()


def click_header(table, column):
    """Click on the head of a column, which sorts by it."""
    header = table.horizontalHeader()
    x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    place = QPoint(x, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle()
