"""In 3-D maps are solid: in the very colours of 2-D, nothing of the outside, cut where asked."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers._layer_actions import _duplicate_layer

from clicking import click_on, settle
from napari_compressed_transcriptomics._writer import source_volume
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.solid import filled, unfilled
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.picking import sample_under
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import GRIDS, lone_voxel
from small import compressed
from viewing import add, bright_spot


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 3)


def colors(layer, data):
    """Colours that a layer gives to values."""
    low, high = layer.contrast_limits
    return layer.colormap.map(np.clip((data - low) / (high - low), 0, 1))


def middle_voxel(result):
    centroids = result.expression.parcellation.centroids
    return centroids[np.square(centroids - centroids.mean(0)).sum(1).argmin()]


def assert_same_in_3d(model, layer, part=slice(None)):
    """No voxel of the brain has another colour in 3-D, and none outside has any."""
    model.dims.ndisplay = 2
    inside, flat = np.isfinite(layer.data[part]), layer.data[part].copy()
    in_2d = colors(layer, flat[inside])
    model.dims.ndisplay = 3
    solid = layer.data[part]
    np.testing.assert_allclose(colors(layer, solid[inside]), in_2d, atol=0.02)
    assert not colors(layer, solid[~inside])[:, 3].any()


def test_colours_are_those_of_2d(result, model):
    _viewer.attach(model)
    error = add(model, _layers.error_layer(result))
    gene = add(model, _layers.expression_layer(result.expression))
    stack = add(model, _layers.latent_layers(result)[0])
    for layer in (error, gene):
        assert_same_in_3d(model, layer)
    for k in range(3):
        model.dims.set_point(0, k + 1)
        assert_same_in_3d(model, stack, k)


@pytest.mark.parametrize("kind", ["gene", "latents"])
def test_what_napari_duplicates_while_hidden_is_a_map_in_2d(kind, result, model):
    _viewer.attach(model)
    made = {
        "gene": lambda: _layers.expression_layer(result.expression),
        "latents": lambda: _layers.latent_layers(result)[0],
    }
    layer = add(model, made[kind]())
    model.dims.ndisplay = 3
    layer.visible = False
    model.layers.selection = {layer}
    _duplicate_layer(model.layers)
    copy = model.layers[1]
    assert copy is not layer
    model.dims.ndisplay = 2
    for one in (layer, copy):
        one.visible = True
        np.testing.assert_array_equal(one.data[:], shown(layer).painted()[:])
        assert one.rendering == "mip"
        assert (one.colormap.map(0.0)[..., 3] == 1).all()
    assert_same_in_3d(model, copy, 0 if kind == "latents" else slice(None))


def test_they_stay_so_when_limits_gene_or_colours_change(result, model):
    _viewer.attach(model)
    gene = add(model, _layers.expression_layer(result.expression))
    model.dims.ndisplay = 3
    low, high = gene.contrast_limits
    gene.contrast_limits_range = (low - 1, high + 1)
    for limits in ((low - 0.5, high), (low + 0.4 * (high - low), high)):
        gene.contrast_limits = limits
        assert_same_in_3d(model, gene)
    _layers.show_gene(gene, result.expression.genes[3])
    assert_same_in_3d(model, gene)
    gene.colormap = "magma"
    assert_same_in_3d(model, gene)
    model.dims.ndisplay = 2
    assert gene.colormap.name == "magma"
    assert gene.rendering == "mip"


def test_the_colour_bar_is_that_of_2d_and_the_middle_is_seen_on_white_and_on_black(result, model):
    view = _viewer.attach(model)
    add(model, _layers.latent_layers(result)[0])
    bars = []
    for model.dims.ndisplay in (2, 3):
        (cell,) = view.cells.look().cells
        rgba = np.frombuffer(cell.text.bar.colors, np.uint8).reshape(-1, 4)
        assert (rgba[1:, 3] == 255).all()  # the first is the outside in 3-D
        bars.append(rgba[1:, :3].astype(int))
    assert np.abs(bars[0] - bars[1]).max() <= 3
    middle = bars[0][len(bars[0]) // 2]
    assert np.ptp(middle) < 20
    assert 150 < middle.mean() < 225


def test_no_pixel_of_a_brain_is_darker_than_its_voxels(make_napari_viewer):
    """Were the outside blended in, edges would be as dark as no value is."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(700, 500)
    view = _viewer.attach(viewer)
    brain = lone_voxel((22, 14, 12), GRIDS["LAS"])
    brain.values[:] = 1.0
    layer = add(viewer, _layers.expression_layer(brain))
    layer.colormap, layer.contrast_limits = "gray", (0, 1)
    view.cells.wanted.written = False
    viewer.dims.ndisplay = 3
    view.shell.show(False)
    settle()
    viewer.canvas.overlays.axes.visible = False  # there where the corner is free
    grey = viewer.screenshot(flash=False)[..., :3].max(axis=-1)
    around = np.bincount(grey.ravel(), minlength=256).argmax()
    of_brain = grey[(grey > 0) & (grey != around)]
    assert of_brain.size > 0.1 * grey.size
    assert (of_brain < 240).mean() < 1e-3


def test_linked_layers_take_their_looks_together(result, model):
    _viewer.attach(model)
    layers = [add(model, _layers.expression_layer(result.expression)) for _ in range(2)]
    model.layers.link_layers(layers, ("colormap", "contrast_limits"))
    model.dims.ndisplay = 3
    layers[0].colormap = "inferno"
    for layer in layers:
        assert_same_in_3d(model, layer)
    model.dims.ndisplay = 2
    assert [layer.colormap.name for layer in layers] == ["inferno"] * 2


def test_a_solid_layer_is_saved_as_it_was_read(result, model):
    _viewer.attach(model)
    stack = add(model, _layers.latent_layers(result)[0])
    expected, _ = source_volume(*stack.as_layer_data_tuple()[:2])
    model.dims.ndisplay = 3
    stack.contrast_limits = (-0.01, 0.01)
    found, _ = source_volume(*stack.as_layer_data_tuple()[:2])
    np.testing.assert_array_equal(found, expected)
    painted = np.float32([[[np.nan, 0.2, 0.5, 0.9]]])
    place, values = Parcellation.from_mask(np.isfinite(painted), np.eye(4)), painted[0, 0, 1:]
    assert unfilled(filled(place, values, (0.3, 0.8)), painted)
    assert not unfilled(filled(place, values + 0.1, (0.3, 0.8)), painted)  # edited


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_cut_takes_away_what_is_before_the_place(plane, result, model):
    view = _viewer.attach(model)
    layer = add(model, _layers.error_layer(result))
    model.dims.ndisplay = 3
    place = middle_voxel(result)
    model.dims.set_point([0, 1, 2], place[::-1])
    view.cut.show(plane)
    (cut,) = layer.experimental_clipping_planes
    axis = ("axial", "coronal", "sagittal").index(plane)
    assert abs(cut.normal[axis]) == 1
    assert np.dot(cut.normal, model.scene.camera.view_direction) > 0  # behind stays
    np.testing.assert_allclose(cut.position, model.dims.point)
    model.dims.set_point(axis, model.dims.point[axis] + 16)  # it goes with the place
    np.testing.assert_allclose(cut.position, model.dims.point)

    later = add(model, _layers.expression_layer(result.expression))
    assert len(later.experimental_clipping_planes) == 1
    model.dims.ndisplay = 2
    assert not layer.experimental_clipping_planes
    model.dims.ndisplay = 3
    assert layer.experimental_clipping_planes
    view.cut.show("")
    assert not layer.experimental_clipping_planes


@pytest.mark.parametrize("keys", [("Shift",), ()])
def test_shift_and_the_mouse_drag_a_cut(keys, result, model):
    view = _viewer.attach(model)
    layer = add(model, _layers.error_layer(result))
    model.dims.ndisplay = 3
    model.dims.set_point([0, 1, 2], middle_voxel(result)[::-1])
    view.cut.show("axial")
    (cut,) = layer.experimental_clipping_planes
    before, zoom = np.array(cut.position), model.scene.camera.zoom
    event = SimpleNamespace(type="mouse_press", modifiers=keys, pos=(50, 50))
    drag = view.cut._on_drag(model, event)
    next(drag, None)
    event.type, event.pos = "mouse_move", (50, 50 + 24 * zoom)  # down
    next(drag, None)
    moved = np.subtract(layer.experimental_clipping_planes[0].position, before)
    np.testing.assert_allclose(moved, (-24 if keys else 0, 0, 0), atol=layer.scale[0] / 2)


def test_a_ray_ends_at_the_first_voxel_that_no_cut_took_away(result, model):
    view = _viewer.attach(model)
    layer = add(model, _layers.error_layer(result))
    model.dims.ndisplay = 3
    place = middle_voxel(result)
    model.dims.set_point([0, 1, 2], place[::-1])
    from_above = np.array([-1.0, 0, 0])  # z, y, x
    start = place[::-1] + np.array((200, 0, 0))

    def seen():
        sample = sample_under(layer, start, from_above, (0, 1, 2))
        return result.expression.parcellation.centroids[sample]

    column = result.expression.parcellation.centroids
    same = np.abs(column[:, :2] - place[:2]).max(1) <= 4
    assert seen()[2] == column[same, 2].max()
    model.scene.camera.set_view_direction((-1, 0.1, 0), (0, 1, 0))
    view.cut.show("axial")
    assert abs(seen()[2] - model.dims.point[0]) <= 8
    layer.rendering = "mip"
    assert seen()[2] <= model.dims.point[0] + 8


@pytest.mark.parametrize("made", [_layers.error_layer, lambda r: _layers.latent_layers(r)[0]])
def test_the_status_tells_the_value_that_is_seen(made, result, model):
    """napari by itself tells the outside's, a number far below all values."""
    _viewer.attach(model)
    layer = add(model, made(result))
    model.dims.ndisplay = 3
    component = [3.0] * (layer.ndim - 3)  # of latents: the last, counted from 1
    place = np.r_[component, middle_voxel(result)[::-1]]
    down = np.r_[np.zeros(len(component)), -1, 0, 0]
    how = {"view_direction": down, "dims_displayed": [*range(layer.ndim)][-3:]}
    above, beside = place - 200 * down, place + np.eye(layer.ndim)[-1] * 500
    values = shown(layer).values.reshape(result.expression.n_samples, -1)[:, -1]
    told = layer.get_value(above, **how, world=True)
    assert told == pytest.approx(float(values[sample_under(layer, above, **how)]))
    assert float(layer.get_status(above, **how, world=True)["value"]) == pytest.approx(
        told, rel=0.01
    )
    assert layer.get_value(beside, **how, world=True) is None
    model.dims.ndisplay = 2
    model.dims.set_point(range(layer.ndim), place)
    assert layer.get_value(place, world=True) == pytest.approx(values[sample_under(layer, place)])


def test_a_click_finds_what_is_in_front_and_a_cut_opens_the_way(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    view = _viewer.attach(viewer)
    brain = lone_voxel((22, 14, 12), GRIDS["LAS"])
    layer = add(viewer, _layers.expression_layer(brain))
    viewer.dims.ndisplay = 3
    shared, centroids = session(viewer), brain.parcellation.centroids
    click_on(viewer, layer, centroids.mean(0))
    forward = np.array(viewer.scene.camera.view_direction)[::-1]
    depth = (centroids[shared.pick.sample] - centroids.mean(0)) @ forward
    assert depth < -28  # of a ball of 36 mm

    spot = centroids[brain.values[:, 0].argmax()]
    viewer.dims.set_point([0, 1, 2], spot[::-1])
    layer.colorbar.visible = viewer.canvas.overlays.scale_bar.visible = False
    view.cut.show("coronal")  # the camera is behind, the spot in front
    settle()
    viewer.canvas.overlays.axes.visible = False
    right, up = bright_spot(viewer)
    assert right > 0.05
    assert up > 0.05
    click_on(viewer, layer, spot)
    assert brain.values[shared.pick.sample, 0] > 0.9


def test_filling_a_map_takes_the_memory_of_a_map():
    """Of more, the system gives each page anew, for as long as all the rest takes."""
    rng = np.random.default_rng(0)
    place = Parcellation(rng.integers(0, 4, (40, 50, 60), np.int32), np.eye(4))
    filled(place, np.ones(3), (0.0, 1.0))
    tracemalloc.start()
    try:
        size = filled(place, np.ones(3), (0.0, 1.0)).nbytes
        assert tracemalloc.get_traced_memory()[1] < 1.2 * size
    finally:
        tracemalloc.stop()
