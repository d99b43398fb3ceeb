"""The slider of components shows the number of the component, and nothing is left of it at 1."""

import numpy as np
import pytest

from clicking import settle
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_values import part_shown
from small import compressed
from viewing import add


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 3)


def test_a_step_is_the_number_of_a_component(model, result):
    attach(model)
    stack = add(model, *layers.latent_layers(result))
    for number in (1, 3, 2):
        model.dims.set_current_step(0, number)
        assert part_shown(model, stack) == number - 1
        assert model.dims.point[0] == number
    model.dims.set_current_step(0, 0)  # as its first button does
    assert model.dims.current_step[0] == 1
    assert model.dims.nsteps[0] == 4
    model.dims.set_current_step(0, 2)
    place = model.dims.point
    add(model, layers.error_layer(result))
    model.dims.ndisplay = 3
    model.dims.ndisplay = 2
    assert model.dims.point == place
    assert model.dims.current_step[0] == 2
    model.layers.remove(stack)
    assert model.dims.ndim == 3


def test_other_layers_keep_their_axis(model, result):
    attach(model)
    add(model, *layers.latent_layers(result))
    model.add_image(np.zeros((3, 2, 2, 2)), name="a time series")
    model.dims.set_current_step(0, 0)
    assert model.dims.point[0] == 0


def test_the_slider_shows_it(make_napari_viewer, result):
    viewer = make_napari_viewer()
    attach(viewer)
    add(viewer, *layers.latent_layers(result))
    settle()
    (slider,) = (x for x in viewer.window._qt_viewer.dims.slider_widgets if x.axis == 0)
    assert (slider.curslice_label.text(), slider.totslice_label.text()) == ("1", "3")
    slider.slider.setValue(3)
    assert viewer.dims.point[0] == 3
    slider.slider.setValue(0)
    settle()
    assert (slider.slider.value(), slider.curslice_label.text()) == (1, "1")
