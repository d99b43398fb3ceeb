"""Genes as a person browses them: search, sort and walk, and the viewer compares."""

import csv

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import (
    click_header,
    click_on,
    click_row,
    focus,
    press,
    settle,
    show_tab,
    take_keyboard,
)
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.compress import Outputs, add_result
from napari_compressed_transcriptomics.widgets.inspect import overall_tab
from napari_compressed_transcriptomics.widgets.inspect.dock import InspectReconstruction
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import make_phantom
from small import compressed
from viewing import value_at


def opened(viewer, qtbot, *results):
    """Show results and the dock, its tab Genes in front."""
    add_expression(viewer, results[0].expression)
    for result in results:
        add_result(viewer, result, Outputs())
    dock = InspectReconstruction(viewer)
    if hasattr(viewer, "window"):
        viewer.window.add_dock_widget(dock, area="right")
    else:
        qtbot.addWidget(dock)
        dock.show()
        take_keyboard(dock)
    return dock, show_tab(dock.tabs, "Genes")


def walk(tab, *keys):
    for key in keys:
        QTest.keyClick(tab.genes.table, key)
    settle()


def search(tab, text):
    QTest.keyClicks(tab.genes.search, text)
    QTest.keyClick(tab.genes.search, Qt.Key.Key_Return)
    settle()


def column(tab, number=0):
    model = tab.genes.table.model()
    return [model.index(row, number).data() for row in range(model.rowCount())]


def compared(viewer, result):
    kinds = ("original", "reconstructed", "difference")
    of_result = [x for x in viewer.layers if shown(x) and shown(x).reconstruction is result]
    return [next((x for x in of_result if shown(x).kind == kind), None) for kind in kinds]


def visible(viewer):
    return [layer for layer in viewer.layers if layer.visible]


def test_the_table_is_sorted_worst_first_and_by_a_click_on_its_header(model, qtbot, result):
    _, tab = opened(model, qtbot, result)
    genes = result.expression.genes
    worst_first = [genes[i] for i in np.argsort(-result.rmse_genes)]
    assert column(tab) == worst_first
    assert IN_SAMPLE in tab.hint.text()
    shown_numbers = [float(text) for text in column(tab, 1)]
    np.testing.assert_allclose(shown_numbers, np.sort(result.rmse_genes)[::-1], rtol=0.01)
    click_header(tab.genes.table, 1)
    assert column(tab) == worst_first[::-1]
    click_header(tab.genes.table, 2)  # R2: the worst is the least
    assert column(tab) == [genes[i] for i in np.argsort(result.r2_genes)]
    click_header(tab.genes.table, 0)
    assert column(tab) == sorted(genes)
    QTest.keyClick(tab.genes.search, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert column(tab) == [genes[i] for i in np.argsort(-result.mean_genes)]
    QTest.keyClick(tab.genes.search, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert column(tab) == [genes[i] for i in np.argsort(result.mean_genes)]


def test_the_error_on_samples_not_seen_stands_beside_the_fitted_one(model, qtbot, las):
    request = CompressRequest(las, "pca", 2, device="cpu", held_out=HeldOut("random", 3))
    result = compress(request)
    _, tab = opened(model, qtbot, result)
    header = tab.genes.table.model().headerData
    across = Qt.Orientation.Horizontal
    assert [header(i, across) for i in range(4)] == ["Gene", "RMSE", "Held-out", "R²"]
    click_header(tab.genes.table, 2)
    unseen = result.held_out.rmse_genes
    assert column(tab) == [result.expression.genes[i] for i in np.argsort(-unseen)]
    shown_numbers = [float(text) for text in column(tab, 2)]
    np.testing.assert_allclose(shown_numbers, np.sort(unseen)[::-1], rtol=0.01)
    assert f"held-out RMSE {result.held_out.rmse:.4f}, " in overall_tab._summary(result)


def test_filled_genes_are_last_either_way_and_the_hint_says_what_they_are(model, qtbot):
    genes = tuple(f"GENE{i}" for i in range(12))
    whole = make_phantom(genes=genes)
    codec = fit_codec("pca", whole, 3, device="cpu")
    result = reconstruct(codec, whole.aligned_to(genes[1:]), device="cpu", fill_missing=True)
    _, tab = opened(model, qtbot, result)
    for number in (1, 1, 2, 2, 3, 3, 4, 4):
        click_header(tab.genes.table, number)
        assert column(tab)[-1] == "GENE0"
        assert column(tab, number)[-1] == "–"
    search(tab, "gene0")
    assert "lack GENE0" in tab.hint.text()


def test_enter_shows_original_reconstruction_and_difference(model, qtbot, result):
    _, tab = opened(model, qtbot, result)
    before = list(model.layers)
    search(tab, "na")  # NA itself, not NAT1
    original, reconstructed, difference = visible(model)
    assert visible(model) == compared(model, result)
    assert not any(layer.visible for layer in before)
    assert [layer.name for layer in visible(model)] == [
        "original: NA", "PCA k=3 reconstructed: NA", "PCA k=3 − original: NA"
    ]  # fmt: skip
    values = result.expression.values[:, result.expression.column("NA")]
    for sample, mm in enumerate(result.expression.parcellation.centroids):
        assert value_at(original, mm) == values[sample]
        assert value_at(reconstructed, mm) == result.gene("NA")[sample]
        assert value_at(difference, mm) == result.gene("NA")[sample] - values[sample]
    assert original.contrast_limits == reconstructed.contrast_limits
    np.testing.assert_allclose(original.contrast_limits, np.percentile(values, [1, 99]), rtol=1e-6)
    assert sum(difference.contrast_limits) == pytest.approx(0)
    grid = model.canvas.grid
    places = [grid.position(model.layers.index(layer), model.layers) for layer in visible(model)]
    assert places == [(0, 0), (0, 1), (0, 2)]


def test_down_goes_from_the_search_to_the_table(model, qtbot, result):
    _, tab = opened(model, qtbot, result)
    focus(tab.genes.search)
    QTest.keyClick(tab.genes.search, Qt.Key.Key_Tab)
    assert tab.genes.table.hasFocus()
    settle()
    assert compared(model, result) == [None] * 3  # going through must not change the viewer
    focus(tab.genes.search)
    QTest.keyClick(tab.genes.search, Qt.Key.Key_Down)
    assert tab.genes.table.hasFocus()
    assert tab.genes.gene == column(tab)[0]
    walk(tab, Qt.Key.Key_Down)
    assert tab.genes.gene == column(tab)[1]
    focus(tab.genes.table)
    QTest.keyClick(tab.genes.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert tab.genes.search.hasFocus()


def test_walking_reuses_the_layers_and_sets_their_contrast(model, qtbot, result):
    _, tab = opened(model, qtbot, result)
    click_row(tab.genes.table, 0)
    layers = compared(model, result)
    layers[0].contrast_limits = (0.4, 0.5)
    assert layers[1].contrast_limits == [0.4, 0.5]  # linked
    walk(tab, Qt.Key.Key_Down, Qt.Key.Key_Down)
    gene = column(tab)[2]
    assert compared(model, result) == layers
    assert {shown(layer).gene for layer in layers} == {gene}
    values = result.expression.values[:, result.expression.column(gene)]
    for layer in layers[:2]:
        np.testing.assert_allclose(layer.contrast_limits, np.percentile(values, [1, 99]), rtol=1e-6)
    painted = layers[2].data[np.isfinite(layers[2].data)]
    np.testing.assert_array_equal(np.sort(painted), np.sort(result.gene(gene) - values))
    walk(tab, Qt.Key.Key_Up)
    assert shown(layers[0]).gene == column(tab)[1]


def test_back_brings_everything_back(model, qtbot, result):
    _, tab = opened(model, qtbot, result)
    model.layers[0].visible = False
    before, grid = visible(model), model.canvas.grid.model_dump()
    assert not tab.back.isEnabled()
    click_row(tab.genes.table, 1)
    press(tab.back)
    assert visible(model) == before
    assert model.canvas.grid.model_dump() == grid
    assert not tab.back.isEnabled()
    click_row(tab.genes.table, 1)  # the same gene again
    assert visible(model) == compared(model, result)


def test_another_result_shows_the_same_gene(model, qtbot, las, result):
    other = compressed(las, 1)
    dock, tab = opened(model, qtbot, other, result)
    search(tab, "tp53")
    dock.results.setFocus()
    QTest.keyClick(dock.results, Qt.Key.Key_Up)
    settle()
    assert dock.results.result is other
    assert visible(model) == compared(model, other)
    assert shown(visible(model)[1]).gene == "TP53"
    np.testing.assert_array_equal(shown(visible(model)[1]).values, other.gene("TP53"))
    assert tab.genes.gene == "TP53"
    assert column(tab) == ["TP53"]  # the search stays
    QTest.keyClick(tab.genes.search, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(tab.genes.search, Qt.Key.Key_Delete)
    assert column(tab) == [las.genes[i] for i in np.argsort(-other.rmse_genes)]


def test_a_new_result_is_seen_beside_the_old_layers(model, qtbot, las, result):
    _, tab = opened(model, qtbot, result)
    before = visible(model)
    click_row(tab.genes.table, 0)
    other = compressed(las, 1)
    added = add_result(model, other, Outputs())
    settle()
    assert set(visible(model)) == {*before, *added}
    assert not tab.back.isEnabled()


def test_removed_layers_are_made_anew_and_removing_all_is_a_way_back(model, qtbot, result):
    _, tab = opened(model, qtbot, result)
    before = visible(model)
    click_row(tab.genes.table, 0)
    model.layers.remove(compared(model, result)[1])
    walk(tab, Qt.Key.Key_Down)
    layers = compared(model, result)
    assert visible(model) == layers
    assert {shown(layer).gene for layer in layers} == {column(tab)[1]}
    for layer in layers:
        model.layers.remove(layer)
    assert visible(model) == before


def test_the_table_is_saved(model, qtbot, result, tmp_path, answer):
    _, tab = opened(model, qtbot, result)
    path = answer(tmp_path / "genes.csv")
    press(tab.save)
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["gene", "rmse", "r2", "mean", "sd"]
    assert [float(row[4]) for row in rows[1:]] == list(result.sd_genes)


def test_without_a_result_the_tab_says_what_to_do(model, qtbot, result):
    dock = InspectReconstruction(model)
    qtbot.addWidget(dock)
    tab = next(w for w in map(dock.tabs.widget, range(dock.tabs.count())) if hasattr(w, "genes"))
    assert "Compress" in tab.genes.count.text()
    assert not tab.save.isEnabled()
    (added, *_) = add_result(model, result, Outputs(latents=False))
    assert "5 of 5" in tab.genes.count.text()
    model.layers.remove(added)  # the result stays
    assert "5 of 5" in tab.genes.count.text()
    session(model).work.remove(result)
    assert "Compress" in tab.genes.count.text()


def test_the_window_shows_three_cells_in_2d_and_3d(make_napari_viewer, qtbot, result):
    """What a click in a cell finds, and what is drawn there, is the gene compared."""
    viewer = make_napari_viewer(show=True)
    _, tab = opened(viewer, qtbot, result)
    click_row(tab.genes.table, 0)
    shared, parcellation = session(viewer), result.expression.parcellation
    sample = 9
    mm = parcellation.centroids[sample]
    viewer.dims.set_point(viewer.dims.ndim - 3, mm[2])
    for layer in compared(viewer, result):
        click_on(viewer, layer, mm)
        assert shared.pick.sample == sample
        shared.pick = None
    viewer.dims.ndisplay = 3
    settle()
    original, _, difference = compared(viewer, result)
    walk(tab, Qt.Key.Key_Down)
    assert shown(difference).gene == column(tab)[1]
    assert np.isfinite(difference.data).all()  # solid: the outside lies far below
    assert np.isfinite(original.data).all()
    viewer.dims.ndisplay = 2
    assert np.isnan(difference.data).any()
    assert np.isnan(original.data).any()
