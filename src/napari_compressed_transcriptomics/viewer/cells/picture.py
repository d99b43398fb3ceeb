"""Puts pictures under and over the layers of a window's canvas, so that screenshots have them.

napari's canvas is a scene of vispy's, to which vispy's public interface adds two images.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

_UNDER, _OVER = -1, 10**7
"""Order among what is on the canvas: napari's views are at 0 and above."""
_VERTEX = """
attribute vec2 a_corner;
uniform float u_size;
varying vec2 v_at;
void main() {
    v_at = a_corner;
    gl_Position = vec4(u_size * vec2(2.0 * a_corner.x - 1.0, 1.0 - 2.0 * a_corner.y), 0.0, 1.0);
}
"""
_FRAGMENT = """
uniform sampler2D u_picture;
varying vec2 v_at;
void main() {
    gl_FragColor = texture2D(u_picture, v_at);
}
"""
_NOTHING = np.zeros((1, 1, 4), np.uint8)
"""Drawn, of no size, rather than nothing. vispy does not tell OpenGL which program draws if it was
the last one to draw, but Qt has used others between frames: what draws first must not be what
draws last."""


class Pictures:
    """Two images as large as the canvas, brought up to date before each frame.

    Parameters
    ----------
    widget : QWidget
        In which the canvas is.
    redraw : callable
        Called before each frame with the pixels of the screen to one of the canvas; returns what
        changed: the pictures under and over all, each RGBA whose colours are multiplied by alpha,
        or None for one that stays.
    tooltip : callable
        Returns what is to be said at a place (x, y) on the canvas.
    """

    def __init__(
        self,
        widget: Any,
        redraw: Callable[[float], tuple[np.ndarray | None, np.ndarray | None]],
        tooltip: Callable[[float, float], str],
    ):
        from qtpy.QtCore import QTimer

        self._redraw = redraw
        self._canvas = canvas_in(widget)
        self._canvas.set_current()  # else the images belong to another window's context
        self._images = []
        for order in (_UNDER, _OVER):
            image = _picture_node()(parent=self._canvas.scene)
            image.order = order
            self._images.append(image)
        self._again = QTimer(self._canvas.native)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._canvas.native.update)
        self._canvas.events.draw.connect(self._before_frame)
        self._tooltips = _tooltips(self._canvas.native, tooltip)

    def update(self) -> None:
        """Ask for a frame.

        Of Qt: vispy waits for the one it asked for before, which a screenshot may have taken.
        """
        from qtpy.compat import isalive

        if isalive(self._canvas.native):  # a window that closes ends what it shows one by one
            self._canvas.native.update()

    def again(self) -> None:
        """Ask for one more frame after the one that is being drawn."""
        self._again.start(0)

    def _before_frame(self, event: Any = None) -> None:
        ratio = float(self._canvas.native.devicePixelRatioF())
        for image, pixels in zip(self._images, self._redraw(ratio), strict=True):
            if pixels is None:
                continue
            image.show(pixels)


@cache
def _picture_node() -> Any:
    """Return a class of vispy's: a picture that fills the canvas.

    vispy's own image computes limits, gamma and colours of each pixel, three times as slow where
    software draws.
    """
    from vispy.gloo import Texture2D, VertexBuffer
    from vispy.scene.visuals import create_visual_node
    from vispy.visuals import Visual

    class CanvasPictureVisual(Visual):
        def __init__(self) -> None:
            super().__init__(vcode=_VERTEX, fcode=_FRAGMENT)
            corners = np.array([(0, 0), (1, 0), (0, 1), (1, 1)], np.float32)
            self._texture = Texture2D(_NOTHING, interpolation="nearest")
            self.shared_program["a_corner"] = VertexBuffer(corners)
            self.shared_program["u_picture"] = self._texture
            self.shared_program["u_size"] = 0.0
            self._draw_mode = "triangle_strip"
            blended = ("one", "one_minus_src_alpha")
            self.set_gl_state(blend=True, depth_test=False, cull_face=False, blend_func=blended)

        def show(self, pixels: np.ndarray) -> None:
            if pixels[..., 3].any():
                self._texture.set_data(pixels)
                self.shared_program["u_size"] = 1.0
            else:
                self.shared_program["u_size"] = 0.0

        def _prepare_transforms(self, view: Any) -> None:
            pass  # it fills the canvas, however that is moved

    return create_visual_node(CanvasPictureVisual)


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
