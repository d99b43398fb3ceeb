"""The window does not stand still while layers and views come and go: once for all, or by turns."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.layout_engine import ConstrainedLayoutEngine
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from clicking import settle
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.anatomy.planes import show_plane
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells import picture
from napari_compressed_transcriptomics.viewer.layers import expression_layer
from napari_compressed_transcriptomics.viewer.window import garbage
from napari_compressed_transcriptomics.widgets.compress import Compress
from napari_compressed_transcriptomics.widgets.four_views import FourViews
from napari_compressed_transcriptomics.widgets.inspect.gene_maps import comparison
from napari_compressed_transcriptomics.widgets.shared.figure_view import FigureView
from napari_compressed_transcriptomics.widgets.shared.layouts import stack
from napari_compressed_transcriptomics.widgets.shared.plot_section import PlotSection
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result


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
    canvas = viewer.window._qt_viewer.canvas
    canvas._scene_canvas.events.draw.connect(lambda event: seen.append(axes.visible))
    for _ in view._load():
        assert not (axes.visible and canvas.native.updatesEnabled())  # where Qt draws
    assert True in seen
    assert not axes.visible


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


def test_figures_are_made_laid_out_and_drawn_one_a_turn(model, qtbot, monkeypatch):
    told, page = [], QWidget()
    qtbot.addWidget(page)
    lay_out = ConstrainedLayoutEngine.execute
    monkeypatch.setattr(
        ConstrainedLayoutEngine, "execute", lambda *of: told.append("laid out") or lay_out(*of)
    )
    views = [FigureView(model) for _ in range(3)]
    stack(page, *views)

    def draw(figure, color):
        told.append("made")
        figure.subplots().set_title("$R^2$", color=color)

    for view in views:
        view.canvas.mpl_connect("draw_event", lambda event: told.append("drawn"))
        view.draw(draw)
    turns = QTimer()
    turns.timeout.connect(lambda: told.append("turn"))
    turns.start(0)
    page.show()
    qtbot.waitUntil(lambda: told.count("drawn") == 3)
    assert told.count("made") == told.count("laid out") == 3
    assert all("turn" in pair for pair in pairwise(told))
    views[0].draw(draw)
    assert views[0].figure.axes[0].get_title() == "$R^2$"  # made as soon as it is asked for
    qtbot.waitUntil(lambda: told.count("drawn") == 4)
    assert told.count("made") == 4
    told.clear()
    page.resize(page.width() + 20, page.height() + 20)
    views[0].canvas.grab()  # in its new size at once
    assert told == ["laid out", "drawn"]


def test_a_plot_that_comes_into_a_page_is_drawn_once(model, qtbot):
    drawn, page = [], QWidget()
    qtbot.addWidget(page)
    section = PlotSection("A plot", "plot", FigureView(model))
    stack(page, section)
    section.view.canvas.mpl_connect("draw_event", lambda event: drawn.append(event.canvas.width()))

    def plot(figure, foreground):
        figure.text(0.5, 0.5, "p", color=foreground).get_window_extent()  # measured as it is made

    for width in (400, 420):
        page.hide()
        page.show()
        section.show_plot(plot)
        page.resize(width, 400)  # a scroll bar comes or goes
        settle(30)
    assert len(drawn) == 2
    assert drawn[0] < drawn[1]


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


def test_of_several_layers_only_the_last_is_selected(model, result):
    told = []
    model.layers.selection.events.active.connect(lambda event: told.append(event.value))
    first, *_, last = add_result(model, result, Outputs())
    assert first is not last
    assert set(model.layers.selection) == {last}
    assert [one for one in told if one is not None] == [last]
