"""Cells in the viewer: they agree with napari's, say what they show, and leave nothing behind."""

import gc
from dataclasses import replace
from weakref import ref

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint
from qtpy.QtGui import QCursor, QHelpEvent
from qtpy.QtWidgets import QToolTip, QWidget

from clicking import end_threads, settle
from napari_compressed_transcriptomics.core.brain_space import NLIN6, record_space
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells.camera import box_of
from napari_compressed_transcriptomics.viewer.cells.captions import numbers
from napari_compressed_transcriptomics.viewer.cells.picture import _tooltips
from napari_compressed_transcriptomics.viewer.cells.seen import groups_of
from napari_compressed_transcriptomics.viewer.cells.slices import SlicePicture
from napari_compressed_transcriptomics.viewer.selection import NAME, show_selection
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from phantom import make_phantom
from small import compressed
from viewing import add


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 3)


@pytest.fixture
def window(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1000, 640)
    return viewer


def test_cells_are_napari_s(window, result):
    """Layouts agree with the real viewboxes, and places in mm with where napari draws them."""
    cells = attach(window).cells
    add_expression(window, result.expression)
    add_result(window, result, Outputs(separate=True))
    attach(window).turns.finish()
    settle()
    window.screenshot(flash=False)
    canvas = window.window._qt_viewer.canvas
    seen = cells.look()
    assert len(seen.cells) == 5
    mm = np.array([10.0, -20.0, 30.0])
    cells.mark(mm, "here")
    window.dims.set_point(0, 10)
    for cell, view in zip(seen.cells, canvas.grid_views, strict=False):
        x, y = view.transform.translate[:2]
        rect = cell.layout.cell
        assert (x, y, *view.rect.size) == pytest.approx((rect.x, rect.y, rect.width, rect.height))
        displayed = mm[list(window.dims.displayed)]
        at = view.scene.node_transform(canvas._scene_canvas.scene).map(displayed[::-1])
        mark = cells.look().mark
        expected = rect.middle[0] + mark.x, rect.middle[1] + mark.y
        np.testing.assert_allclose(at[:2] / at[3], expected, atol=0.5)
    grid = window.canvas.grid
    found = [found for _, found in grid.iter_viewboxes(window.layers) if found]
    ours = [tuple(window.layers.index(layer) for layer in group) for group in groups_of(window)]
    assert ours == found


def test_the_words_of_a_cell_have_its_tooltip_and_its_brain_has_none(model, result):
    cells = attach(model).cells
    add_result(model, result, Outputs(separate=True))
    attach(model).turns.finish()
    seen = cells.look()
    assert len({cell.text.tooltip for cell in seen.cells}) == len(seen.cells) > 2
    for cell in seen.cells:
        for words in (cell.layout.title, cell.layout.bar, cell.layout.caption):
            if words is not None:
                assert seen.tooltip_at(*words.middle) == cell.text.tooltip
        assert seen.tooltip_at(*cell.layout.brain.middle) == ""


def test_a_tooltip_is_shown_where_the_mouse_is(qtbot, monkeypatch):
    canvas, shown = QWidget(), []
    qtbot.addWidget(canvas)
    kept = _tooltips(canvas, lambda x, y: f"at {x}, {y}" if x > 0 else "")
    monkeypatch.setattr(QToolTip, "showText", lambda here, words, _: shown.append(words))
    help_asked = QHelpEvent(QEvent.Type.ToolTip, QPoint(9, 9), QPoint(9, 9))
    for place in (QPoint(4, 5), QPoint(-1, 5)):
        monkeypatch.setattr(QCursor, "pos", lambda place=place: canvas.mapToGlobal(place))
        assert kept.eventFilter(canvas, help_asked) == (place.x() > 0)
    assert not kept.eventFilter(canvas, QEvent(QEvent.Type.Paint))
    assert shown == ["at 4, 5"]


def test_brains_fit_again_when_the_canvas_changes_but_not_what_was_zoomed(window, result):
    attach(window)
    add(window, layers.error_layer(result))
    settle()
    camera = window.scene.camera
    before = camera.zoom
    window.window.resize(700, 420)
    settle(10)
    assert camera.zoom < 0.9 * before
    camera.zoom = zoomed = 3.0
    window.window.resize(1000, 640)
    settle(10)
    assert camera.zoom == zoomed


def test_another_brain_fits_in_3d_after_one_that_was_taken_away(model, brain):
    cells = attach(model).cells
    add_expression(model, brain)
    model.dims.ndisplay = 3
    model.layers.clear()
    model.dims.ndisplay = 2
    model.fit_to_view()  # as napari does in a window
    moved = brain.parcellation.affine + np.array([[0, 0, 0, 300.0]] * 3 + [[0] * 4])
    add_expression(model, replace(brain, parcellation=replace(brain.parcellation, affine=moved)))
    model.dims.ndisplay = 3
    assert model.scene.camera.center == pytest.approx(box_of(model).mean(axis=0), abs=20)
    assert cells._fitted[3]


def test_the_whole_brain_of_the_template_fits_though_samples_lie_in_a_part_of_it(model):
    """Else its brainstem would be cut off below."""
    from napari_compressed_transcriptomics.viewer.anatomy.template import _ORIGIN, mni152

    inside = np.argwhere(mni152()[1])
    brain = np.array([inside.min(0), inside.max(0)]) + _ORIGIN
    grid = np.zeros((91, 109, 91), bool)
    grid[40:60, 30:50, 50:60] = True
    affine = np.array([(-2.0, 0, 0, 90), (0, 2, 0, -126), (0, 0, 2, -72), (0, 0, 0, 1)])
    place = Parcellation.from_mask(grid, affine)
    values = np.linspace(0, 1, 2 * place.n_samples, dtype=np.float32).reshape(-1, 2)
    names = tuple(map(str, range(place.n_samples)))
    expression = Expression(values, ("A", "B"), names, place)
    add_expression(model, expression)
    assert np.ptp(box_of(model), axis=0).tolist() == [20, 40, 40]
    record_space(expression.source, NLIN6)
    assert np.abs(box_of(model) - brain).max() <= 0.5
    model.dims.ndisplay = 3
    assert np.ptp(box_of(model), axis=0).tolist() == [20, 40, 40]


def test_axes_are_shown_where_they_lie_over_no_brain(model, result):
    view = attach(model)
    add(model, layers.error_layer(result))
    model.dims.ndisplay = 3
    for size, seen in (((700, 900), True), ((640, 330), True), ((180, 340), False)):
        model.canvas.size = size
        assert model.canvas.overlays.axes.visible == seen, size
    model.canvas.size = (700, 900)
    add(model, layers.expression_layer(result.expression))
    view.show_side_by_side()
    assert not model.canvas.overlays.axes.visible


def test_napari_s_own_grid_is_laid_out_as_ours(model, result):
    add(model, layers.error_layer(result))
    add(model, layers.expression_layer(result.expression))
    attach(model)
    model.canvas.grid.enabled = True
    seen = attach(model).cells.look()
    assert [cell.text.title for cell in seen.cells] == [layer.name for layer in model.layers]
    room = seen.cells[0].layout.brain
    box = np.ptp(result.expression.parcellation.centroids, axis=0) + 16
    assert box[1] * model.scene.camera.zoom <= room.height
    assert box[0] * model.scene.camera.zoom <= room.width


def test_a_renamed_layer_still_tells_its_gene(model):
    expression = make_phantom()
    layer = add_expression(model, expression)
    attach(model).show_side_by_side()
    layer.name = "mine"
    layers.show_gene(layer, "TP53")
    (cell,) = attach(model).cells.look().cells
    assert cell.text.title == "mine: TP53"
    assert cell.text.captions[0].startswith("expression (units of the data)")


def test_bars_have_numbers_at_both_ends_and_say_what_lies_beyond(model, result):
    layer = add(model, layers.error_layer(result))
    attach(model)
    layer.contrast_limits = (0, float(np.median(result.rmse_samples)))
    (cell,) = attach(model).cells.look().cells
    assert cell.text.bar.numbers == (0, pytest.approx(layer.contrast_limits[1]))
    assert cell.text.bar.above == pytest.approx(0.5, abs=0.01)
    assert "50% beyond" in cell.text.captions[0]
    assert cell.text.captions[-1] == "RMSE"  # what it is comes before how much is beyond
    assert "of samples lie above" in cell.text.tooltip


def test_a_selection_is_seen_in_every_cell_and_takes_none(window, result):
    add(window, layers.error_layer(result))
    add(window, layers.expression_layer(result.expression))
    view = attach(window)
    view.show_side_by_side()
    settle()
    window.dims.set_point(0, result.expression.parcellation.centroids[40][2])
    everything = np.ones(result.expression.n_samples, bool)
    selected = show_selection(window, result.expression.parcellation, everything)
    settle()
    assert window.canvas.grid.actual_shape(window.layers) == (1, 2)
    picture = window.screenshot(flash=False)[..., :3].astype(int)
    magenta = (picture[..., 0] > 150) & (picture[..., 1] < 130) & (picture[..., 2] > 150)
    assert all(half.any() for half in np.array_split(magenta.any(axis=0), 2))
    view.show_in_one()
    assert selected.visible
    assert window.layers[NAME] is selected


def test_numbers_of_a_bar_are_told_to_what_it_shows():
    assert numbers((-1.2, 0.00409, 1.2)) == ["−1.2", "0", "1.2"]
    assert numbers((-7.97, -0.467, 7.03)) == ["−7.97", "−0.5", "7.03"]
    assert numbers((0.0111, 0.0135)) == ["0.0111", "0.0135"]
    assert numbers((-76.8, -1.83, 73.2)) == ["−76.8", "−2", "73.2"]
    assert numbers((0.5, 0.5, 0.5)) == ["0.5", "0.5", "0.5"]


def test_what_lies_under_maps_shines_through_outside_them(window, result):
    class Green:
        def slice(self, axis, mm):
            rgba = np.full((400, 400, 4), (0, 255, 0, 255), np.uint8)
            return SlicePicture(rgba, np.array([-200.0, -200.0]), np.array([1.0, 1.0]))

    view = attach(window)
    add(window, layers.error_layer(result))
    view.show_side_by_side()
    shares = []
    for shared in (False, True):
        if shared:
            view.cells.draw("green", Green(), under=True)
        settle()
        picture = window.screenshot(flash=False)[..., :3].astype(int)
        green = (picture[..., 1] > 250) & (picture[..., 0] < 5) & (picture[..., 2] < 5)
        shares.append(green.mean())
    assert shares[0] < 0.01
    assert 0.2 < shares[1] < 0.95  # but not over the brain


def test_results_come_and_go_and_leave_nothing(window, brain):
    """With a grid on, all is deleted and run again: no error, and no result is kept alive."""
    add_expression(window, brain)
    results = []
    for k in (2, 3):
        made = compressed(brain, k)
        results.append(ref(made))
        add_result(window, made, Outputs())
        del made
        attach(window).turns.finish()
        settle()
        assert window.canvas.grid.enabled
        window.layers[:] = [layer for layer in window.layers if layer.name.startswith("synthetic")]
        settle()
    end_threads()  # which may hold the last one still
    gc.collect()
    assert [found() for found in results] == [None] * 2
    window.layers.clear()
    add_result(window, compressed(brain, 2), Outputs())
    attach(window).turns.finish()
    settle()
    assert len(attach(window).cells.look().cells) == 2
