"""Dock Compare two results, as a person uses it."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import activate, click_row, press, settle, show_tab, stand_alone
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.reconstruction.difference import compare_results
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.compare_results import CompareResults
from napari_compressed_transcriptomics.widgets.shared.session import session
from small import compressed
from viewing import add


@pytest.fixture(scope="module")
def results(brain):
    return [compressed(brain, k) for k in (2, 8)]


@pytest.fixture
def dock(model, qtbot):
    return stand_alone(CompareResults(model), qtbot)


def halves(viewer, dock, brain, qtbot):
    """Add the left and the right half as a Labels layer, as an atlas would be."""
    labels = np.zeros(brain.parcellation.labels.shape, np.int32)
    right = brain.parcellation.centroids[:, 0] > 0
    voxels = np.argwhere(brain.parcellation.labels)
    of_sample = brain.parcellation.labels[tuple(voxels.T)] - 1
    labels[tuple(voxels.T)] = np.where(right[of_sample], 2, 1)
    what = layers.samples_layer(brain, np.zeros(brain.n_samples), "rmse", "place")
    view = {name: what[1][name] for name in ("scale", "translate", "units", "axis_labels")}
    from napari_compressed_transcriptomics.viewer.image_space import ImageSpace

    placed = ImageSpace(labels.shape, brain.parcellation.affine).to_viewer(labels)
    names = {"index": [1, 2], "name": ["left", "right"]}
    viewer.add_labels(np.ascontiguousarray(placed), features=names, name="halves", **view)
    # The dock waits a moment for further edits of the labels.
    qtbot.waitUntil(lambda: dock.by_region.model.rowCount() == 2)
    settle()


def column(dock, table, number):
    model = table.model
    return [model.data(model.index(row, number)) for row in range(model.rowCount())]


def test_a_stays_and_a_new_result_becomes_b(model, dock, results):
    assert not dock.show_layer.isEnabled()
    assert "Run Compress twice" in dock.summary.text()
    add(model, layers.error_layer(results[0]))
    assert "same result" in dock.summary.text()
    add(model, layers.error_layer(results[1]))
    assert dock.first.result is results[0]
    assert dock.second.result is results[1]
    two = compare_results(*results)
    assert dock.summary.text() == "\n".join(two.lines)
    assert dock.show_layer.isEnabled()


def test_the_layer_is_blue_where_b_is_better_and_is_no_result_itself(model, dock, results):
    for result in results:
        add(model, layers.error_layer(result))
    press(dock.show_layer)
    layer = model.layers[-1]
    assert layer.name == "blue: PCA k=8 better than PCA k=2 (in-sample RMSE)"
    low, high = layer.contrast_limits
    assert low == -high
    attach(model).show_side_by_side()
    assert attach(model).cells.look().cells[-1].text.title == layer.name
    np.testing.assert_array_equal(
        shown(layer).values, results[1].rmse_samples - results[0].rmse_samples
    )
    red, _, blue = layer.colormap.map(np.array([0.1]))[0, :3]
    assert blue > red
    assert dock.second.count() == 2


def test_a_click_on_a_region_goes_where_the_two_differ_most(model, dock, brain, results, qtbot):
    for result in results:
        add(model, layers.error_layer(result))
    assert "Labels layer" in dock.by_region.count.text()
    halves(model, dock, brain, qtbot)
    assert sorted(column(dock, dock.by_region, 0)) == ["left", "right"]
    right = brain.parcellation.centroids[:, 0] > 0
    expected = [np.sqrt(np.square(r.rmse_samples[right]).mean()) for r in results]
    row = column(dock, dock.by_region, 0).index("right")
    assert int(column(dock, dock.by_region, 4)[row]) == right.sum()
    for number, value in zip((1, 2, 3), (*expected, expected[1] - expected[0]), strict=True):
        assert float(column(dock, dock.by_region, number)[row]) == pytest.approx(value, abs=1e-3)

    click_row(dock.by_region.table, row)
    two = compare_results(*results)
    most = np.flatnonzero(right)[np.abs(two.difference[right]).argmax()]
    assert session(model).pick.sample == most
    np.testing.assert_allclose(model.dims.point[::-1], brain.parcellation.centroids[most])


def test_genes_are_searched_sorted_and_saved(model, dock, results, tmp_path, answer):
    for result in results:
        add(model, layers.error_layer(result))
    show_tab(dock.tabs, "By gene")
    differences = [float(text) for text in column(dock, dock.by_gene, 3)]
    assert differences == sorted(differences)
    gene = results[0].expression.genes[7]
    QTest.keyClicks(dock.by_gene.search, gene)
    assert gene in column(dock, dock.by_gene, 0)
    path = answer(tmp_path / "genes.csv")
    press(dock.save)
    assert path.read_text().splitlines()[0] == "gene,rmse_a,rmse_b,difference"
    assert len(path.read_text().splitlines()) == 41


def test_other_data_is_off_with_the_reason(model, dock, brain, results):
    add(model, layers.error_layer(results[0]))
    labels = brain.parcellation
    other = replace(
        brain, parcellation=Parcellation(labels.labels.copy(), labels.affine), name="second brain"
    )
    add(model, layers.error_layer(reconstruct(results[1].codec, other)))
    assert not dock.show_layer.isEnabled()
    assert not dock.save.isEnabled()
    assert "other data (second brain)" in dock.summary.text()
    assert dock.by_gene.model.rowCount() == 0


def test_it_is_used_with_the_keyboard_alone(make_napari_viewer, brain, results, qtbot):
    viewer = make_napari_viewer(show=True)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare two results")
    for result in results:
        add(viewer, layers.error_layer(result))
    halves(viewer, dock, brain, qtbot)
    activate(viewer)
    dock.by_region.search.setFocus()
    QTest.keyClick(dock.by_region.search, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: session(viewer).pick is not None)
    first = session(viewer).pick.sample
    QTest.keyClick(dock.by_region.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: session(viewer).pick.sample != first)
    before = len(viewer.layers)
    QTest.keyClick(dock.by_region.table, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: len(viewer.layers) == before + 1)  # the button shows that it is pressed
