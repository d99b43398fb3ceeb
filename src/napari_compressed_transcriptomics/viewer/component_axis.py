"""The slider of components counts from 1, as captions and docks do.

napari's sliders show steps from 0. Components lie at 1, 2, ... of their axis, so if that begins at
0, a step is a component's number; where nothing is, at 0, the first one is shown.
"""

from typing import Any
from weakref import proxy

from .layer_content import shown
from .window.turns import timer_of


class ComponentAxis:
    """Lets the axis of components of a viewer begin at 0."""

    def __init__(self, viewer: Any):
        self._viewer = proxy(viewer)
        self._timer = timer_of(viewer)
        if self._timer is not None:
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(self._lengthen)
        viewer.dims.events.range.connect(self._soon)
        viewer.dims.events.point.connect(self._leave_0)

    def _soon(self, event: Any = None) -> None:
        """In a window, once napari's sliders have heard of what was before."""
        if self._timer is None:
            self._lengthen()
        else:
            self._timer.start(0)

    def _lengthen(self) -> None:
        dims = self._viewer.dims
        if not self._is_ours() or dims.range[0].start != 1:
            return
        first, *others = dims.range
        point = dims.point
        dims.range = ((0, first.stop, first.step), *others)
        dims.point = point

    def _leave_0(self, event: Any = None) -> None:
        dims = self._viewer.dims
        if self._is_ours() and dims.range[0].start == 0 and dims.point[0] < 0.5:
            dims.set_point(0, 1)

    def _is_ours(self) -> bool:
        """Whether all that has a fourth axis are components."""
        deep = [layer for layer in self._viewer.layers if layer.ndim > 3]
        kinds = {what.kind if (what := shown(layer)) else "" for layer in deep}
        return kinds == {"latents"} and self._viewer.dims.ndim == 4
