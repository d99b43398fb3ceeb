"""The tab Overall, used as a person does: click a region, press arrows, save, change the result."""

import threading

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import small
from clicking import all_answered, click_at, click_on, hover, press, settle, stand_alone
from data import real_expression
from napari_compressed_transcriptomics.core.synthetic import synthetic_regions
from napari_compressed_transcriptomics.io import Volume
from napari_compressed_transcriptomics.viewer.layers import error_layer, volume_layer
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.inspect import overall_tab as module
from napari_compressed_transcriptomics.widgets.inspect.overall_tab import OverallTab
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.session import session
from viewing import add


@pytest.fixture(scope="module")
def compressed(brain):
    return [small.compressed(brain, k) for k in (2, 8)]


@pytest.fixture(scope="module")
def atlas(brain):
    """Twelve regions, with names."""
    table = synthetic_regions(brain, 12)
    parts = table.parcellation
    names = dict(enumerate(table.samples, 1))
    return Volume(parts.labels, parts.affine, "labels", "atlas", None, names=names)


@pytest.fixture
def tab(model, qtbot):
    return stand_alone(OverallTab(model, ResultChoice(model)), qtbot, 340, 800)


def drawn(qtbot, tab):
    """Wait until all plots are there and painted."""
    qtbot.waitUntil(lambda: bool(tab.density.view.figure.axes))
    qtbot.waitUntil(lambda: tab.by_region.dots._plain is not None)
    settle()


def said(section):
    return "\n".join(
        artist.get_text()
        for artist in section.view.figure.findobj(lambda artist: hasattr(artist, "get_text"))
    )


def names(tab):
    axes = tab.by_region.dots.figure.axes  # none until the plot is drawn
    return [label.get_text() for label in axes[0].get_yticklabels()] if axes else []


def click_region(tab, row):
    dots = tab.by_region.dots
    tab.column.ensureWidgetVisible(dots.canvas)
    QApplication.processEvents()
    click_at(dots.canvas, 60, dots.middle_of(row))


def regions_by_error(result, atlas):
    """Names of the regions, worst first, and the voxels of each, found without our code."""
    where = result.expression.parcellation.labels
    region = atlas.data[where > 0][np.argsort(where[where > 0])]
    rmse = {
        name: np.sqrt(np.mean(result.rmse_samples[region == label] ** 2))
        for label, name in atlas.names.items()
    }
    order = sorted(rmse, key=rmse.get, reverse=True)
    label_of = {name: label for label, name in atlas.names.items()}
    return [(name, np.flatnonzero(region == label_of[name])) for name in order]


def test_everything_of_a_result_is_shown(tab, model, compressed, atlas, qtbot):
    assert "Run Compress" in tab.summary.text()
    result = compressed[0]
    add(model, volume_layer(atlas))
    add(model, error_layer(result))
    drawn(qtbot, tab)
    assert f"RMSE {result.rmse:.4f}" in tab.summary.text()
    assert f"R² {result.r2:.3f}" in tab.summary.text()
    assert f"{result.expression.n_samples:,} samples × 40 genes" in tab.summary.text()
    assert "units of the data" in tab.summary.toolTip()
    assert f"RMSE {result.rmse:.4f}" in said(tab.density)
    assert f"{np.median(result.rmse_samples):.4f}" in said(tab.histogram)
    expected = [f"{name} ({len(at)})" for name, at in regions_by_error(result, atlas)]
    assert names(tab) == expected


def test_no_plot_is_wider_than_the_dock(tab, model, compressed, atlas, qtbot):
    add(model, volume_layer(atlas))
    add(model, error_layer(compressed[0]))
    drawn(qtbot, tab)
    tab.resize(tab.minimumSizeHint().width(), 500)
    settle()  # plots are drawn one a turn
    assert tab.width() <= 340
    assert tab.column.widget().width() <= tab.column.viewport().width()
    for section in (tab.density, tab.histogram, tab.by_region.section):
        figure = section.view.figure
        box = figure.get_tightbbox()
        assert box.x0 > -0.02
        assert box.x1 < figure.get_figwidth() + 0.02


def test_a_click_on_a_region_goes_to_its_worst_sample(tab, model, compressed, atlas, qtbot):
    result = compressed[0]
    add(model, volume_layer(atlas))
    add(model, error_layer(result))
    drawn(qtbot, tab)
    click_region(tab, 2)
    _, members = regions_by_error(result, atlas)[2]
    worst = members[result.rmse_samples[members].argmax()]
    pick = session(model).pick
    assert pick.sample == worst
    place = result.expression.parcellation.centroids[worst]
    np.testing.assert_allclose(model.dims.point[-3:], place[::-1])
    assert tab.by_region.dots.marked == 2


def test_arrow_keys_walk_through_the_regions(tab, model, compressed, atlas, qtbot):
    add(model, volume_layer(atlas))
    add(model, error_layer(compressed[0]))
    drawn(qtbot, tab)
    dots, ordered = tab.by_region.dots, regions_by_error(compressed[0], atlas)
    for key, row in (("Down", 0), ("Down", 1), ("Up", 0), ("End", 11), ("Down", 11), ("Home", 0)):
        QTest.keyClick(dots.canvas, getattr(Qt.Key, f"Key_{key}"))
        assert dots.marked == row
        assert session(model).pick.sample in ordered[row][1]
        y = dots.canvas.mapTo(tab.column.viewport(), QPoint(0, dots.middle_of(row))).y()
        assert 0 <= y <= tab.column.viewport().height()


def test_a_row_says_its_full_name_and_numbers(tab, model, compressed, atlas, qtbot):
    add(model, volume_layer(atlas))
    add(model, error_layer(compressed[0]))
    drawn(qtbot, tab)
    dots = tab.by_region.dots
    hover(dots.canvas, (80, dots.middle_of(3)))
    name, members = regions_by_error(compressed[0], atlas)[3]
    assert dots.canvas.toolTip().startswith(f"{name}\nRMSE ")
    assert f"samples: {len(members)}" in dots.canvas.toolTip()


def test_a_click_in_the_brain_marks_its_region(make_napari_viewer, compressed, atlas, qtbot):
    viewer = make_napari_viewer(show=True)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Inspect reconstruction")
    tab = dock.findChild(OverallTab)
    dock.tabs.setCurrentWidget(tab)
    result = compressed[0]
    add(viewer, volume_layer(atlas)).visible = False
    layer = add(viewer, error_layer(result))
    drawn(qtbot, tab)
    ordered = regions_by_error(result, atlas)
    for row in (5, 1):
        place = result.expression.parcellation.centroids[ordered[row][1][0]]
        viewer.dims.set_point(0, place[2])
        click_on(viewer, layer, place)
        assert tab.by_region.dots.marked == row
    click_region(tab, 3)
    assert session(viewer).pick.sample in ordered[3][1]


def test_plots_leave_the_mouse_wheel_to_the_dock(tab, model, compressed, qtbot):
    """Qt hands a wheel event that is not accepted to the dock, which scrolls."""
    add(model, error_layer(compressed[0]))
    canvas = tab.histogram.view.canvas
    middle = QPointF(canvas.rect().center())
    wheel = QWheelEvent(
        middle, QPointF(canvas.mapToGlobal(middle.toPoint())), QPoint(0, -120), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, wheel)
    assert not wheel.isAccepted()


def test_another_result_leaves_nothing_of_the_one_before(
    tab, model, compressed, atlas, qtbot, monkeypatch
):
    """The first is still being counted when the second is chosen, and ends after it."""
    go_on = threading.Event()
    count = module.density_of

    def slow(result, report):
        if result is compressed[0]:
            go_on.wait(20)
        return count(result, report=report)

    monkeypatch.setattr(module, "density_of", slow)
    add(model, volume_layer(atlas))
    add(model, error_layer(compressed[0]))
    assert tab.density.note.text() == "Counting…"
    add(model, error_layer(compressed[1]))
    drawn(qtbot, tab)
    go_on.set()
    all_answered()
    assert f"RMSE {compressed[1].rmse:.4f}" in said(tab.density)
    assert f"RMSE {compressed[1].rmse:.4f}" in tab.summary.text()
    assert names(tab)[0].startswith(regions_by_error(compressed[1], atlas)[0][0])

    QTest.keyClick(tab._chosen, Qt.Key.Key_Up)  # back to the first
    assert not tab.density.view.figure.axes
    assert f"RMSE {compressed[0].rmse:.4f}" in tab.summary.text()
    drawn(qtbot, tab)
    assert f"RMSE {compressed[0].rmse:.4f}" in said(tab.density)
    model.layers.clear()  # which takes no result away
    assert f"RMSE {compressed[0].rmse:.4f}" in tab.summary.text()
    for result in compressed:
        session(model).work.remove(result)
    assert "Run Compress" in tab.summary.text()
    assert not any(s.view.figure.axes for s in (tab.density, tab.histogram, tab.by_region.section))


def test_nothing_is_counted_while_nobody_looks(tab, model, compressed, qtbot, monkeypatch):
    asked = []
    count = module.density_of

    def counted(result, report):
        asked.append(0)
        return count(result, report=report)

    monkeypatch.setattr(module, "density_of", counted)
    tab.hide()
    add(model, error_layer(compressed[0]))
    settle()
    all_answered()
    assert not asked
    tab.show()
    qtbot.waitUntil(lambda: bool(tab.density.view.figure.axes))
    assert asked == [0]


def test_voxels_without_a_label_layer_say_what_to_do(tab, model, compressed, atlas, qtbot):
    add(model, error_layer(compressed[0]))
    section = tab.by_region.section
    assert "Labels layer" in section.note.text()
    assert not section.save.isEnabled()
    half = add(model, volume_layer(atlas))
    qtbot.waitUntil(lambda: len(names(tab)) == 12)
    half.data = np.where(half.data == 1, 0, half.data)
    qtbot.waitUntil(lambda: len(names(tab)) == 11)
    assert "lie in no region" in section.note.text()


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_plot_is_saved_as_its_ending_says(
    ending, tab, model, compressed, qtbot, tmp_path, answer
):
    path = answer(tmp_path / f"plot.{ending}")
    add(model, error_layer(compressed[0]))
    qtbot.waitUntil(tab.density.save.isEnabled)
    press(tab.density.save)
    assert path.stat().st_size > 1000


def test_a_wrong_ending_is_one_sentence(tab, model, compressed, qtbot, tmp_path, told, answer):
    answer(tmp_path / "plot.docx")
    add(model, error_layer(compressed[0]))
    press(tab.histogram.save)
    assert "plot.docx does not end in .png" in told[0].message
    assert not list(tmp_path.iterdir())


def test_of_a_real_table_the_rows_are_the_regions(tab, model, qtbot):
    table = real_expression("ahba_schaefer100")
    result = small.compressed(table, 4)
    add(model, error_layer(result))
    drawn(qtbot, tab)
    assert len(names(tab)) == 40
    assert "worst 40 of 114" in said(tab.by_region.section)
    click_at(tab.by_region.all_regions, 8, 8)
    drawn(qtbot, tab)
    assert len(names(tab)) == 114
    worst = int(result.rmse_samples.argmax())
    assert names(tab)[0] == table.samples[worst].removeprefix("7Networks_")
    click_region(tab, 0)
    assert session(model).pick.sample == worst
