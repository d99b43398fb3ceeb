"""The Train widget, driven by clicks: watch, cancel and keep the best, compress with it."""

import numpy as np
import pytest
from napari.components import ViewerModel

from clicking import choose_value, finish, press, run
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import METADATA_KEY, shown
from napari_compressed_transcriptomics.widgets.compress import Compress
from napari_compressed_transcriptomics.widgets.train import Train


@pytest.fixture
def viewer(brain):
    viewer = ViewerModel()
    add_expression(viewer, brain)
    return viewer


@pytest.fixture
def widget(viewer, qtbot):
    made = Train(viewer)
    qtbot.addWidget(made)
    made.recipe.setCurrentIndex(made.recipe.findData("autoencoder"))
    made.more.setChecked(True)
    made.hidden.setText("12, 8")
    made.show()
    return made


def test_training_is_watched_and_compress_takes_the_model(widget, viewer, qtbot, tmp_path, answer):
    compress = Compress(viewer)
    qtbot.addWidget(compress)
    widget.epochs.setValue(6)
    run(widget.bar, qtbot)
    assert len(widget.curve.validation) == 6
    assert f"{min(widget.curve.validation):.4f}" in widget.result.text()
    codec = widget._codec
    assert codec.hidden_sizes == (12, 8)
    assert codec.training["validation_rmse"] == min(widget.curve.validation)

    assert compress.codec.currentText().startswith("published AE k=8, trained on")
    run(compress.bar, qtbot)
    assert shown(viewer.layers[-1]).reconstruction.codec is codec

    path = answer(tmp_path / "m.safetensors")
    press(widget.save_model)
    from napari_compressed_transcriptomics.codecs.models.model_file import load_model

    expression = viewer.layers[0].metadata[METADATA_KEY].expression
    np.testing.assert_array_equal(
        load_model(path).encode(expression.values), codec.encode(expression.values)
    )


def test_cancel_keeps_the_best_so_far(widget, viewer, qtbot):
    widget.epochs.setValue(100_000)
    widget.patience.setValue(100_000)
    press(widget.bar.run)
    qtbot.waitUntil(lambda: len(widget.curve.validation) > 3)
    press(widget.bar.cancel)
    finish(widget.bar, qtbot)
    assert "stopped by you" in widget.result.text()
    assert widget._codec.training["validation_rmse"] <= widget.curve.validation[0]
    assert widget.save_model.isEnabled()


def test_the_form_untouched_leaves_all_to_the_recipe(viewer, brain, qtbot):
    widget = Train(viewer)
    qtbot.addWidget(widget)
    request = widget.request()
    assert request.expression is brain
    assert request.recipe == "residual"
    assert request.settings() == {}


def test_what_is_set_reaches_the_request(widget):
    widget.epochs.setValue(7)
    widget.batch.setValue(32)
    widget.learning_rate.setValue(0.002)
    widget.patience.setValue(5)
    choose_value(widget.validation, "blocks")
    widget.seed.setValue(3)
    request = widget.request()
    assert request.seed == 3
    assert request.settings() == {
        "hidden_sizes": (12, 8),
        "max_epochs": 7,
        "batch_size": 32,
        "patience": 5,
        "learning_rate": 0.002,
        "validation": "blocks",
    }
    widget.more.setChecked(False)
    assert widget.request().settings() == {}


def test_hidden_layers_that_are_none_are_refused_with_the_reason(widget):
    widget.hidden.setText("12, many")
    assert not widget.bar.run.isEnabled()
    assert "12, many" in widget.bar.status.text()


def test_the_curve_follows_the_theme(widget, viewer):
    assert not widget.curve.figure.axes  # nothing to show yet
    widget.curve.add(Progress("Training", 1, 9, values={"train": 0.2, "validation": 0.3}))
    widget.curve.add(Progress("Training", 1, 9, values={"train": 0.2, "validation": 0.3}))
    assert widget.curve.validation == [0.3]  # an epoch is told several times
    viewer.theme = "light"
    colour = widget.curve.figure.axes[0].xaxis.label.get_color()
    viewer.theme = "dark"
    assert widget.curve.figure.axes[0].xaxis.label.get_color() != colour
