"""What a person waits for who clicks through the work: the picture, and a window that stands still.

A window of 1,366 x 768 is driven by clicks on its buttons, step by step, on one data set a process.
Of each step are taken: the longest turn of the event loop, within which the window answers nobody;
and the time from the click until what it is about (the dock, or the canvas of the window) was
painted for the last time, be it in turns that followed. How fast the machine is tells the time that
napari itself takes in a window without us: for a bare Surface layer of as many vertices, and to
show one volume, in 3-D, in 2-D and no more.
`python -m benchmarks.clicks` needs a display and, but for the synthetic brain, the real data
(`CT_TEST_DATA`).
"""

import argparse
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from .line import Line
from .views import REAL, no_display, no_real_data

SIZE = 1366, 768
STOP, DOCK, SURFACE = 0.2, 0.5, 0.3
STILL = 0.7
"""Seconds without work or a change of the picture, after which a step has ended."""
LONGEST = 120
PULSE_MS = 2
SETS = ("maps", "ahba_dk82", "ahba_schaefer100", "synthetic")

Step = tuple[str, Callable[[], object], Callable[[], Any]]
"""What it is called, what is done, and the widget that it is about."""


@dataclass(frozen=True)
class Taken:
    """What a step took, in seconds."""

    step: str
    longest: float
    painted: float


def clicks(name: str = "maps", runs: int = 1) -> list[Line]:
    """Return the main dock, the surface and the longest stop."""
    whats = (
        f"opening the main dock, until all is painted ({name})",
        "surface of one map, both sides, until all is painted",
        "the same beside four views",
        "longest stop of the event loop, from the first layer on",
    )
    targets = [f"{1e3 * target:.0f} ms" for target in (DOCK, SURFACE, SURFACE, STOP)]
    if why := no_display() or (name != "synthetic" and no_real_data()):
        both = zip(whats, targets, strict=True)
        return [Line(what, f"not measured: {why}", target) for what, target in both]
    taken = {one.step: one for one in fastest(name, runs)}
    dock, surface, beside = (taken[step] for step in (MAIN_DOCK, ON_SURFACE, BESIDE_FOUR))
    bare = taken[BARE]
    ours = [one for one in taken.values() if one is not dock and not one.step.startswith(OWN)]
    stops = sorted(ours, key=lambda one: -one.longest)
    own = max((taken[step] for step in OWN_VOLUME), key=lambda one: one.longest)
    times = f"{stops[0].longest / own.longest:.1f} times {own.step}"
    longest = f"{_told(stops[0].longest)} ({stops[0].step}; {len(stops)} steps), {times}"
    values = [(_told(dock.painted), dock.painted)]
    for one in (surface, beside):
        times = f"{one.painted / bare.painted:.1f} times napari's own layer alone"
        values.append((f"{_told(one.painted)}, {times}", one.painted))
    values.append((longest, stops[0].longest))
    parts = zip(whats, values, targets, (DOCK, SURFACE, SURFACE, STOP), strict=True)
    return [Line(what, told, to, value < limit) for what, (told, value), to, limit in parts]


def fastest(name: str, runs: int) -> list[Taken]:
    """Return what each step took in the fastest of several runs, each a process of its own.

    Other work on the machine only makes a step longer.
    """
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.clicks", name, "--json"]
    found = []
    for _ in range(runs):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found.append([Taken(**one) for one in json.loads(done.stdout.splitlines()[-1])])
    return [
        Taken(same[0].step, min(one.longest for one in same), min(one.painted for one in same))
        for same in zip(*found, strict=True)
    ]


def _told(seconds: float) -> str:
    return f"{1e3 * seconds:.0f} ms"


class Watch:
    """A pulse in the event loop: how far two were apart, and whether a widget was painted."""

    def __init__(self) -> None:
        from qtpy.QtCore import QEvent, QObject, Qt, QTimer
        from qtpy.QtWidgets import QApplication, QWidget

        watch, paint = self, QEvent.Type.Paint

        class Filter(QObject):
            def eventFilter(self, watched: Any, event: Any) -> bool:
                if event.type() != paint:
                    watch._take_note()
                elif isinstance(watched, QWidget):
                    watch._painted.append(watched)
                return False

        self._filter = Filter()
        QApplication.instance().installEventFilter(self._filter)
        self.start()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(PULSE_MS)

    def start(self) -> None:
        """Forget what was before; a turn of the event loop begins now."""
        self.begun = self._last = self._changed = time.perf_counter()
        self.longest = 0.0
        self._painted: list[Any] = []
        self._when: dict[Any, float] = {}

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    def _take_note(self) -> None:
        """Take note of when widgets were painted, as another event comes: work, it may be."""
        if self._painted:
            now = self._changed = time.perf_counter()
            self._when.update(dict.fromkeys(self._painted, now))
            self._painted.clear()

    def painted(self, place: Any) -> float:
        """Return after how many seconds a widget, or one in it, was painted last; 0 if never."""
        from qtpy.compat import isalive

        alive = {one: when for one, when in self._when.items() if isalive(one)}
        within = [when for one, when in alive.items() if one is place or place.isAncestorOf(one)]
        return max(within, default=self.begun) - self.begun

    @property
    def ended(self) -> bool:
        """Whether nothing works any more, and the picture has stayed as it is."""
        from napari_compressed_transcriptomics.viewer.window.turns import Turns
        from napari_compressed_transcriptomics.viewer.window.worker import Worker

        now = time.perf_counter()
        still = now - self._changed > STILL and not (Worker.working or Turns._line)
        return still or now - self.begun > LONGEST


def measured(steps: Iterator[Step]) -> Iterator[Taken]:
    """Do step after step, each when the one before has ended."""
    from qtpy.QtTest import QTest

    watch = Watch()
    nothing: Step = "", lambda: None, lambda: None
    for step, act, place in itertools.chain([nothing], steps):  # first the window itself
        watch.start()
        act()
        QTest.qWait(2 * PULSE_MS)
        while not watch.ended:
            QTest.qWait(20)
        if step:
            yield Taken(step, watch.longest, watch.painted(place()))


MAIN_DOCK, ON_SURFACE, BESIDE_FOUR = "main dock", "surface again", "surface beside four views"
OWN = "napari's own"
BARE = f"{OWN} surface"
OWN_VOLUME = tuple(f"{OWN} volume{done}" for done in ("", ", to 3-D", ", to 2-D", ", deleted"))


def work(viewer: Any, name: str) -> Iterator[Step]:
    """Yield steps of work, from the main dock to results that are deleted and made again."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.layer_content import shown
    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    expression = data(name)
    made: list[Any] = []

    def open_main() -> None:
        made.extend(viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics"))

    def canvas() -> Any:
        return viewer.window._qt_viewer.canvas.native

    def click(step: str, button: Any) -> Step:
        at = QPoint(8, button.height() // 2)  # where a box to tick has its box
        return step, lambda: QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=at), canvas

    def page(of: str) -> Step:
        def show() -> None:
            main.show_page(of)
            made[0].raise_()  # four views come as a tab beside it

        return f"page {of}", show, lambda: main

    def select() -> None:
        layers = viewer.layers
        layers.selection = {one for one in layers if (what := shown(one)) and what.reconstruction}

    yield MAIN_DOCK, open_main, lambda: made[0]
    main = made[1]
    yield "first layer", lambda: add_expression(viewer, expression), canvas
    button = viewer.window._qt_viewer.viewerButtons.ndisplayButton
    yield page("Compress")
    run = main.show_page("Compress").bar.run
    yield click("run", run)
    yield click("3-D, side by side", button)
    yield click("2-D, side by side", button)
    yield page("Brain view")
    brain = main.show_page("Brain view")
    yield click("in one", brain.side_by_side)
    yield click("3-D", button)
    yield click("2-D", button)
    yield page("Choose gene")
    yield page("Cortical surface")
    surface = main.show_page("Cortical surface")
    yield click("surface, first time", surface.views["four"])
    yield click("back, first time", surface.back)
    yield click(ON_SURFACE, surface.views["four"])
    yield click("surface from above", surface.views["dorsal"])
    yield click("back to the volume", surface.back)
    yield page("Brain view")
    yield click("four views", brain.four)
    for plane in ("coronal", "3d", "axial"):
        yield click(f"{plane} in the window", brain.views[plane])
    yield page("Cortical surface")
    yield click(BESIDE_FOUR, surface.views["four"])
    yield click("back to four views", surface.back)
    yield page("Inspect reconstruction")
    inspect = main.show_page("Inspect reconstruction")
    yield click("worst sample", inspect.tabs.widget(0).worst)
    yield page("Components")
    yield page("Latent space")
    yield "results selected", select, canvas
    yield "results deleted", viewer.layers.remove_selected, canvas
    yield page("Compress")
    yield click("run again", run)
    yield click("run a third time", run)


def bare(viewer: Any) -> Iterator[Step]:
    """Yield steps with layers that napari draws by itself, each twice: shaders are made."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from napari_compressed_transcriptomics.spatial.surface_views import surface_scene

    scene = surface_scene()
    mesh = scene.vertices[:, ::-1], scene.faces, scene.vertices[:, 1]
    volume = np.indices((91, 109, 91), np.float32)[0]  # the grid of MNI152 at 2 mm
    button = viewer.window._qt_viewer.viewerButtons.ndisplayButton

    def canvas() -> Any:
        return viewer.window._qt_viewer.canvas.native

    def turn() -> None:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    added, to_3d, to_2d, deleted = OWN_VOLUME
    for first in (", first time", ""):
        yield added + first, lambda: viewer.add_image(volume, scale=(2, 2, 2)), canvas
        yield to_3d + first, turn, canvas
        yield to_2d + first, turn, canvas
        yield deleted + first, viewer.layers.remove_selected, canvas
    viewer.dims.ndisplay = 3
    for first in (", first time", ""):
        yield BARE + first, lambda: viewer.add_surface(mesh), canvas
        viewer.layers.clear()


def data(name: str) -> Any:
    """Return a data set of `SETS`."""
    from napari_compressed_transcriptomics.core.brain_space import NLIN6, record_space
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
    from napari_compressed_transcriptomics.io import read_expression

    from .study_data import load

    if name == "synthetic":
        return synthetic_brain()
    if name == "maps":
        expression = read_expression(REAL / "mrna", impute="drop_genes")
        record_space(expression.source, NLIN6)
        return expression
    return load(name)


def in_window(name: str) -> Iterator[Taken]:
    """Open a window, and measure each step in it; then what napari does alone, in another."""
    from napari import Viewer
    from qtpy.QtWidgets import QApplication

    for steps in (partial(work, name=name), bare):
        viewer = Viewer()
        QApplication.setCursorFlashTime(0)  # what blinks is never still
        viewer.window.resize(*SIZE)
        viewer.theme = "dark"
        yield from measured(steps(viewer))
        viewer.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clicks", description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET", help=", ".join(SETS))
    parser.add_argument("--each", action="store_true", help="print each step")
    parser.add_argument("--runs", type=int, default=1, help="take the fastest of so many (1)")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.json:
        print(json.dumps([asdict(one) for one in in_window(given.sets[0])]))
        return
    for name in given.sets:
        if given.each:
            for one in fastest(name, given.runs):
                print(f"{name} {one.step:36} {_told(one.longest):>8} {_told(one.painted):>8}")
        else:
            for line in clicks(name, given.runs):
                print(f"| {line.what} | {line.value} | {line.target} |", flush=True)


if __name__ == "__main__":
    main()
