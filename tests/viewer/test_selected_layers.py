"""What was selected stays so, in napari's list and controls, when layers of ours come."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.viewer.selected_layers import selection_kept


@pytest.mark.parametrize("chosen", [[], [0], [0, 1]])
def test_list_and_controls_are_as_they_were(chosen, make_napari_viewer):
    viewer = make_napari_viewer()
    for name in "ab":
        viewer.add_image(np.zeros((4, 5, 6)), name=name)
    layers, told = viewer.layers, []
    layers.selection = {layers[i] for i in chosen}
    names = {layers[i].name for i in chosen}
    active, window = layers.selection.active, viewer.window._qt_viewer
    controls = window.controls
    shown = controls.currentWidget()
    layers.selection.events.active.connect(lambda event: told.append(event.value))
    with selection_kept(viewer):
        viewer.add_points(np.ones((2, 3)), name="c")
        layers.move(2, 0)
    assert not told
    assert {layer.name for layer in layers.selection} == names
    assert layers.selection.active is active
    rows = window.layers.selectionModel().selectedIndexes()
    assert {index.data() for index in rows} == names
    assert controls.currentWidget() is shown
    layers.selection.active = layers["c"]
    assert controls.currentWidget() is controls.widgets[layers["c"]]
    assert [index.data() for index in window.layers.selectionModel().selectedIndexes()] == ["c"]


def test_a_layer_that_goes_meanwhile_is_selected_no_more(model):
    first = model.add_image(np.zeros((4, 5, 6)))
    with selection_kept(model):
        model.add_image(np.zeros((4, 5, 6)))
        model.layers.remove(first)
    assert not model.layers.selection
    assert model.layers.selection.active is None
