"""The Components dock, driven as a person does: sliders, table, files and colours."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import Qt

from clicking import click_header, click_on, press, run, settle, stand_alone
from data import real_expression
from napari_compressed_transcriptomics import _writer
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.reconstruction.components import component_genes
from napari_compressed_transcriptomics.reconstruction.latent_change import (
    decoded_change,
    largest_changes,
)
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.components import component_table
from napari_compressed_transcriptomics.widgets.components.dock import Components
from napari_compressed_transcriptomics.widgets.shared.session import session
from small import compressed
from viewing import add, value_at


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 3)


@pytest.fixture
def dock(model, result, qtbot):
    made = stand_alone(Components(model), qtbot, 330, 800)
    add(model, *_layers.latent_layers(result))
    return made


def bars(dock):
    """Genes and values that the plot shows."""
    if not dock.change.view.figure.axes:
        return [], []
    (axes,) = dock.change.view.figure.axes
    return [text.get_text() for text in axes.texts], [bar.get_width() for bar in axes.patches]


def find_genes(qtbot, dock):
    dock.tabs.setCurrentWidget(dock.genes)
    run(dock.genes.bar, qtbot)


def cells(table, column):
    model = table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_keys_on_a_slider_change_the_bars(dock, result, qtbot):
    change, slider = dock.change, dock.change.sliders.sliders[1]
    assert bars(dock) == ([], [])
    qtbot.keyClick(slider, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: bars(dock)[0] != [])
    start = result.latents.mean(axis=0)
    latents = start.copy()
    latents[1] = np.percentile(result.latents[:, 1], 99)
    expected = decoded_change(result.codec, start, latents)
    names, values = bars(dock)
    order = largest_changes(expected)
    assert names == [result.codec.genes[i] for i in order]
    np.testing.assert_allclose(values, expected[order], rtol=1e-3, atol=1e-6)
    assert float(change.sliders._values[1].text()) == pytest.approx(latents[1], rel=0.02)
    assert float(change.sliders._values[0].text()) == pytest.approx(0, abs=0.01)
    press(change.reset)
    assert bars(dock) == ([], [])


def test_many_quick_moves_are_drawn_a_few_times(dock, qtbot, monkeypatch):
    drawn = []
    draw = dock.change.view.draw
    monkeypatch.setattr(dock.change.view, "draw", lambda how: (drawn.append(how), draw(how)))
    for _ in range(50):
        qtbot.keyClick(dock.change.sliders.sliders[0], Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: bars(dock)[0] != [])
    assert 1 <= len(drawn) < 25


def test_a_sample_clicked_in_the_brain_is_the_start(brain, result, make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    layer = add(viewer, *_layers.latent_layers(result))
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Components")
    viewer.reset_view()
    dock.change.start.setFocus()
    qtbot.keyClick(dock.change.start, Qt.Key.Key_Down)
    assert "Click" in dock.change.where.text()
    assert not dock.change.sliders.isEnabled()
    sample = int(np.square(brain.parcellation.centroids - (20, -20, 10)).sum(1).argmin())
    mm = brain.parcellation.centroids[sample]
    viewer.dims.set_point(1, mm[2])
    click_on(viewer, layer, mm)
    np.testing.assert_allclose(dock.change.sliders.latents, result.latents[sample], rtol=1e-5)
    assert brain.samples[sample] in dock.change.where.text()
    qtbot.keyClick(dock.change.sliders.sliders[0], Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: bars(dock)[0] != [])
    dock.close()


def test_128_components_can_be_scrolled(model, qtbot):
    brain = synthetic_brain(voxel_mm=16, n_genes=150)
    dock = Components(model)
    qtbot.addWidget(dock)
    add(model, *_layers.latent_layers(compressed(brain, 128)))
    dock.resize(330, 800)
    dock.show()
    assert len(dock.change.sliders.sliders) == 128
    assert dock.change.area.height() < 400
    assert dock.change.area.verticalScrollBar().maximum() > 0
    assert dock.width() == 330


def test_table_of_genes_follows_component_and_header(dock, result, qtbot):
    find_genes(qtbot, dock)
    table, expected = dock.genes.table.table, component_genes(result)
    top = np.argsort(-np.abs(expected.effect[0]))[:3]
    assert cells(table, 0)[:3] == [result.codec.genes[i] for i in top]
    qtbot.keyClick(dock.genes.component, Qt.Key.Key_Up)
    for step in (-1, 1):
        click_header(table, 1)
        values = np.array(cells(table, 1), float)
        np.testing.assert_allclose(values, np.sort(expected.effect[1])[::step], atol=2e-4)
    assert "Exact" in dock.genes.basis.text()


def test_an_estimate_says_how_sure_it_is(model, brain, qtbot, monkeypatch):
    monkeypatch.setattr(component_table, "component_genes", from_few_samples)
    dock = Components(model)
    qtbot.addWidget(dock)
    add(model, *_layers.latent_layers(compressed(brain, 3, "autoencoder", max_epochs=3)))
    find_genes(qtbot, dock)
    assert "from 50 of them" in dock.genes.basis.text()
    assert "Standard error at most" in dock.genes.basis.text()


def from_few_samples(result, report):
    return component_genes(result, n_samples=50, report=report)


def test_a_gene_chosen_is_shown_in_the_expression_layer(dock, model, brain, qtbot):
    layer = add_expression(model, brain)
    find_genes(qtbot, dock)
    gene = brain.genes[7]
    qtbot.keyClicks(dock.genes.table.search, gene)
    qtbot.keyClick(dock.genes.table.search, Qt.Key.Key_Return)
    assert shown(layer).gene == gene


def test_saved_table_and_ranking(dock, result, qtbot, tmp_path, answer):
    find_genes(qtbot, dock)
    effect = component_genes(result).effect
    answer(tmp_path / "genes.csv")
    press(dock.genes.save)
    with open(tmp_path / "genes.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["gene", "component_1", "component_2", "component_3"]
    assert [row[0] for row in rows] == list(result.codec.genes)
    np.testing.assert_array_equal(np.array([row[1:] for row in rows], np.float32).T, effect)
    record = json.loads((tmp_path / "genes.csv.json").read_text())
    np.testing.assert_allclose(record["latent_sd"], result.latents.std(axis=0), rtol=1e-5)
    assert record["codec"] == "pca"
    assert "standard deviation" in record["values"]

    dock.genes.component.setValue(3)
    answer(tmp_path / "three.rnk")
    press(dock.genes.save_ranking)
    lines = [line.split("\t") for line in (tmp_path / "three.rnk").read_text().splitlines()]
    assert lines[0][0] == result.codec.genes[int(effect[2].argmax())]
    assert lines[-1][0] == result.codec.genes[int(effect[2].argmin())]
    assert "three.rnk" in dock.genes.bar.status.text()


def test_colours_lie_where_the_components_do(dock, model, result, qtbot):
    dock.tabs.setCurrentWidget(dock.colors)
    dock.colors.colors[0].setFocus()
    qtbot.keyClick(dock.colors.colors[0], Qt.Key.Key_End)  # red: component 3
    qtbot.keyClick(dock.colors.colors[2], Qt.Key.Key_Home)  # blue: none
    press(dock.colors.add)
    layer = model.layers[-1]
    assert layer.rgb
    assert "3, 2, none" in layer.name
    places = result.expression.parcellation.centroids
    for component, channel in ((2, 0), (1, 1)):
        column = result.latents[:, component]
        for sample, full in ((column.argmin(), 0), (column.argmax(), 255)):
            assert value_at(layer, places[sample])[channel] == full
            assert value_at(layer, places[sample])[2:].tolist() == [0, 255]
    inside = layer.data[..., 3] == 255
    assert inside.sum() == len(places)
    assert not layer.data[~inside].any()


def test_colours_in_the_window(result, make_napari_viewer):
    """Only the brain is coloured, right of the middle what lies right; a click finds it."""
    viewer = make_napari_viewer(show=True)
    brain_view.attach(viewer)
    layer = add(viewer, _layers.composite_layer(result, (0, 1, None)))
    picked = []
    session(viewer).picked.connect(picked.append)
    places = result.expression.parcellation.centroids
    behind = places[places[:, 1].argmin()]  # where one looks from, in 3-D
    for ndisplay in (3, 2):
        viewer.dims.ndisplay = ndisplay
        viewer.reset_view()
        settle()
        picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
        colored = picture.max(2) - picture.min(2) > 40
        assert 0.03 < colored.mean() < 0.7
        assert not colored[:5].any()
        assert not colored[:, :5].any()
        if ndisplay == 2:
            viewer.dims.set_point(0, behind[2])
        click_on(viewer, layer, behind)
        assert np.linalg.norm(picked.pop(0).position - behind) < 33
        picked.clear()


def test_colours_are_saved_as_three_numbers(result, tmp_path):
    layer = _layers.composite_layer(result, (0, 1, 2))
    (path, *_) = _writer.write_nifti(str(tmp_path / "colours.nii.gz"), [layer])
    image = nib.load(path)
    values = image.get_fdata(dtype=np.float32)
    np.testing.assert_array_equal(image.affine, result.expression.parcellation.affine)
    np.testing.assert_array_equal(
        values,
        result.expression.parcellation.paint(layer[1]["metadata"][_layers.METADATA_KEY].values),
    )


def test_colours_that_were_moved_are_not_saved_wrongly(result, tmp_path):
    data, attributes, kind = _layers.composite_layer(result, (0, 1, 2))
    moved = attributes | {"translate": attributes["translate"] + 4}
    with pytest.raises(_writer.CannotSaveError, match="colours"):
        _writer.write_nifti(str(tmp_path / "colours.nii.gz"), [(data, moved, kind)])
    assert not list(tmp_path.iterdir())


def test_without_a_result_it_says_what_to_do(model, qtbot):
    dock = Components(model)
    qtbot.addWidget(dock)
    assert "Compress" in dock.change.where.text()
    assert "Compress" in dock.genes.bar.status.text()
    assert not dock.colors.add.isEnabled()


def test_a_codec_of_batches_says_why_not(model, brain, qtbot):
    trained = fit_codec("autoencoder", brain, 3, device="cpu", max_epochs=1)
    dock = Components(model)
    qtbot.addWidget(dock)
    add(model, *_layers.latent_layers(reconstruct(as_notebook(trained, brain), brain)))
    assert "without notebook mode" in dock.change.where.text()
    find_genes(qtbot, dock)
    assert "without notebook mode" in dock.genes.bar.status.text()


def test_real_regions_from_start_to_file(make_napari_viewer, qtbot, tmp_path, answer):
    regions = real_expression("ahba_schaefer100")
    viewer = make_napari_viewer(show=True)
    result = compressed(regions, 4, "residual", max_epochs=3)
    latents = add(viewer, *_layers.latent_layers(result))
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Components")
    qtbot.keyClick(dock.change.sliders.sliders[0], Qt.Key.Key_End)
    qtbot.waitUntil(lambda: bars(dock)[0] != [])
    find_genes(qtbot, dock)
    answer(tmp_path / "genes.csv")
    press(dock.genes.save)
    assert (tmp_path / "genes.csv.json").exists()
    dock.tabs.setCurrentWidget(dock.colors)
    press(dock.colors.add)
    (colors,) = [layer for layer in viewer.layers if "RGB" in layer.name]
    assert colors.data.shape == (*latents.data.shape[1:], 4)
    dock.close()
