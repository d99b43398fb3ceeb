"""A person's mouse on the canvas of the real window."""

import numpy as np
from qtpy.QtCore import QPoint, Qt
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


def settle(rounds=5):
    for _ in range(rounds):
        QApplication.processEvents()
