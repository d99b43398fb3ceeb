"""Puts pictures under and over the layers of a window's canvas, so that screenshots have them.

napari's canvas is a scene of vispy's, to which vispy's public interface adds two images.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

_UNDER, _OVER = -1, 10**7
"""Order among what is on the canvas: napari's views are at 0 and above."""
_NOTHING = np.zeros((1, 1, 4), np.uint8)
"""Drawn rather than nothing. vispy does not tell OpenGL which program draws if it was the last one
to draw, but Qt has used others between frames: what draws first must not be what draws last."""


class Pictures:
    """Two images as large as the canvas, brought up to date before each frame.

    Parameters
    ----------
    viewer : napari.Viewer
        With a window.
    redraw : callable
        Called before each frame with the pixels of the screen to one of the canvas; returns what
        changed: the pictures under and over all, each RGBA, or None for one that stays.
    tooltip : callable
        Returns what is to be said at a place (x, y) on the canvas.
    """

    def __init__(
        self,
        viewer: Any,
        redraw: Callable[[float], tuple[np.ndarray | None, np.ndarray | None]],
        tooltip: Callable[[float, float], str],
    ):
        from qtpy.QtCore import QTimer
        from vispy.scene.visuals import Image
        from vispy.visuals.transforms import STTransform

        self._redraw = redraw
        self._canvas = canvas_of(viewer)
        self._canvas.set_current()  # else the images belong to another window's context
        self._images = []
        for order in (_UNDER, _OVER):
            image = Image(_NOTHING, parent=self._canvas.scene)
            image.transform = STTransform()
            image.order = order
            image.set_gl_state(
                "translucent", depth_test=False, blend_func=("src_alpha", "one_minus_src_alpha")
            )
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
        self._canvas.native.update()

    def again(self) -> None:
        """Ask for one more frame after the one that is being drawn."""
        self._again.start(0)

    def _before_frame(self, event: Any = None) -> None:
        ratio = float(self._canvas.native.devicePixelRatioF())
        for image, pixels in zip(self._images, self._redraw(ratio), strict=True):
            if pixels is None:
                continue
            image.set_data(pixels if pixels[..., 3].any() else _NOTHING)
            image.transform.scale = (1 / ratio, 1 / ratio)


def canvas_of(viewer: Any) -> Any:
    """Return the vispy canvas of a viewer's window."""
    from qtpy.QtOpenGLWidgets import QOpenGLWidget
    from vispy.gloo.context import canvasses

    native = viewer.window.main_menu.window().centralWidget().findChild(QOpenGLWidget)
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
