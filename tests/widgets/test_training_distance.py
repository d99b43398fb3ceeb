"""Distance to training data in the window: a layer, a line, a warning, and where not known."""

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from clicking import choose_value, press, run
from napari_compressed_transcriptomics._menus import show_training_distance
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models.model_file import save_model
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.layers import novelty_layer
from napari_compressed_transcriptomics.widgets.compress import Compress


@pytest.fixture(scope="module")
def codec(brain):
    return fit_codec("pca", brain, 4, device="cpu")


@pytest.fixture(scope="module")
def damaged(brain):
    """The brain with an offset in its right half."""
    right = brain.parcellation.centroids[:, 0] > 0
    values = brain.values.copy()
    values[right] += 0.1
    return replace(brain, values=values, name="damaged")


def compress(qtbot, viewer, expression, path):
    """Compress with a model file as a person does, with the box for the distance ticked."""
    widget = Compress(viewer)
    qtbot.addWidget(widget)
    widget.show()
    add_expression(viewer, expression)
    choose_value(widget.codec, "model")
    qtbot.keyClicks(widget.model_path, str(path))
    press(widget.more)
    press(widget.show_distance)
    assert widget.show_distance.isChecked()
    run(widget.bar, qtbot)
    return widget


def distances(viewer):
    return [layer for layer in viewer.layers if shown(layer).kind == "distance"]


def test_the_damaged_half_stands_out(qtbot, damaged, codec, tmp_path):
    viewer = ViewerModel()
    path = save_model(codec, tmp_path / "model.safetensors")
    widget = compress(qtbot, viewer, damaged, path)
    (layer,) = distances(viewer)
    right = damaged.parcellation.centroids[:, 0] > 0
    outside = shown(layer).values > 1
    assert outside[right].mean() > 0.9
    assert outside[~right].mean() < 0.1
    assert "> 1: outside" in layer.name
    assert tuple(layer.contrast_limits) == (0, 2)
    below, above = layer.colormap.map(np.array([0.49, 0.51]))
    assert np.abs(below - above).max() > 0.5  # the cutoff is seen
    assert f"{outside.mean():.1%} of the brain" in widget.result.text()
    assert "doubt its latents there" in widget.result.text()


def test_a_model_that_does_not_say_gives_the_reason(qtbot, brain, codec, tmp_path):
    viewer = ViewerModel()
    codec = fit_codec("pca", brain, 2, device="cpu")
    codec.training_distribution = None
    widget = compress(qtbot, viewer, brain, save_model(codec, tmp_path / "model.safetensors"))
    assert not distances(viewer)
    assert "not known" in widget.result.text()


def test_the_menu_adds_the_layer_or_tells_why_not(brain, codec, told):
    viewer = ViewerModel()
    result = reconstruct(codec, brain, device="cpu")
    data, attributes, _ = novelty_layer(result)
    viewer.add_image(data, **attributes)
    show_training_distance(viewer)
    assert len(distances(viewer)) == 2

    unknown = fit_codec("pca", brain, 2, device="cpu")
    unknown.training_distribution = None
    what = replace(shown(viewer.layers[0]), reconstruction=reconstruct(unknown, brain))
    viewer.layers.clear()
    layer = viewer.add_image(data, **attributes)
    layer.metadata["compressed_transcriptomics"] = what
    show_training_distance(viewer)
    assert len(viewer.layers) == 1
    assert "fit it again" in told[0].message
