"""The window does not stand still while layers and views come and go: once for all, or by turns."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QTimer
from qtpy.QtWidgets import QWidget

from clicking import settle
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.anatomy.four_views import ALL
from napari_compressed_transcriptomics.viewer.anatomy.linked_view import LinkedView
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of, show_plane
from napari_compressed_transcriptomics.viewer.anatomy.shell import NAME as SHELL
from napari_compressed_transcriptomics.viewer.anatomy.solid import is_solid
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells import picture
from napari_compressed_transcriptomics.viewer.layers import expression_layer
from napari_compressed_transcriptomics.viewer.window import garbage
from napari_compressed_transcriptomics.widgets.compress import Compress
from napari_compressed_transcriptomics.widgets.cortical_surface import CorticalSurface
from napari_compressed_transcriptomics.widgets.four_views import FourViews
from napari_compressed_transcriptomics.widgets.inspect.gene_maps import comparison
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.layouts import stack
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from phantom import make_phantom
from small import compressed


@pytest.fixture(scope="module")
def brain():
    return make_phantom()


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 4)


@pytest.fixture
def viewer(make_napari_viewer, brain):
    viewer = make_napari_viewer(show=True)
    add_expression(viewer, brain)
    settle()
    return viewer


@pytest.fixture
def layouts(viewer, monkeypatch):
    """Return a list that grows each time napari lays out cells, which takes it long."""
    canvas, found = viewer.window._qt_viewer.canvas, []
    reorder = canvas._reorder_layers
    monkeypatch.setattr(canvas, "_reorder_layers", lambda: found.append(1) or reorder())
    return found


def test_the_first_layer_is_drawn_once_all_has_its_place(make_napari_viewer, brain):
    viewer, drawn = make_napari_viewer(show=True), []
    attach(viewer).turns.finish()
    settle()
    viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(drawn.append)
    add_expression(viewer, brain)
    assert not drawn
    settle()
    assert drawn


def test_cells_are_laid_out_once_for_all_changes(viewer, layouts, result):
    added = add_result(viewer, result, Outputs(gene=result.expression.genes[0]))
    attach(viewer).turns.finish()
    assert len(added) == 3
    assert len(layouts) == 1
    compared = comparison(viewer)
    for change in (lambda: compared.show(result, result.expression.genes[1]), compared.end):
        layouts.clear()
        change()
        assert len(layouts) == 1
    assert [layer.visible for layer in viewer.layers] == [True] * 4 + [False] * 3


@pytest.mark.parametrize(
    ("frozen", "goes", "done"), [(0, False, ["froze", "undid it"]), (0, True, []), (9, False, [])]
)
def test_garbage_is_left_alone_where_no_layer_went(model, brain, monkeypatch, frozen, goes, done):
    """And what another has frozen stays so."""
    seen = []
    fake = SimpleNamespace(
        freeze=lambda: seen.append("froze"),
        unfreeze=lambda: seen.append("undid it"),
        get_freeze_count=lambda: frozen,
    )
    add_expression(model, brain)
    monkeypatch.setattr(garbage, "gc", fake)
    with attach(model).at_once():
        if goes:
            model.layers.clear()
        model.add_image(np.zeros((2, 3, 4)))
    assert seen == done


def test_many_layers_come_one_a_turn_and_are_seen_when_all_are_there(viewer, result, qtbot):
    dock = Compress(viewer)
    dock._outputs = Outputs(separate=True)
    dock.show_result(result)
    assert "Adding layers" in dock.result.text()
    counts = []
    viewer.layers.events.inserted.connect(lambda: counts.append(len(viewer.layers)))
    turns = attach(viewer).turns
    turns._turn()
    turns._turn()
    assert counts == [2, 3]
    assert not any(layer.visible for layer in viewer.layers[1:])
    del viewer.layers[2]  # by the user, who closes the dock, too
    viewer.add_image(np.zeros((2, 3, 4)), name="theirs")
    dock.deleteLater()
    qtbot.waitUntil(lambda: viewer.canvas.grid.enabled)
    components = [f"PCA k=4 component {i}" for i in range(2, 5)]
    names = ["phantom: A1BG", "PCA k=4 RMSE", "theirs", *components]
    assert [layer.name for layer in viewer.layers] == names
    assert all(layer.visible for layer in viewer.layers)


def test_a_window_can_be_closed_while_layers_come(viewer, result, qtbot):
    add_result(viewer, result, Outputs(separate=True))
    attach(viewer).turns._turn()
    assert len(viewer.layers) == 2
    viewer.close()
    settle(20)


def test_what_is_slow_to_import_is_loaded_by_turns(make_napari_viewer, monkeypatch):
    loaded = []
    monkeypatch.setattr(brain_view, "import_module", loaded.append)
    turns = attach(make_napari_viewer(show=True)).turns
    assert not loaded
    turns._turn()
    turns._turn()
    assert loaded == ["scipy.ndimage"]
    turns.finish()
    assert loaded == list(brain_view.LOADED)


def test_axes_are_drawn_ahead(viewer):
    """Their letters and shaders would take as long as all else that 3-D does."""
    view, axes, seen = attach(viewer), viewer.canvas.overlays.axes, []
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda event: seen.append(axes.visible))
    for _ in view._load():
        assert not axes.visible  # where Qt draws
    assert True in seen


def test_volumes_are_given_to_opengl_one_a_turn(viewer, brain, monkeypatch, qtbot):
    sent = []
    monkeypatch.setattr(picture, "send", lambda node, context: sent.append(node.visible))
    viewer.add_layer(viewer.layers[0].__class__.create(*expression_layer(brain)))
    attach(viewer).show_side_by_side()
    settle()
    turns, told = QTimer(), []
    turns.timeout.connect(lambda: told.append(len(sent)))
    show_plane(viewer, "3d")
    turns.start(0)
    qtbot.waitUntil(lambda: len(sent) == 2)
    assert sent == [False, False]
    assert 1 in told


def test_figures_are_drawn_one_a_turn(model, qtbot):
    told, page = [], QWidget()
    qtbot.addWidget(page)
    views = [FigureView(model) for _ in range(3)]
    stack(page, *views)
    for view in views:
        view.canvas.mpl_connect("draw_event", lambda event: told.append("drawn"))
        view.draw(lambda figure, color: figure.text(0.5, 0.5, "$R^2$", color=color))
    turns = QTimer()
    turns.timeout.connect(lambda: told.append("turn"))
    turns.start(0)
    page.show()
    qtbot.waitUntil(lambda: told.count("drawn") == 3)
    assert all(now != "drawn" or then != "drawn" for now, then in pairwise(told))
    told.clear()
    page.resize(page.width() + 20, page.height() + 20)
    views[0].canvas.grab()  # in its new size at once
    assert told == ["drawn"]


def test_four_views_come_one_thing_a_turn(viewer, result):
    add_expression(viewer, result.expression)
    dock = FourViews(viewer)
    viewer.window.add_dock_widget(dock, area="right")

    def there():
        shown = [cell for cell in dock.cells if not cell.isHidden()]
        layers = [layer for view in dock.views.views for layer in view.model.layers]
        return len(dock.cells), len(shown), len(layers), sum(layer.visible for layer in layers)

    counts = [there()]
    while dock._opening._steps is not None:
        dock._opening._turn()
        counts.append(there())
    assert counts[-1] == (3, 3, 6, 6)
    assert np.diff(counts, axis=0).sum(1).max() == 1
    viewer.window.remove_dock_widget(dock)


def test_layers_that_go_are_taken_from_views_one_a_turn(viewer, result):
    dock = FourViews(viewer)
    viewer.window.add_dock_widget(dock, area="right")
    dock._opening.finish()
    views = [view.model.layers for view in dock.views.views]
    viewer.layers.clear()
    assert [[layer.visible for layer in layers] for layers in views] == [[False]] * 3
    for left in (2, 1, 0):
        dock.views._on_bringing()
        assert sum(map(len, views)) == left
    assert not dock.views.bring()
    viewer.window.remove_dock_widget(dock)


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


def test_four_views_can_be_closed_while_they_open(viewer):
    for turns in (1, 2, 3, 8):
        dock = FourViews(viewer)
        viewer.window.add_dock_widget(dock, area="right")
        for _ in range(turns):
            dock._opening._turn()
        assert dock._opening._steps is not None
        viewer.window.remove_dock_widget(dock)
        settle()
        assert dock._opening._steps is None


def test_without_a_window_all_layers_come_at_once(model, brain, result):
    add_expression(model, brain)
    told = []
    outputs = Outputs(separate=True)
    added = add_result(model, result, outputs, lambda: told.append(len(model.layers)))
    assert told == [len(model.layers)] == [6]
    assert added == list(model.layers[1:])
    assert len(attach(model).cells.look().cells) == 6
