"""Puts pictures under and over the layers of a window's canvas, so that screenshots have them.

napari's canvas is a scene of vispy's, to which vispy's public interface adds two images.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .drawing import Drawing
from .rays import send, shorten_rays, volumes_under

_UNDER, _OVER = -1, 10**7
"""Order among what is on the canvas: napari's views are at 0 and above."""
_VERTEX = """
attribute vec4 a_corner;
varying vec2 v_at;
void main() {
    v_at = a_corner.zw;
    gl_Position = vec4(2.0 * a_corner.x - 1.0, 1.0 - 2.0 * a_corner.y, 0.0, 1.0);
}
"""
_FRAGMENT = """
uniform sampler2D u_picture;
varying vec2 v_at;
void main() {
    gl_FragColor = texture2D(u_picture, v_at);
}
"""
_NOTHING = Drawing(np.zeros((1, 1, 4), np.uint8), np.zeros((3, 4), np.float32))
"""Drawn, of no size, rather than nothing. vispy does not tell OpenGL which program draws if it was
the last one to draw, but Qt has used others between frames: what draws first must not be what
draws last."""


class Pictures:
    """Pictures under and over all of a canvas, brought up to date before each frame.

    Parameters
    ----------
    widget : QWidget
        In which the canvas is.
    redraw : callable
        Called before each frame with the pixels of the screen to one of the canvas; returns the
        pictures under and over all, lowest first, or None if they stay.
    tooltip : callable
        Returns what is to be said at a place (x, y) on the canvas.
    """

    def __init__(
        self,
        widget: Any,
        redraw: Callable[[float], tuple[list[Drawing], list[Drawing]] | None],
        tooltip: Callable[[float, float], str],
    ):
        from qtpy.QtCore import QTimer

        self._redraw = redraw
        self._canvas = canvas_in(widget)
        self._canvas.set_current()  # else the images belong to another window's context
        self._nodes = []
        for order in (_UNDER, _OVER):
            node = _pictures_node()(parent=self._canvas.scene)
            node.order = order
            self._nodes.append(node)
        self._again = QTimer(self._canvas.native)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._canvas.native.update)
        self._canvas.events.draw.connect(self._before_frame)
        self._tooltips = _tooltips(self._canvas.native, tooltip)
        self._paints = _paints(self._canvas.native)
        self._waits = False
        self._waiting: list[Any] = []
        self._unsent: list[Any] = []
        self._going_on = QTimer(self._canvas.native)
        self._going_on.setSingleShot(True)
        self._going_on.timeout.connect(self._send)

    def update(self) -> None:
        """Ask for a frame.

        Of Qt: vispy waits for the one it asked for before, which a screenshot may have taken.
        """
        from qtpy.compat import isalive

        if isalive(self._canvas.native):  # a window that closes ends what it shows one by one
            self._canvas.native.update()

    def make_current(self) -> None:
        """Let what OpenGL is told from now on be about this canvas."""
        from qtpy.compat import isalive

        if isalive(self._canvas.native):
            self._canvas.set_current()

    def again(self) -> None:
        """Ask for one more frame after the one that is being drawn."""
        self._again.start(0)

    def wait(self) -> None:
        """Show no volumes, which take long to draw, until the frames to come have been drawn.

        napari draws all twice when it goes to 3-D, and has its camera and its overlays in their
        place with the second frame only. Screenshots do not wait.
        """
        self._waits = True

    def _send(self) -> None:
        """Give OpenGL one of the volumes that wait, for which it takes memory; then show all."""
        if self._unsent:
            self._canvas.set_current()
            send(self._unsent.pop(), self._canvas.context)
            self._going_on.start(0)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Show the volumes that wait."""
        self._waits = False
        waiting, self._waiting, self._unsent = self._waiting, [], []
        for node in waiting:
            node.visible = True

    def _before_frame(self, event: Any = None) -> None:
        ratio = float(self._canvas.native.devicePixelRatioF())
        volumes = volumes_under(self._canvas.scene)
        for node in volumes:
            shorten_rays(node, ratio)
        of_qt = self._paints.taken()
        if self._waits and of_qt:
            seen = [node for node in volumes if node.visible]
            self._waiting += seen
            self._unsent += seen
            for node in seen:
                node.visible = False
            self._going_on.start(0)
        else:
            self._go_on()
        new = self._redraw(ratio)
        if new is not None:
            for node, drawings in zip(self._nodes, new, strict=True):
                node.show(drawings)


@cache
def _pictures_node() -> Any:
    """Return a class of vispy's: pictures that lie on the canvas.

    vispy's own image computes limits, gamma and colours of each pixel, three times as slow where
    software draws.
    """
    from vispy.gloo import Texture2D, VertexBuffer
    from vispy.scene.visuals import create_visual_node
    from vispy.visuals import Visual

    class _Part:
        def __init__(self) -> None:
            self.texture = Texture2D(_NOTHING.pixels, interpolation="nearest")
            self.corners = VertexBuffer(_NOTHING.corners)
            self.drawn = _NOTHING

        def show(self, one: Drawing) -> None:
            if one.pixels is not self.drawn.pixels:
                self.texture.set_data(one.pixels)
            if one.smooth != self.drawn.smooth:
                self.texture.interpolation = "linear" if one.smooth else "nearest"
            self.corners.set_data(one.corners)
            self.drawn = one

    class CanvasPicturesVisual(Visual):
        def __init__(self) -> None:
            super().__init__(vcode=_VERTEX, fcode=_FRAGMENT)
            self._parts: list[_Part] = []
            self.show([])
            self._draw_mode = "triangles"
            blended = ("one", "one_minus_src_alpha")
            self.set_gl_state(blend=True, depth_test=False, cull_face=False, blend_func=blended)

        def show(self, drawings: list[Drawing]) -> None:
            seen = [one for one in drawings if len(one.corners)] or [_NOTHING]
            more = [_Part() for _ in seen[len(self._parts) :]]
            self._parts = [*self._parts[: len(seen)], *more]
            for part, one in zip(self._parts, seen, strict=True):
                part.show(one)

        def draw(self) -> None:
            for part in self._parts:
                self.shared_program["u_picture"] = part.texture
                self.shared_program["a_corner"] = part.corners
                super().draw()

        def _prepare_transforms(self, view: Any) -> None:
            pass  # they fill the canvas, however that is moved

    return create_visual_node(CanvasPicturesVisual)


def canvas_in(widget: Any) -> Any:
    """Return the vispy canvas that lies in a widget."""
    from qtpy.QtOpenGLWidgets import QOpenGLWidget
    from vispy.gloo.context import canvasses

    native = widget.findChild(QOpenGLWidget)
    alive = (reference() for reference in canvasses)
    return next(canvas for canvas in alive if canvas is not None and canvas.native is native)


def _tooltips(native: Any, tooltip: Callable[[float, float], str]) -> Any:
    """Show tooltips on a canvas; return what must be kept for that."""
    from qtpy.QtCore import QEvent, QObject
    from qtpy.QtGui import QCursor
    from qtpy.QtWidgets import QToolTip

    class Tooltips(QObject):
        def eventFilter(self, watched: Any, event: Any) -> bool:
            if event.type() != QEvent.Type.ToolTip:
                return False
            # Not the event's place: PyQt may take it for the mouse event that lay there before,
            # and what it then reads ends the process.
            here = QCursor.pos()
            on_canvas = native.mapFromGlobal(here)
            words = tooltip(on_canvas.x(), on_canvas.y())
            if words:
                QToolTip.showText(here, words, native)
            return bool(words)

    tooltips = Tooltips(native)
    native.installEventFilter(tooltips)
    return tooltips


def _paints(native: Any) -> Any:
    """Return what knows whether Qt asked for a frame, by an event, or something else did."""
    from qtpy.QtCore import QEvent, QObject

    class Paints(QObject):
        def __init__(self) -> None:
            super().__init__()
            self._seen = False

        def eventFilter(self, watched: Any, event: Any) -> bool:
            self._seen |= event.type() == QEvent.Type.Paint
            return False

        def taken(self) -> bool:
            seen, self._seen = self._seen, False
            return seen

    paints = Paints()
    native.installEventFilter(paints)
    return paints
