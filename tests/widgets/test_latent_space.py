"""The dock Latent space: a mouse in the plot and in the brain, and what each shows of the other."""

import threading

import numpy as np
import pytest
from nibabel.affines import apply_affine
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QToolTip

from clicking import click_at, click_on, drag, hover, settle
from napari_compressed_transcriptomics.viewer import brain_view, layers, selection
from napari_compressed_transcriptomics.viewer.layer_values import values_of_layer
from napari_compressed_transcriptomics.widgets.latent_space import LatentSpace
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import AFFINES, make_phantom
from small import compressed
from viewing import add, value_at

SHIFT = Qt.KeyboardModifier.ShiftModifier


def dock(viewer, qtbot, result):
    """Return the dock with a result to show, drawn."""
    widget = LatentSpace(viewer)
    qtbot.addWidget(widget)
    add(viewer, layers.error_layer(result))
    widget.resize(330, 640)
    widget.show()
    qtbot.waitExposed(widget)
    settle()
    return widget


def places_of(widget):
    """Where all samples' points are on the canvas, in the widget's pixels, shape (n, 2)."""
    components = widget.across.currentIndex(), widget.up.currentIndex()
    points = widget.results.result.latents[:, components]
    x, y = widget.plot.figure.axes[0].transData.transform(points).T
    return np.stack([x, widget.plot.canvas.height() - y], axis=1)


def lasso(widget, samples, modifier=Qt.KeyboardModifier.NoModifier):
    """Drag around the box of some points; return which points lie in it."""
    canvas, places = widget.plot.canvas, places_of(widget)
    chosen = np.rint(places[list(samples)]).astype(int)
    (left, top), (right, bottom) = chosen.min(0) - 4, chosen.max(0) + 4
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 1)]
    drag(canvas, corners, modifier)
    return ((places > (left, top)) & (places < (right, bottom))).all(1)


def named(viewer, name="selected samples"):
    return [layer for layer in viewer.layers if layer.name == name]


def test_a_lasso_selects_and_shows_the_right_voxels(phantom, model, qtbot):
    widget = dock(model, qtbot, compressed(phantom, 3))
    assert not widget.clear.isEnabled()
    inside = lasso(widget, [0, 7])
    assert 2 <= inside.sum() < phantom.n_samples
    np.testing.assert_array_equal(widget.plot.selected, inside)
    (layer,) = named(model)
    found = [value_at(layer, mm) for mm in phantom.parcellation.centroids]
    if phantom.parcellation.affine is not AFFINES["oblique"]:  # resampled: not voxel by voxel
        np.testing.assert_array_equal(found, inside)
        assert layer.data.sum() == inside.sum()
    assert f"{inside.sum()} of {phantom.n_samples} samples selected" in widget.status.text()
    assert model.layers.selection.active is not layer


def test_what_the_first_lasso_needs_is_made_in_a_thread(result, model, qtbot, monkeypatch):
    made = []
    monkeypatch.setattr(selection, "prepare", lambda: made.append(threading.current_thread()))
    dock(model, qtbot, result)
    qtbot.waitUntil(lambda: bool(made))
    assert made[0] is not threading.main_thread()


def test_shift_adds_another_lasso_starts_anew_and_escape_clears(result, model, qtbot):
    widget = dock(model, qtbot, result)
    first = lasso(widget, [0])
    second = lasso(widget, [12], SHIFT)
    np.testing.assert_array_equal(widget.plot.selected, first | second)
    (layer,) = named(model)
    third = lasso(widget, [5])
    np.testing.assert_array_equal(widget.plot.selected, third)
    assert named(model) == [layer]
    QTest.keyClick(widget.plot.canvas, Qt.Key.Key_Escape)
    assert widget.plot.selected is None
    assert not named(model)
    assert "Escape" in widget.status.text()


def test_deleting_the_layer_clears_and_renaming_it_keeps_it(result, model, qtbot):
    widget = dock(model, qtbot, result)
    lasso(widget, [0])
    model.layers.remove("selected samples")
    assert widget.plot.selected is None
    lasso(widget, [0])
    named(model)[0].name = "cluster A"
    lasso(widget, [12])
    assert len(named(model)) == len(named(model, "cluster A")) == 1


def test_a_selection_outlives_the_change_of_compression_but_not_of_data(las, model, qtbot):
    three, two = compressed(las, 3), compressed(las)
    widget = dock(model, qtbot, three)
    inside = lasso(widget, [0, 7])
    add(model, layers.error_layer(two))
    assert widget.results.result is two
    assert widget.up.count() == 2
    np.testing.assert_array_equal(widget.plot.selected, inside)
    add(model, layers.error_layer(compressed(make_phantom(AFFINES["RAS"]), 3)))
    assert widget.plot.selected is None
    assert not named(model)


def test_clicks_lead_from_plot_to_brain_and_back(las, make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    widget = LatentSpace(viewer)
    viewer.window.add_dock_widget(widget, area="right")
    layer = add(viewer, layers.error_layer(compressed(las, 3)))
    viewer.fit_to_view()
    settle()
    for sample in (3, 11):
        click_at(widget.plot.canvas, *places_of(widget)[sample])
        assert session(viewer).pick.sample == sample == widget.plot.marked
        np.testing.assert_allclose(viewer.dims.point[::-1], las.parcellation.centroids[sample])
        assert brain_view.attach(viewer).cells.look().mark.name.endswith(" mm")  # ringed
    assert widget.plot.selected is None  # a click is no lasso
    mm = las.parcellation.centroids[6]
    viewer.dims.set_point(0, mm[2])
    click_on(viewer, layer, mm)
    assert widget.plot.marked == 6
    before = widget.plot.marked
    QTest.keyClick(widget.plot.canvas, Qt.Key.Key_Right)
    result = widget.results.result
    if widget.plot.marked != before:
        assert result.latents[widget.plot.marked, 0] > result.latents[before, 0]
    else:
        QTest.keyClick(widget.plot.canvas, Qt.Key.Key_Left)
        assert result.latents[widget.plot.marked, 0] < result.latents[before, 0]
    assert session(viewer).pick.sample == widget.plot.marked != before


def test_a_pick_in_other_data_marks_the_sample_that_lies_there(phantom, model, qtbot):
    other = make_phantom(AFFINES["RAS"])
    widget = dock(model, qtbot, compressed(phantom, 3))
    parcellation = phantom.parcellation
    for sample in range(other.n_samples):
        session(model).look_at(other.parcellation, sample)
        mm = other.parcellation.centroids[sample]
        away = np.abs((parcellation.centroids - mm) @ np.linalg.inv(parcellation.affine[:3, :3]).T)
        distance = away.max(1)  # in voxels
        if widget.plot.marked is None:
            assert distance.min() >= 0.5 - 1e-6
        else:
            assert distance[widget.plot.marked] <= 0.5 + 1e-6


def test_the_selection_is_seen_in_2d_in_the_grid_and_in_3d(las, make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    widget = LatentSpace(viewer)
    viewer.window.add_dock_widget(widget, area="right")
    layer = add(viewer, layers.error_layer(compressed(las, 3)))
    layer.colormap = "gray"
    viewer.fit_to_view()
    settle()
    inside = lasso(widget, range(las.n_samples))
    assert inside.all()

    def pink():
        settle()
        red, green, blue = viewer.screenshot(flash=False)[..., :3].astype(int).transpose(2, 0, 1)
        return int(((red > green + 60) & (blue > green + 60)).sum())

    viewer.dims.set_point(0, las.parcellation.centroids[0][2])
    counts = [pink()]
    viewer.canvas.grid.enabled = True
    counts.append(pink())
    viewer.canvas.grid.enabled = False
    viewer.dims.ndisplay = 3
    viewer.canvas.overlays.axes.visible = False  # one of them is pink, too
    counts.append(pink())
    assert min(counts) > 200, counts
    QTest.keyClick(widget.plot.canvas, Qt.Key.Key_Escape)
    assert pink() == 0


def test_components_are_chosen_with_the_keyboard(result, model, qtbot):
    widget = dock(model, qtbot, result)
    QTest.keyClick(widget.across, Qt.Key.Key_3)
    axes = widget.plot.figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("component 3", "component 2")
    low, high = axes.get_xlim()
    assert low < result.latents[:, 2].min() < result.latents[:, 2].max() < high


def wheel(widget, place, up, modifier):
    """Turn the mouse wheel by a notch at a place (pixels) of a widget."""
    at, notch = QPointF(*place), QPoint(0, 120 if up else -120)
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    where = at, widget.mapToGlobal(at)
    turn = QWheelEvent(*where, QPoint(), notch, none, modifier, phase, False)
    QApplication.sendEvent(widget, turn)


def limits(widget):
    axes = widget.plot.figure.axes[0]
    return np.array([axes.get_xlim(), axes.get_ylim()])


def test_wheel_and_keys_zoom_and_colours_leave_it_as_it_is(result, model, qtbot):
    widget = dock(model, qtbot, result)
    canvas, whole = widget.plot.canvas, limits(widget)
    at = places_of(widget)[3]
    wheel(canvas, at, True, Qt.KeyboardModifier.NoModifier)
    np.testing.assert_array_equal(limits(widget), whole)  # it scrolls the dock
    wheel(canvas, at, True, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_allclose(np.ptp(limits(widget), 1), 0.8 * np.ptp(whole, 1), rtol=1e-6)
    np.testing.assert_allclose(places_of(widget)[3], at, atol=0.5)  # about what is pointed at
    zoomed = limits(widget)
    widget.color.setCurrentIndex(2)
    widget.plot.redraw()
    np.testing.assert_array_equal(limits(widget), zoomed)
    wheel(canvas, at, False, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_allclose(limits(widget), whole, rtol=1e-6)
    middle = whole.mean(axis=1)
    for key, width in ((Qt.Key.Key_Plus, 0.8), (Qt.Key.Key_Minus, 1)):
        QTest.keyClick(canvas, key)
        np.testing.assert_allclose(limits(widget).mean(axis=1), middle, atol=1e-6)
        np.testing.assert_allclose(np.ptp(limits(widget), 1), width * np.ptp(whole, 1), rtol=1e-6)
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    QTest.keyClick(canvas, Qt.Key.Key_0)
    np.testing.assert_array_equal(limits(widget), whole)


def test_a_point_says_its_name_and_value_and_nothing_between_points(
    result, model, qtbot, monkeypatch
):
    widget = dock(model, qtbot, result)
    said = []
    monkeypatch.setattr(QToolTip, "showText", lambda place, text, canvas: said.append(text))
    places = places_of(widget)
    hover(widget.plot.canvas, places[3])
    name, error = result.expression.samples[3], result.rmse_samples[3]
    assert said[-1] == f"{name}\nRMSE over genes: {error:.4g}"
    away = np.float64([3, 3])
    assert np.linalg.norm(places - away, axis=1).min() > 20
    hover(widget.plot.canvas, away)
    assert said[-1] == ""
    drag(widget.plot.canvas, [(3, 3), (12, 3), (12, 12), (3, 12)])  # around no point
    assert widget.plot.selected is None
    click_at(widget.plot.canvas, 3, 3)
    assert widget.plot.marked is None


def legend(widget):
    return [text.get_text() for text in widget.plot.figure.texts]


@pytest.mark.parametrize(("row", "title"), [(1, "original"), (2, "reconstructed")])
def test_a_gene_colours_when_it_is_typed(row, title, result, model, qtbot):
    widget = dock(model, qtbot, result)
    assert "RMSE" in legend(widget)[0]
    for _ in range(row):
        QTest.keyClick(widget.color, Qt.Key.Key_Down)
    QTest.keyClicks(widget.color.gene, "xyz")
    QTest.keyClick(widget.color.gene, Qt.Key.Key_Return)
    assert "no gene “xyz”" in widget.status.text()
    widget.color.gene.clear()
    QTest.keyClicks(widget.color.gene, "nat1")
    QTest.keyClick(widget.color.gene, Qt.Key.Key_Return)
    assert legend(widget)[0] == f"NAT1, {title} expression"
    gene = result.expression.values[:, 2] if row == 1 else result.gene("NAT1")
    assert legend(widget)[1] == f"{np.percentile(gene, 1):.3g}"


def test_a_labels_layer_and_an_image_layer_colour(result, model, qtbot):
    widget = dock(model, qtbot, result)
    labels = np.zeros((60, 60, 60), np.int32)
    labels[:, :, :30], labels[:, :, 30:] = 1, 2
    space = {"scale": (1, 1, 1), "translate": (-30, -30, -30), "units": ("mm",) * 3}
    names = {"index": [1, 2], "name": ["left", "right"]}
    model.add_labels(labels, name="halves", features=names, **space)
    model.add_image(np.random.default_rng(0).random((60, 60, 60)), name="PET", **space)
    lasso(widget, [0])
    choices = [widget.color.itemText(i) for i in range(widget.color.count())]
    assert choices[-2:] == ["halves", "PET"]  # and not the selection
    widget.color.setCurrentText("halves")
    assert set(legend(widget)[1:]) == {"left", "right"}
    widget.color.setCurrentText("PET")
    assert legend(widget)[0] == "PET"
    model.layers.remove("PET")
    assert widget.color.currentText() == "Error (RMSE)"


@pytest.mark.parametrize("name", AFFINES)
def test_an_image_is_averaged_where_it_lies(name, model):
    """Its value is its x in mm, but for its posterior half, which is background."""
    parcellation = make_phantom(AFFINES[name]).parcellation
    shape, affine = (61, 55, 59), np.diag([1.0, 1, 1, 1])
    affine[:3, 3] = (-32, -27, -29)
    world = apply_affine(affine, np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1))
    data = np.where(world[..., 1] > 0, world[..., 0] + 100, 0)
    data[[0, -1]] = data[:, [0, -1]] = data[:, :, [0, -1]] = 0
    layer = model.add_image(data.T, translate=affine[2::-1, 3], units=("mm",) * 3)
    values = values_of_layer(layer, parcellation)
    centre = parcellation.centroids
    within = (np.abs(centre) < 22).all(1)
    in_front, behind = within & (centre[:, 1] > 4), within & (centre[:, 1] < -4)
    assert in_front.any() or behind.any()
    np.testing.assert_allclose(values[in_front] - 100, centre[in_front, 0], atol=0.6)
    assert np.isnan(values[behind]).all()


def test_layers_of_the_same_samples_give_their_values_and_stacks_follow_the_slider(
    result, model, qtbot
):
    widget = dock(model, qtbot, result)
    layer = add(model, layers.latent_layers(result)[0])
    widget.color.setCurrentText(layer.name)
    for component in (1, 2):
        model.dims.set_point(0, component + 1)
        values = values_of_layer(layer, result.expression.parcellation, component)
        np.testing.assert_array_equal(values, result.latents[:, component])
        assert legend(widget)[0].endswith(f"component {component + 1}")


def test_without_a_result_it_says_what_to_do(model, qtbot):
    widget = LatentSpace(model)
    qtbot.addWidget(widget)
    assert "Compress" in widget.status.text()
    assert not widget.across.isEnabled()


def test_the_viewer_outlives_the_dock(result, model, qtbot):
    widget = LatentSpace(model)
    layer = add(model, layers.error_layer(result))
    widget.deleteLater()
    with qtbot.waitSignal(widget.destroyed):
        pass
    layer.data = layer.data
    model.dims.set_point(0, 0)
    model.theme = "light"
    model.layers.remove(layer)
