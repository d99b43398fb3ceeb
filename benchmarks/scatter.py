"""The scatter of latent space, as its dock draws it: needs a display, which may be virtual."""

import os
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from . import made
from .line import Line


def scatter(rounds: int = 30) -> list[Line]:
    """Draw 29,300 points in other colours, until they are on the screen; and a lasso's step."""
    name, target = "scatter of 29,300 points drawn anew in other colours", "50 ms"
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        return [Line(name, "not measured: no display", target)]
    from napari.components import ViewerModel
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    from napari_compressed_transcriptomics.reconstruction.latent_space import Coloring
    from napari_compressed_transcriptomics.widgets.scatter_view import ScatterView

    app = QApplication.instance() or QApplication([])
    view = ScatterView(ViewerModel())
    view.resize(330, 400)
    view.show()
    drawn: list[object] = []
    view.canvas.mpl_connect("draw_event", drawn.append)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(made.N_VOXELS_4MM, 2)).astype(np.float32)
    colorings = [Coloring("RMSE", rng.random(len(points))) for _ in range(2)]

    def recolor(number: int) -> None:
        drawn.clear()
        view.show_points(points, colorings[number % 2], (0, 1))
        while not drawn:
            app.processEvents()

    def lasso(number: int) -> None:
        QTest.mouseMove(view.canvas, QPoint(100 + 5 * (number % 20), 150 + number))

    def seconds(do: Callable[[int], None]) -> float:
        taken = []
        for number in range(3 + rounds):
            begun = time.perf_counter()
            do(number)
            view.canvas.repaint()
            app.processEvents()
            taken.append(time.perf_counter() - begun)
        return median(taken[3:])

    redraw = seconds(recolor)
    QTest.mousePress(view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 150))
    step = seconds(lasso)
    view.close()
    value = f"{1e3 * redraw:.0f} ms (a step of the lasso: {1e3 * step:.1f} ms)"
    return [Line(name, value, target, redraw < 0.05)]
