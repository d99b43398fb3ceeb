"""Slices, four views and 3-D of real maps at 2 mm, in a real window: needs a display.

On machines that draw in software and do other work meanwhile, only the ratios and the time of the
processor, which includes that of drawing, tell something: each has both sides from one run.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from .line import Line

REAL = Path(os.environ.get("CT_TEST_DATA", "../shared/data"))
_SETTLE_MS = 400  # until what may come later, as 3-D, has come


def views(rounds: int = 9) -> list[Line]:
    """Step through slices, switch genes and turn the brain, until all is drawn."""
    names = (
        "slice step at 185,682 voxels with template and crosshair, four views",
        "gene switch there, four views",
        "frame in 3-D, over that of napari's own maximum projection",
    )
    targets = ("50 ms", "150 ms", "1.5 times")
    if why := no_display() or no_real_data():
        return [Line(n, f"not measured: {why}", t) for n, t in zip(names, targets, strict=True)]
    from napari import Viewer

    from napari_compressed_transcriptomics.core.brain_space import NLIN6, record_space
    from napari_compressed_transcriptomics.io import read_expression
    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.layers import show_gene
    from napari_compressed_transcriptomics.widgets.four_views import FourViews

    expression = read_expression(REAL / "mrna", impute="drop_genes")
    record_space(expression.source, NLIN6)
    viewer = Viewer()
    viewer.window.resize(1600, 1000)
    bare = viewer.add_image(expression.gene_volume(expression.genes[0]), scale=(2,) * 3)

    def step(i: int) -> None:
        viewer.dims.set_point(0, viewer.dims.range[0].start + 80 + 2 * (i % 9))

    def turn(i: int) -> None:
        a, b, c = viewer.scene.camera.angles
        viewer.scene.camera.angles = (a, b + (4 if i % 2 else -4), c)
        viewer.screenshot(flash=False)

    plain_step = _taken(step, rounds)
    viewer.dims.ndisplay = 3
    plain_frame = _taken(turn, rounds)
    viewer.dims.ndisplay = 2
    viewer.layers.remove(bare)
    layer = add_expression(viewer, expression)
    own_step = _taken(step, rounds)
    viewer.dims.ndisplay = 3
    own_frame = _taken(turn, rounds)
    viewer.dims.ndisplay = 2
    dock = FourViews(viewer)
    viewer.window.add_dock_widget(dock, area="right")
    four_step = _taken(step, rounds)
    genes = expression.genes
    switch = _taken(lambda i: show_gene(layer, genes[i % len(genes)]), rounds)
    dock.close()
    viewer.close()
    by_clock, of_cpu = (own / plain for own, plain in zip(own_frame, plain_frame, strict=True))
    values = (
        f"{_told(four_step)} ({_told(own_step)} in one view, "
        f"{_told(plain_step)} of napari's layer alone)",
        _told(switch),
        f"{by_clock:.2f} times, {of_cpu:.2f} of CPU ({_told(own_frame)})",
    )
    reached = (four_step[0] < 0.05, switch[0] < 0.15, by_clock <= 1.5)
    return [Line(*parts) for parts in zip(names, values, targets, reached, strict=True)]


def no_display() -> str:
    """Say so where nothing can be drawn on."""
    on_linux = sys.platform == "linux"
    return "no display" if on_linux and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ) else ""


def no_real_data() -> str:
    """Say so where there are no real data."""
    return "" if REAL.is_dir() else "no real data (CT_TEST_DATA)"


def _told(taken: tuple[float, float]) -> str:
    seconds, cpu = taken
    return f"{1e3 * seconds:.0f} ms, {1e3 * cpu:.0f} ms of CPU"


def _taken(act: Callable[[int], Any], rounds: int) -> tuple[float, float]:
    """Return the median time from an act to all being drawn, by the clock and of the processor."""
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    taken = []
    for i in range(rounds + 2):
        QTest.qWait(_SETTLE_MS)
        begun = time.perf_counter(), time.process_time()
        act(i)
        for _ in range(3):
            QApplication.processEvents()
        taken.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    clock, cpu = zip(*taken[2:], strict=True)
    return median(clock), median(cpu)
