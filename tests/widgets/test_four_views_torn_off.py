"""Four views, moved into a window of their own and back, are there in each."""

import pytest
from qtpy.QtCore import QPoint

from clicking import settle
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.anatomy.place import go_to, position
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.widgets.four_views import FourViews


def test_all_views_are_painted_in_another_window(make_napari_viewer, brain, qtbot):
    viewer = make_napari_viewer(show=True)
    add_expression(viewer, brain)
    attach(viewer).turns.finish()
    four = FourViews(viewer)
    dock = viewer.window.add_dock_widget(four, name="Four views")

    def whole():
        seen = [any(x.visible for x in view.model.layers) for view in four.views.views]
        return not four.views.held and seen == [True] * 3 and len(four.cells) == 3

    qtbot.waitUntil(whole)
    assert four.cells[0].window() is viewer.window._qt_window
    for floating in (True, False):
        before = four.views
        dock.setFloating(floating)
        qtbot.waitUntil(whole)
        settle()
        assert not before.views  # which follow no longer
        assert four._splitter.count() == 3
        for cell in four.cells:
            assert cell.window() is (dock if floating else viewer.window._qt_window)
            picture = cell.canvas.canvas.native.grabFramebuffer()
            middle = picture.rect().center()
            colors = {picture.pixel(middle + QPoint(x, x)) for x in range(-30, 30)}
            assert len(colors) > 1
        go_to(viewer, position(viewer) + 8)
        settle()
        for view in four.views.views:
            if view.plane != "3d":
                axis = view.model.dims.order[0]
                assert view.model.dims.point[axis] == pytest.approx(viewer.dims.point[axis])
    viewer.window.remove_dock_widget(dock)
    settle()
