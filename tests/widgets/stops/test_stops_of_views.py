"""The window does not stand still while planes, 3-D and surfaces come and go."""

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent

from clicking import settle
from napari_compressed_transcriptomics.spatial.surface_views import shading
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.anatomy.four_views import ALL
from napari_compressed_transcriptomics.viewer.anatomy.linked_view import LinkedView
from napari_compressed_transcriptomics.viewer.anatomy.place import go_to, position
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of, show_plane
from napari_compressed_transcriptomics.viewer.anatomy.shell import NAME as SHELL
from napari_compressed_transcriptomics.viewer.anatomy.solid import is_solid
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.widgets.cortical_surface import CorticalSurface
from napari_compressed_transcriptomics.widgets.four_views import FourViews
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result


def test_the_window_draws_its_plane_before_a_view_beside_it_does(viewer):
    dock = FourViews(viewer)
    viewer.window.add_dock_widget(dock, area="right")
    dock._opening.finish()
    view = next(view for view in dock.views.views if view.plane == "3d")
    show_plane(viewer, "3d")
    assert (view.plane, plane_of(view.model)) == ("axial", "3d")
    settle()
    assert plane_of(view.model) == "axial"
    viewer.window.remove_dock_widget(dock)


def test_layers_are_brought_to_3d_once_and_hidden_ones_when_they_are_seen(model, result):
    add_expression(model, result.expression)
    (latents, error), sliced = add_result(model, result, Outputs(side_by_side=False)), []
    latents.visible, error.visible = True, False
    latents.events.set_data.connect(lambda: sliced.append(model.dims.ndisplay))
    show_plane(model, "3d")
    assert sliced.count(3) == 1
    assert [is_solid(layer) for layer in model.layers] == [False, True, False]
    error.visible = True
    assert is_solid(error)
    assert error.rendering == "translucent"
    error.visible = False
    model.dims.ndisplay = 2
    assert not any(map(is_solid, model.layers))


def test_from_3d_to_a_plane_there_is_no_other_in_between(viewer, qtbot, monkeypatch):
    """napari brings all layers to each, and so would the view beside that is exchanged."""
    viewer.window.resize(900, 600)
    dock = FourViews(viewer)
    viewer.window.add_dock_widget(dock)
    dock._opening.finish()
    for plane in ("coronal", "3d"):
        show_plane(viewer, plane)
        settle()
    planes, exchanged = [], []
    viewer.dims.events.order.connect(lambda: planes.append(plane_of(viewer)))
    show = LinkedView.show
    monkeypatch.setattr(LinkedView, "show", lambda *of: exchanged.append(of[1]) or show(*of))
    show_plane(viewer, "sagittal")
    assert planes == ["sagittal"]
    assert not exchanged  # in the same turn
    qtbot.waitUntil(
        lambda: {plane_of(x.model) for x in dock.views.views} == set(ALL) - {"sagittal"}
    )
    assert exchanged == ["3d"]
    exchanged.clear()
    for plane in ("coronal", "axial"):  # the first is left before it was exchanged
        show_plane(viewer, plane)
    assert not exchanged
    beside = set(ALL) - {"axial"}
    qtbot.waitUntil(lambda: {plane_of(view.model) for view in dock.views.views} == beside)
    viewer.window.remove_dock_widget(dock)


def test_the_canvas_is_painted_when_all_layers_have_gone(viewer, result):
    """Qt would paint it in the midst, once for each slider and control that goes."""
    add_result(viewer, result, Outputs(side_by_side=False))
    attach(viewer).turns.finish()
    viewer.layers.selection = set(viewer.layers[1:])
    settle(30)
    drawn = []
    viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(drawn.append)
    viewer.layers.remove_selected()
    assert not drawn
    settle(30)
    assert drawn


def test_a_crosshair_that_stays_where_it_is_asks_for_no_frame(viewer, monkeypatch):
    cells, asked = attach(viewer).cells, []
    monkeypatch.setattr(cells._pictures, "update", lambda: asked.append(1))
    place = np.zeros(3)
    for at in (place, place.copy(), place + 1, None, None):
        cells.cross(at)
    assert len(asked) == 3


def test_the_shell_comes_once_3d_is_drawn_and_not_where_it_was_left(viewer, qtbot):
    attach(viewer).shell.show(True)
    for plane in ("3d", "axial"):
        show_plane(viewer, plane)
        assert SHELL not in viewer.layers
    settle(30)
    assert SHELL not in viewer.layers
    show_plane(viewer, "3d")
    qtbot.waitUntil(lambda: SHELL in viewer.layers and viewer.layers[SHELL].visible)
    shell = viewer.layers[SHELL]
    show_plane(viewer, "axial")
    assert not shell.visible
    show_plane(viewer, "3d")
    assert not shell.visible
    qtbot.waitUntil(lambda: shell.visible)
    assert viewer.layers[SHELL] is shell


def test_a_view_follows_a_colormap_but_not_its_look_of_3d(viewer):
    layer, view = viewer.layers[0], LinkedView(viewer, "coronal")
    copy, changed = view.copies[layer], []
    copy.events.colormap.connect(lambda: changed.append(copy.colormap.name))
    for plane in ("3d", "axial"):
        show_plane(viewer, plane)
    assert not changed
    show_plane(viewer, "3d")
    layer.colormap = "magma"
    assert changed == ["magma"]
    view.close()


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_the_canvas_is_painted_when_napari_has_made_room(viewer, ndisplay, qtbot):
    """napari's own button changes no more than this; a slider comes, or goes."""
    drawn = []
    attach(viewer).turns.finish()
    viewer.dims.ndisplay = 5 - ndisplay
    settle(30)
    canvas = viewer.window._qt_viewer.canvas
    qtbot.waitUntil(canvas.native.updatesEnabled)
    draw = canvas._scene_canvas.events.draw
    draw.connect(lambda event: drawn.append(viewer.dims.ndisplay), position="last")
    viewer.dims.ndisplay = ndisplay
    assert not drawn
    assert not canvas.native.updatesEnabled()  # until all is laid out
    settle(30)
    assert drawn


def test_volumes_are_drawn_when_napari_has_the_view_in_its_place(viewer, qtbot):
    """It draws twice before; a screenshot is of all, even so."""
    canvas, seen = viewer.window._qt_viewer.canvas, []

    def volume():
        return canvas.layer_to_visual[viewer.layers[0]].node

    draw = canvas._scene_canvas.events.draw
    draw.connect(lambda event: seen.append(volume().visible), position="last")
    show_plane(viewer, "3d")
    qtbot.waitUntil(lambda: True in seen)
    settle()
    assert seen[0] is False
    assert seen == sorted(seen)
    picture = viewer.screenshot(flash=False)
    show_plane(viewer, "axial")
    settle()
    show_plane(viewer, "3d")
    seen.clear()
    viewer.screenshot(flash=False)
    assert seen == [True]
    settle()
    np.testing.assert_array_equal(viewer.screenshot(flash=False), picture)


def test_no_frame_is_asked_for_where_nothing_is_another(viewer, monkeypatch):
    cells, asked = attach(viewer).cells, []
    cells.fit()
    monkeypatch.setattr(cells._pictures, "update", lambda: asked.append(1))
    cells.fit()
    viewer.layers[0].events.scale_factor()  # as napari does within each frame
    assert not asked
    viewer.scene.camera.zoom *= 2
    cells.fit()
    assert asked
    asked.clear()
    viewer.layers[0].name = "another"
    assert asked


def test_views_stay_where_they_are_and_load_nothing_while_a_surface_is_shown(viewer):
    """napari's sliders would go to the nearest step of axes as long as the surface."""
    (layer,) = viewer.layers
    dock, surface = FourViews(viewer), surface_view(viewer)
    viewer.window.add_dock_widget(dock, area="right")
    dock._opening.finish()
    settle(30)
    views = [one for one in dock.views.views if one.plane != "3d"]
    assert len(views) == 2
    go_to(viewer, layer.translate[::-1])
    settle()
    before, loaded = [one.model.dims.point for one in views], []
    place = viewer.dims.point
    for one in views:
        one.copies[layer].events.set_data.connect(lambda: loaded.append(1))
    for mesh, view in (("inflated", "four"), ("inflated", "dorsal"), ("pial", "left_lateral")):
        surface.show(layer, mesh, view)
        settle()
        assert viewer.dims.point == place
    for _ in surface.leaving():
        settle()
    assert viewer.dims.point == place
    dock.views._exchanging.finish()
    np.testing.assert_allclose(attach(viewer).cells.wanted.cross, place[-3:])
    assert [one.model.dims.point for one in views] == before
    assert not loaded
    surface.show(layer)
    elsewhere = position(viewer) + layer.scale[::-1]
    go_to(viewer, elsewhere)
    assert loaded
    settle()
    viewer.layers.remove(surface.layer)
    settle()
    np.testing.assert_allclose(position(viewer), elsewhere)
    viewer.window.remove_dock_widget(dock)
    settle()


def test_how_the_surface_is_shaded_is_computed_before_it_is_shown(viewer, qtbot):
    dock = CorticalSurface(viewer)
    qtbot.addWidget(dock)
    attach(viewer).turns.finish()
    shading.cache_clear()
    dock._look_up()
    qtbot.waitUntil(lambda: not dock._background.busy)
    assert shading.cache_info().misses == 1
    dock._surface.show(viewer.layers[0])
    assert shading.cache_info().misses == 1


def test_volumes_go_and_the_surface_comes_in_turns(viewer, qtbot):
    (layer,) = viewer.layers
    dock = CorticalSurface(viewer)
    qtbot.addWidget(dock)
    attach(viewer).turns.finish()
    for gone in (False, True):
        dock._asked = True
        dock._on_ready(None)
        assert layer.visible
        dock._turns._turn()
        assert not layer.visible
        assert list(viewer.layers) == [layer]
        if gone:  # meanwhile
            del viewer.layers[0]
        dock._turns._turn()
        assert (dock._surface.layer is None) == gone
        assert (viewer.dims.ndisplay == 2) == gone
        if not gone:  # and back
            dock._leave()
            dock._turns._turn()
            assert list(viewer.layers) == [layer]
            dock._turns._turn()
            assert viewer.dims.ndisplay == 2
            assert not layer.visible
            dock._turns._turn()
            assert layer.visible


def test_the_surface_page_can_be_closed_meanwhile(viewer):
    dock, turns = CorticalSurface(viewer), attach(viewer).turns
    turns.finish()
    dock._asked = True
    dock._on_ready(None)
    turns._turn()
    dock.deleteLater()
    QCoreApplication.sendPostedEvents(dock, QEvent.Type.DeferredDelete)
    turns._turn()
    assert viewer.layers[0].visible
