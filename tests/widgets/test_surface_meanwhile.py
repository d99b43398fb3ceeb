"""What comes, or is asked for, while a surface is shown is not seen among its hemispheres."""

import numpy as np
import pytest
from napari.layers import Surface

from clicking import settle
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.selection import show_selection
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.widgets.back import back
from napari_compressed_transcriptomics.widgets.cortical_surface import CorticalSurface
from napari_compressed_transcriptomics.widgets.inspect.gene_maps import comparison
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from small import compressed
from viewing import add


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 2)


def add_hidden(viewer, expression):
    data, about, kind = _layers.expression_layer(expression)
    return add(viewer, (data, about | {"visible": False}, kind))


def test_a_map_that_comes_is_seen_as_a_volume(brain, result, viewer, qtbot):
    dock = CorticalSurface(viewer)
    viewer.window.add_dock_widget(dock)
    layer = add(viewer, _layers.expression_layer(brain))
    view = surface_view(viewer)
    view.show(layer)
    made = [
        add(viewer, one) for one in (*_layers.latent_layers(result), _layers.error_layer(result))
    ]
    hidden = add_hidden(viewer, brain)
    qtbot.waitUntil(lambda: layer.visible)
    settle(40)
    assert list(viewer.layers) == [layer, *made, hidden]
    assert [one.visible for one in viewer.layers] == [True] * (len(made) + 1) + [False]
    assert viewer.dims.ndisplay == 2
    assert not dock.back.isEnabled()
    view.show(layer)
    add_hidden(viewer, brain)
    settle(40)
    assert view.layer in viewer.layers


@pytest.mark.parametrize("asked", ["result", "gene", "something to come back from"])
def test_what_is_asked_for_is_shown_in_place_of_a_surface(asked, brain, result, viewer, qtbot):
    layer = add(viewer, _layers.expression_layer(brain))
    view = surface_view(viewer)
    view.show(layer)
    settle(40)
    if asked == "result":
        ended = []
        made = add_result(viewer, result, Outputs(), lambda: ended.append(True))
        qtbot.waitUntil(lambda: bool(ended))
        assert [one.visible for one in (layer, *made)] == [True] * 3
        assert viewer.canvas.grid.enabled
    elif asked == "gene":
        comparison(viewer).show(result, brain.genes[0])
        settle(40)
        assert [one.visible for one in viewer.layers] == [False] + [True] * 3
        comparison(viewer).end()
        assert [one for one in viewer.layers if one.visible] == [layer]
    else:
        back(viewer).remember()
        layer.visible = False
        back(viewer).go()
        assert layer.visible
    settle(40)
    assert view.layer is None
    assert not any(isinstance(one, Surface) for one in viewer.layers)
    assert viewer.dims.ndisplay == 2


def test_samples_selected_meanwhile_come_with_the_volumes(brain, model):
    layer = add(model, _layers.expression_layer(brain))
    view = surface_view(model)
    view.show(layer)
    place = brain.parcellation
    selected = show_selection(model, place, np.arange(place.n_samples) < 9)
    assert not selected.visible
    assert not layer.visible
    view.leave()
    assert selected.visible
    assert layer.visible
    model.layers.remove(selected)
    assert show_selection(model, place, np.arange(place.n_samples) < 5).visible


@pytest.mark.parametrize("mesh", ["inflated", "pial"])
def test_what_is_shown_meanwhile_lies_where_the_surface_does(mesh, brain, model):
    layer = add(model, _layers.expression_layer(brain))
    hidden = add_hidden(model, brain)
    view = surface_view(model)
    points = np.array([[20.0, -40.0, 30.0]])

    view.show(layer, mesh, "left_lateral")
    hidden.visible = True
    assert view.layer is None
    assert [one.visible for one in model.layers] == [True, True]

    view.show(layer, mesh, "left_lateral")
    electrodes = model.add_points(points)
    in_place = mesh == "pial"
    assert (view.layer is not None) == in_place
    assert [one.visible for one in (layer, hidden, electrodes)] == [not in_place] * 2 + [True]

    view.leave()
    for one in model.layers:
        one.visible = False
        one.visible = True
    assert not any(isinstance(one, Surface) for one in model.layers)
