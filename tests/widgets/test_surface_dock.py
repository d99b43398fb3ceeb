"""Dock Cortical surface: the map on the right side, its source's colours, and the way back."""

import numpy as np
import pytest

from clicking import choose_value, press, settle, stand_alone
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
from napari_compressed_transcriptomics.spatial.surface_views import (
    VIEWS,
    shading,
    surface_scene,
    vertex_colors,
)
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.solid import is_solid
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.widgets.cortical_surface import CorticalSurface
from small import compressed
from viewing import add, bright_spot

AFFINE = np.array([[6.0, 0, 0, -81], [0, 6, 0, -117], [0, 0, 6, -69], [0, 0, 0, 1]])
LEFT_FRONT = np.array([-35.0, 45, 15])


@pytest.fixture(scope="module")
def blob():
    """A brain whose first gene is high on the left in front, the second on the right behind."""
    place = Parcellation.from_mask(np.ones((28, 33, 28), bool), AFFINE)
    spots = [LEFT_FRONT, LEFT_FRONT * [-1, -1, 1]]
    far = [np.linalg.norm(place.centroids - spot, axis=1) for spot in spots]
    noise = np.random.default_rng(0).normal(0, 0.01, (place.n_samples, 4))
    values = np.column_stack([np.exp(-((d / 15) ** 2)) for d in (*far, far[0], far[1])]) + noise
    samples = tuple(map(str, range(place.n_samples)))
    return Expression(
        values.astype(np.float32), ("LEFT", "RIGHT", "A", "B"), samples, place, "blob"
    )


@pytest.fixture(scope="module")
def result(blob):
    return compressed(blob, 2)


@pytest.fixture
def dock(model, qtbot):
    return stand_alone(CorticalSurface(model), qtbot)


def ready(qtbot, dock):
    qtbot.waitUntil(lambda: not dock._background.busy)


def brightest(layer):
    """Where (x, y, z) a Surface layer has its highest values."""
    vertices, _, values = layer.data
    return vertices[values > 0.8 * values.max()][:, ::-1]


@pytest.mark.parametrize("view", VIEWS)
def test_scenes_turn_hemispheres_and_never_mirror_them(view):
    scene = surface_scene("pial", view)
    right = np.cross(scene.direction, scene.up)
    corners = scene.vertices[scene.faces].astype(float)
    assert np.linalg.det(corners - scene.vertices.mean(0)).sum() > 0  # faces still look outwards
    sides = fsaverage5()
    both = np.concatenate([sides["left"].pial, sides["right"].pial])[scene.of_vertex]
    if scene.in_place:
        np.testing.assert_array_equal(scene.vertices, both)
        return
    on_right, above = scene.vertices @ right > 0, scene.vertices[:, 2] > 0
    left = scene.of_vertex < 10_242
    np.testing.assert_array_equal(on_right, ~left)
    for i, (words, _) in enumerate(scene.captions):
        part = slice(i * 10_242, (i + 1) * 10_242)
        side, seen = words.split()[1:3]
        assert left[part].all() == (side == "left")
        assert above[part].all() == (seen == "lateral")
        # Anterior lies where the caption has its A.
        anterior = np.corrcoef(both[part, 1], scene.vertices[part] @ right)[0, 1]
        assert anterior * (1 if words.endswith("A") else -1) > 0.999
        # What is near the eye is the outside or the midline, as the caption says.
        near = -scene.vertices[part] @ scene.direction
        outside = np.corrcoef(abs(both[part, 0]), near)[0, 1]
        assert outside * (1 if seen == "lateral" else -1) > 0.99


def test_inflated_hemispheres_from_above_do_not_meet():
    scene = surface_scene("inflated", "dorsal")
    left = scene.of_vertex < 10_242
    assert scene.vertices[left, 0].max() < -5
    assert scene.vertices[~left, 0].min() > 5


def test_colors_are_the_maps_on_gyri_and_grey_where_there_are_no_data():
    bright = shading("inflated", "four")
    assert bright.max() == 1
    assert bright.min() > 0.4  # nothing is black
    n = len(bright)
    known = np.arange(n) % 2 == 0
    found = vertex_colors(np.tile([0.2, 0.4, 0.8, 0.1], (n, 1)), known, bright)
    np.testing.assert_allclose(
        found[known, :3] / bright[known, None], [[0.2, 0.4, 0.8]] * (n // 2), rtol=1e-4
    )
    assert (np.ptp(found[~known, :3], axis=1) == 0).all()
    assert (found[:, 3] == 1).all()


def test_a_gene_on_the_surface_and_back(blob, dock, model, qtbot):
    assert not dock.views["four"].isEnabled()
    layer = add(model, _layers.expression_layer(blob))
    other = model.add_image(np.zeros((3, 4, 5)), name="other")
    before = model.dims.ndisplay, model.dims.point, set(model.layers)
    choose_value(dock.mesh, "pial")
    press(dock.views["left_lateral"])
    ready(qtbot, dock)
    surface = surface_view(model).layer
    assert surface in model.layers
    assert not layer.visible
    assert not other.visible
    assert model.dims.ndisplay == 3
    assert not is_solid(layer)  # nor was it for a moment, which takes long
    assert "no data" in dock.about.text()
    where = brightest(surface)
    assert (where[:, 0] < -15).all()
    assert (where[:, 1] > 25).all()
    np.testing.assert_allclose(model.scene.camera.view_direction, (0, 0, 1), atol=1e-6)
    cells = attach(model).cells
    assert dict(cells.look().letters)["left"] == "A"
    cells.mark(LEFT_FRONT[::-1], "picked")
    assert cells.look().mark.name == "picked"  # the pial surface lies where the brain has it
    assert model.canvas.overlays.axes.visible

    press(dock.views["four"])
    ready(qtbot, dock)
    assert surface_view(model).layer is surface
    assert not cells.look().letters  # none is right for all
    assert not cells.look().mark
    assert not model.canvas.overlays.axes.visible
    words = cells.look().words
    assert [" ".join(one.text.split()[1:3]) for one in words] == [
        "left lateral", "right lateral", "left medial", "right medial",
    ]  # fmt: skip
    left, right, below, _ = words
    assert left.x < right.x
    assert left.y < below.y
    press(dock.back)
    assert (model.dims.ndisplay, model.dims.point, set(model.layers)) == before
    assert layer.visible
    assert other.visible
    assert not dock.back.isEnabled()
    assert not cells.look().words


def test_it_follows_gene_limits_and_colormap(blob, dock, model, qtbot):
    layer = add(model, _layers.expression_layer(blob))
    press(dock.views["dorsal"])
    ready(qtbot, dock)
    surface = surface_view(model).layer
    assert (brightest(surface)[:, 0] < 0).all()
    colors = surface.vertex_colors.copy()
    _layers.show_gene(layer, "RIGHT")
    assert (brightest(surface)[:, 0] > 0).all()
    assert (brightest(surface)[:, 1] < 0).all()
    assert "RIGHT" in surface.name
    assert np.abs(surface.vertex_colors - colors).max() > 0.1
    layer.contrast_limits = (0.2, 0.6)
    assert tuple(surface.contrast_limits) == (0.2, 0.6)
    layer.colormap = "magma"
    assert surface.colormap.name == "magma"
    (cell,) = attach(model).cells.look().cells
    assert cell.text.bar.numbers == (0.2, 0.6)
    assert cell.text.captions[0].startswith("expression (units of the data)")
    model.layers.remove(layer)  # without its source there is nothing to show
    assert surface not in model.layers
    assert surface_view(model).layer is None


def test_a_map_and_its_surface_are_deleted_together(blob, viewer, qtbot):
    view = surface_view(viewer)
    layer = add(viewer, _layers.expression_layer(blob))
    surface = view.show(layer, "pial", "four") and view.layer
    for each in (layer, surface):  # as napari deletes what is selected, in the order of a set
        viewer.layers.remove(each)
    assert list(viewer.layers) == []
    qtbot.waitUntil(lambda: viewer.dims.ndisplay == 2)
    assert view.layer is None


def test_a_surface_goes_with_its_map_unless_another_is_shown_by_then(blob, viewer, qtbot):
    view = surface_view(viewer)
    first, second, third = (add(viewer, _layers.expression_layer(blob)) for _ in range(3))
    view.show(first, "pial", "four")
    viewer.layers.remove(first)
    view.make_room()  # as the dock does, in a turn before
    settle(40)
    assert not second.visible
    view.show(second, "pial", "four")
    settle()
    assert view.layer in viewer.layers
    viewer.layers.remove(second)
    qtbot.waitUntil(lambda: third.visible)
    assert list(viewer.layers) == [third]
    assert viewer.dims.ndisplay == 2


def test_the_dock_shows_no_other_map_in_place_of_one_that_was_deleted(blob, viewer, qtbot):
    dock = CorticalSurface(viewer)
    viewer.window.add_dock_widget(dock)
    other, layer = (add(viewer, _layers.expression_layer(blob)) for _ in range(2))
    choose_value(dock.map, layer)
    press(dock.views["dorsal"])
    qtbot.waitUntil(lambda: surface_view(viewer).layer is not None)
    qtbot.waitUntil(lambda: dock.back.isEnabled())
    viewer.layers.remove(layer)
    assert not dock.back.isEnabled()
    assert "Grey" not in dock.about.text()
    qtbot.waitUntil(lambda: other.visible)
    ready(qtbot, dock)
    settle(30)
    assert list(viewer.layers) == [other]
    assert surface_view(viewer).layer is None


def test_volumes_are_not_shown_in_between_when_a_surface_and_they_are_deleted(blob, viewer):
    layer = add(viewer, _layers.expression_layer(blob))
    surface_view(viewer).show(layer, "pial", "four")
    seen = []
    layer.events.visible.connect(lambda: seen.append(layer.visible))
    viewer.layers.clear()
    settle()
    assert seen == []


def test_latents_follow_the_slider_and_have_colors_about_their_middle(result, dock, model, qtbot):
    error = add(model, _layers.error_layer(result))
    layer = add(model, _layers.latent_layers(result)[0])
    model.dims.set_point(0, 1)
    choose_value(dock.map, layer)
    press(dock.views["four"])
    ready(qtbot, dock)
    surface = surface_view(model).layer
    found = surface_view(model).found
    first = found.left.copy()
    model.dims.set_point(0, 2)
    second = surface_view(model).found.left
    assert not np.allclose(first, second, equal_nan=True)
    assert "component 2" in surface.name
    assert tuple(surface.contrast_limits) == tuple(layer.contrast_limits)
    assert (
        np.array(surface.colormap.colors)[:, 3] == 1
    ).all()  # in 3-D the volume's is see-through
    choose_value(dock.map, error)
    ready(qtbot, dock)
    assert surface_view(model).source is error
    assert surface_view(model).layer is surface
    assert "RMSE" in surface.name


def test_in_a_grid_the_surface_is_alone_and_the_grid_comes_back(blob, result, dock, model, qtbot):
    add(model, _layers.expression_layer(blob), _layers.error_layer(result))
    dock._view.show_side_by_side()
    press(dock.views["four"])
    ready(qtbot, dock)
    assert not model.canvas.grid.enabled
    press(dock.back)
    assert model.canvas.grid.enabled


def test_beside_layers_of_others_hemispheres_are_no_mirror_images(blob, model):
    """The orientation is napari's own where its layers came first, and mirrors the brain."""
    model.add_image(np.zeros((3, 4, 5)), name="other")
    layer = add(model, _layers.expression_layer(blob))
    camera = model.scene.camera
    assert camera.handedness == "right"
    before = camera.orientation
    view = surface_view(model)
    view.show(layer)
    assert camera.handedness == "left"  # in the order z, y, x: right in x, y, z
    view.leave()
    assert camera.orientation == before


def test_what_has_no_samples_is_refused(model):
    layer = model.add_image(np.zeros((3, 4, 5)), name="other")
    with pytest.raises(UserError, match="has no values of samples"):
        surface_view(model).show(layer)


def test_in_the_window_left_is_left(blob, make_napari_viewer):
    """From above the bright spot, left and in front, is seen at the upper left."""
    viewer = make_napari_viewer(show=True)
    layer = add(viewer, _layers.expression_layer(blob))
    view = surface_view(viewer)
    view.show(layer, "inflated", "dorsal")
    settle()
    attach(viewer).cells.wanted.written = False
    attach(viewer).cells.update()
    settle()
    right, up = bright_spot(viewer)
    assert right < -0.05
    assert up > 0.05
    view.show(layer, "inflated", "four")
    settle()
    right, _ = bright_spot(viewer)
    assert right < -0.05  # views of the left hemisphere are on the left
