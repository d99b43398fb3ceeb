"""The dock Export figure: what is shown now, previewed, and saved with what repeats it."""

import json

import numpy as np
import pytest
from PIL import Image

from clicking import press, run
from napari_compressed_transcriptomics.core.brain_space import OTHER, record_space
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.request import FigureRequest
from napari_compressed_transcriptomics.io.writers.figure import FigureRecord
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.layer_map import map_of_layer, name_of_layer
from napari_compressed_transcriptomics.widgets.export_figure import ExportFigure
from napari_compressed_transcriptomics.widgets.figure_subjects import Subject
from viewing import add


@pytest.fixture
def dock(model, result, qtbot):
    add(model, *layers.latent_layers(result), layers.error_layer(result))
    model.layers.selection.active = model.layers[-1]
    export = ExportFigure(model)
    qtbot.addWidget(export)
    return model, export


def test_it_asks_for_what_is_shown(dock):
    model, export = dock
    assert export.layer.layer is model.layers[-1]
    request = export.request()
    assert request.what == ("rmse",)
    assert request.planes == ("axial",)
    assert request.mm == (model.dims.point[-3],)
    assert (request.low, request.high) == tuple(model.layers[-1].contrast_limits)
    model.dims.order = (0, 3, 1, 2)
    model.layers.selection.active = model.layers[0]
    model.dims.set_point(0, 2)
    request = export.request()
    assert request.what == ("component:2",)
    assert request.planes == ("sagittal",)
    assert request.mm == (model.dims.point[-1],)
    export.view.setCurrentIndex(export.view.findData("ortho"))
    assert export.request().place == tuple(model.dims.point[-3:][::-1])


def test_a_layer_is_the_map_that_it_shows(dock, result):
    model, _ = dock
    latents, error = model.layers
    model.dims.set_point(0, 3)
    one = map_of_layer(model, latents)
    np.testing.assert_array_equal(one.values, result.latents[:, 2])
    assert (one.kind, one.label) == ("signed", "component 3 (no unit)")
    assert map_of_layer(model, error).kind == "error"
    other = model.add_image(error.data, scale=error.scale, translate=error.translate, name="mine")
    same = map_of_layer(model, other)
    ours = map_of_layer(model, error)
    assert name_of_layer(model, other) == "layer:mine"
    np.testing.assert_allclose(np.nanmax(same.volume), np.nanmax(ours.volume))
    # in the same places of the body, whatever the grids' axes
    for volume in (same, ours):
        sample = np.nanargmax(volume.values)
        place = volume.parcellation.centroids[sample]
        np.testing.assert_allclose(place, ours.parcellation.centroids[np.nanargmax(ours.values)])
    with pytest.raises(UserError, match="no colour scale"):
        map_of_layer(model, model.add_labels(np.ones((3, 3, 3), int)))


def test_it_is_previewed_and_saved_with_its_settings(dock, tmp_path, qtbot, answer):
    _, export = dock
    export.show()
    with qtbot.waitSignal(export._drawer.answered):
        export.title.setText("Error")
    assert not export.preview.pixmap().isNull()
    assert export.preview.pixmap().width() == pytest.approx(300, abs=5)
    export.width_cm.setValue(8)
    export.dpi.setValue(100)
    path = answer(tmp_path / "it.png")
    run(export.bar, qtbot)
    assert export.bar.status.text() == f"Saved {path}"
    with Image.open(path) as picture:
        assert picture.size[0] == round(8 / 2.54 * 100)
    record = json.loads((tmp_path / "it.png.json").read_text())
    assert FigureRequest.of_record(record["figure"]) == export.request()


def test_what_cannot_be_drawn_is_said_in_the_form(model, qtbot):
    export = ExportFigure(model)
    qtbot.addWidget(export)
    assert "no layer" in export.bar.status.text()
    model.add_labels(np.ones((3, 3, 3), int))
    assert "no colour scale" in export.bar.status.text()
    assert not export.bar.run.isEnabled()
    corners, face = np.zeros((3, 3)), np.array([[0, 1, 2]])
    surface = model.add_surface((corners, face, np.arange(3.0)))
    with pytest.raises(UserError, match="no colour scale"):
        map_of_layer(model, surface)  # it has limits, but no volume


def test_why_there_is_no_preview_stands_in_its_place(dock, result):
    model, export = dock
    away = FigureRecord(FigureRequest(mm=(500.0,)))
    why = Subject(away, "error", map_of_layer(model, model.layers[-1])).preview(100)
    assert why.startswith("The axial slice at z = 500 mm is outside the brain")
    export._show(why)
    assert export.bar.status.text() == why
    assert not export.bar.run.isEnabled()
    assert export.preview.pixmap().isNull()
    record_space(result.expression.source, OTHER)
    choose_view(export, "surface")
    assert "is not in MNI152, where the cortical surface lies" in export.bar.status.text()


def test_a_layer_of_others_cannot_be_drawn_outside_the_window(dock, answer, tmp_path):
    model, export = dock
    mine = model.add_image(model.layers[-1].data, scale=model.layers[-1].scale, name="mine")
    model.layers.selection.active = mine
    with pytest.raises(UserError, match="“mine” is in this window only; open it from a file"):
        export._again()
    answer()
    press(export.bar.run)
    assert export.bar.job is None
    assert not list(tmp_path.iterdir())


def choose_view(export, name):
    export.view.setCurrentIndex(export.view.findData(name))


def test_plots_of_the_result_are_what_the_command_draws(dock, answer, tmp_path, qtbot):
    _, export = dock
    for name in ("histogram", "density", "genes", "latents", "regions"):
        choose_view(export, name)
        assert export.request().view == "plot"
        assert not export.layer.isEnabled()
        assert export.bar.run.isEnabled(), export.bar.status.text()
    choose_view(export, "density")
    subject = export.subject()
    assert subject.name.endswith("density")
    assert subject.preview(100)[:4] == b"\x89PNG"
    path = answer(tmp_path / "density.svg")
    run(export.bar, qtbot)
    assert "original expression" in path.read_text()  # text stays text
    record = json.loads((tmp_path / "density.svg.json").read_text())
    assert (record["figure"]["what"], record["figure"]["view"]) == (["density"], "plot")
    for name, words in (("comparison", "No methods were compared"), ("prediction", "No maps were")):
        choose_view(export, name)
        assert words in export.bar.status.text()
        assert not export.bar.run.isEnabled()


def test_without_a_result_there_is_no_plot(las, model, qtbot):
    add(model, layers.expression_layer(las))
    export = ExportFigure(model)
    qtbot.addWidget(export)
    choose_view(export, "genes")
    assert "no result to plot; run Compress" in export.bar.status.text()


def test_a_brain_turns_in_a_movie(dock, answer, tmp_path, qtbot):
    _, export = dock
    choose_view(export, "turn")
    assert (export.width_cm.value(), export.dpi.value()) == (12, 100)
    export.width_cm.setValue(4)
    export.dpi.setValue(72)
    export.frames.setValue(4)
    assert export.subject().preview(100)[:4] == b"\x89PNG"
    path = answer(tmp_path / "turn.gif")
    run(export.bar, qtbot)
    with Image.open(path) as movie:
        assert movie.n_frames == 4
        assert 100 < movie.width < 130  # 4 cm at 72 dots an inch
    record = json.loads((tmp_path / "turn.gif.json").read_text())
    assert record["movie"] == {"frames": 4, "per_second": 20}
    choose_view(export, "ortho")
    assert (export.width_cm.value(), export.dpi.value()) == (17, 300)
    assert export.subject().record.movie is None


def test_a_movie_is_cancelled_and_leaves_nothing(dock, answer, tmp_path, qtbot):
    _, export = dock
    choose_view(export, "turn")
    export.width_cm.setValue(4)
    export.frames.setValue(1000)
    answer(tmp_path / "turn.gif")
    export.bar.run.click()
    qtbot.waitUntil(lambda: export.bar.job is not None)
    export.bar.cancel.click()
    qtbot.waitUntil(lambda: export.bar.job is None)
    assert "Cancelled" in export.bar.status.text()
    assert not list(tmp_path.iterdir())
