"""napari's list of layers, painted in the frame that shows another slice."""

from typing import Any


class LayerList:
    """Has the list laid out with each slice, before that is drawn.

    Each slice has other thumbnails, for which Qt lays the list out a turn of the event loop later
    and paints it once more: with a canvas in it, it puts the whole window together for that, which
    takes as long as drawing the slice.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Any):
        from qtpy.QtWidgets import QListView, QWidget

        place = viewer.window.main_menu.window().findChild(QWidget, "layerList")
        self._lists = [] if place is None else place.findChildren(QListView)
        for one in self._lists:
            one.destroyed.connect(self._lists.clear)
        viewer.dims.events.point.connect(self._lay_out, position="last")  # once it is sliced

    def _lay_out(self, event: Any = None) -> None:
        for one in self._lists:
            one.doItemsLayout()
