"""The form for vertices: what it finds, what it lacks, and what is dropped leads there."""

import numpy as np
import pandas as pd
import pytest

from clicking import choose_value, press, run, settle, show_tab, write
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.widgets.open_data.vertices import OpenVertices
from napari_compressed_transcriptomics.widgets.shared.session import session
from vertices import GENES, N, expression_on_vertices, write_gifti_maps, write_labels, write_surface
from viewing import value_at

MAIN = "Compressed Transcriptomics"


@pytest.fixture
def form(model, qtbot):
    made = OpenVertices(model)
    qtbot.addWidget(made)
    return made


def said(form, qtbot):
    qtbot.waitUntil(lambda: form.bar.status.text() != "Looking…")
    return form.bar.status.text()


def opened(model):
    """The one layer of data: beside it lies the template, as fsaverage is in MNI152."""
    (layer,) = [layer for layer in model.layers if shown(layer)]
    return layer


def write_table(path, values):
    pd.DataFrame(values, columns=list(GENES)).rename_axis("vertex").to_csv(path)
    return path


def test_maps_are_looked_at_then_opened(form, model, tmp_path, qtbot):
    assert said(form, qtbot).startswith("Choose a folder of one GIFTI or MGH per gene")
    assert not form.bar.run.isEnabled()
    values = expression_on_vertices()
    folder = write_gifti_maps(tmp_path / "maps", values)
    form.source.set_path(folder)
    words = said(form, qtbot)
    assert words.startswith("4 genes (CALB1, GABRA1, GRIN2B")
    assert "on fsaverage3, 642 left and 642 right vertices." in words
    run(form.bar, qtbot)
    layer = opened(model)
    expression = shown(layer).expression
    assert expression.n_samples == 2 * (N - 20)
    assert form.bar.status.text() == "Opened maps."
    assert not form.bar.run.isEnabled()
    # A vertex has its value in the slices, on its own side.
    place = expression.parcellation.centroids
    for row in (np.argmin(place[:, 0]), np.argmax(place[:, 0])):
        assert value_at(layer, place[row]) == expression.values[row, expression.column("CALB1")]


def test_a_fault_is_said_before_anything_is_read(form, tmp_path, qtbot):
    folder = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    (folder / "rh.TP53.gii").unlink()
    form.source.set_path(folder)
    assert said(form, qtbot) == "Gene TP53 of maps has no map of the right side; add it."
    assert not form.bar.run.isEnabled()
    form.source.set_path(write_table(tmp_path / "few.csv", expression_on_vertices()[:700]))
    assert "700 rows, which is the number of vertices of no mesh" in said(form, qtbot)
    form.source.set_path(write_table(tmp_path / "one.csv", expression_on_vertices()[:N]))
    assert "its name does not say which" in said(form, qtbot)
    choose_value(form.side, "right")
    assert "on fsaverage3, 642 right vertices." in said(form, qtbot)


def test_rows_without_the_medial_wall_need_a_mask_and_a_surface(form, model, tmp_path, qtbot):
    """As of MAGICC: fs_LR 32k, the left side, 29,696 rows."""
    n, n_rows = 32_492, 29_696
    rng = np.random.default_rng(0)
    form.source.set_path(write_table(tmp_path / "ahba.csv", rng.random((n_rows, 4)) + 1))
    assert "29,696 rows, as fs_LR 32k (left) has without its medial wall" in said(form, qtbot)
    mask = np.zeros(n)
    mask[rng.permutation(n)[:n_rows]] = 1
    form.cortex["left"].set_path(write_labels(tmp_path / "L.atlasroi.shape.gii", mask))
    assert "Where the vertices of fs_LR 32k lie is not known" in said(form, qtbot)
    points = rng.uniform(-70, 70, (n, 3))
    points[:, 0] = -abs(points[:, 0])
    form.surfaces["left"].set_path(write_surface(tmp_path / "L.mid.surf.gii", points))
    words = said(form, qtbot)
    assert "4 genes (CALB1, GABRA1, GRIN2B" in words
    assert "on fs_LR 32k, 32,492 left vertices; 29,696 of them are cortex." in words
    run(form.bar, qtbot)
    expression = shown(model.layers[0]).expression
    np.testing.assert_allclose(expression.parcellation.centroids, points[mask > 0], atol=1e-4)


def test_vertices_are_opened_as_parcels(form, model, tmp_path, qtbot):
    form.source.set_path(write_gifti_maps(tmp_path / "maps", expression_on_vertices()))
    for side in ("lh", "rh"):
        path = write_labels(tmp_path / f"{side}.two.label.gii", 1 + np.arange(N) % 2, ["a", "b"])
    form.parcels.set_path(path)
    assert "4 genes" in said(form, qtbot)
    run(form.bar, qtbot)
    assert shown(opened(model)).expression.samples == ("L_a", "L_b", "R_a", "R_b")


def test_what_is_dropped_is_opened_or_leads_to_the_form(make_napari_viewer, tmp_path, qtbot):
    viewer = make_napari_viewer(show=True)
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, MAIN)
    settle()
    values = expression_on_vertices()
    folder = write_gifti_maps(tmp_path / "maps", values)
    (layer,) = viewer.open(folder, plugin=PLUGIN)
    assert shown(layer).expression.n_samples == 2 * (N - 20)
    assert "1,244 vertices × 4 genes" in main.stack.currentWidget().about.text()

    table = write_table(tmp_path / "cortex.csv", values.repeat(3, axis=1)[:, :4])
    wide = pd.DataFrame(np.tile(values, 3), columns=[f"GENE{i}" for i in range(12)])
    wide.rename_axis("vertex").to_csv(table)
    assert viewer.open(table, plugin=PLUGIN) == []
    form = main.stack.currentWidget()
    assert isinstance(form, OpenVertices)
    assert "12 genes" in said(form, qtbot)

    for file in folder.iterdir():
        file.rename(folder / file.name.replace(".gii", ".shape.gii"))
    lone = folder / "lh.CALB1.shape.gii"
    lone.rename(folder / "CALB1.shape.gii")
    assert viewer.open(folder, plugin=PLUGIN) == []
    assert "CALB1.shape.gii does not say which hemisphere" in form.why.text()
    surface = write_surface(tmp_path / "lh.mid.surf.gii", np.zeros((N, 3)))
    assert viewer.open(surface, plugin=PLUGIN) == []
    assert form.surfaces["left"].path == surface


def test_vertices_go_the_whole_way(make_napari_viewer, tmp_path, answer, qtbot):
    """Opened, compressed, checked, explained, compared, predicted and drawn, in the main dock."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1024, 700)
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, MAIN)
    work = session(viewer).work
    press(main.steps["Data"])
    form = main.show_page("Open expression on vertices")
    form.source.set_path(write_gifti_maps(tmp_path / "maps", expression_on_vertices()))
    said(form, qtbot)
    run(form.bar, qtbot)

    press(main.steps["Compress"])
    compress = main.stack.currentWidget()
    choose_value(compress.codec, "pca")
    choose_value(compress.latent_size, 2)
    run(compress.bar, qtbot)
    result = work.current_result
    place = result.expression.parcellation
    assert place.sizes == (N, N)

    press(main.steps["Check"])
    tabs = main.stack.currentWidget().tabs
    assert "1,244 samples" in tabs.widget(0).summary.text()
    sample = show_tab(tabs, "Sample")
    press(sample.worst)
    worst = session(viewer).pick.sample
    assert result.rmse_samples[worst] == result.rmse_samples.max()
    assert np.allclose(session(viewer).pick.position, place.centroids[worst], atol=3)
    assert result.expression.samples[worst] in sample.facts.text()

    press(main.steps["Explain"])
    assert main.stack.currentWidget().change.sliders is not None
    assert main.show_page("Latent space").across.count() == 2

    compare = main.show_page("Compare methods").held_out
    for name, box in compare.form.methods.boxes.items():
        box.setChecked(name == "pca")
    write(compare.form.sizes, "2")
    compare.form.folds.setValue(2)
    compare.form.computing.setChecked(True)
    compare.form.processes.setValue(1)
    run(compare.bar, qtbot)
    assert {score.method for score in work.comparison.scores} == {"pca"}

    press(main.steps["Predict"])
    predict = main.stack.currentWidget()
    front = place.by_side(place.centroids[:, 1])
    for side, values in front.items():
        write_labels(tmp_path / f"{side}.front.shape.gii", np.nan_to_num(values))
    predict.targets.files.take([tmp_path / f"{side}.front.shape.gii" for side in front])
    assert predict.targets.n_chosen == 2
    for name in ("residual", "pca"):
        predict.methods.boxes[name].setChecked(False)
    predict.folds.setValue(2)
    predict.surrogates.setValue(0)
    run(predict.bar, qtbot)
    assert [target.name for target in work.prediction.request.targets] == ["front"]

    press(main.steps["View"])
    surface = main.show_page("Cortical surface")
    press(surface.views["four"])
    qtbot.waitUntil(lambda: surface_view(viewer).layer is not None)
    press(surface.back)
    figure = main.show_page("Export figure")
    choose_value(figure.view, "inflated")
    figure.dpi.setValue(72)
    path = answer(tmp_path / "cortex.png")
    run(figure.bar, qtbot)
    assert path.stat().st_size > 5000
