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
    for corner in corners[1:]:  # QTest.mouseMove leaves out some on the way
        at = QPointF(*corner)
        move = QMouseEvent(QEvent.Type.MouseMove, at, widget.mapToGlobal(at), left, left, modifier)
        QApplication.sendEvent(widget, move)
    QTest.mouseRelease(widget, left, modifier, QPoint(*corners[-1]))
    settle()


def settle(rounds=5):
    for _ in range(rounds):
        QApplication.processEvents()


def activate(viewer):
    """Make a viewer's window the one that takes the keyboard and its shortcuts."""
    window = viewer.window._qt_window
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, 10_000)
    settle()
