"""Four views: the same place in all, whatever was clicked where; the same layers, never copied."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.brain_space import NLIN6, record_space
from napari_compressed_transcriptomics.io.readers.volume import Volume
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.four_views import ALL, FourViews
from napari_compressed_transcriptomics.viewer.anatomy.place import position
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of, show_plane
from napari_compressed_transcriptomics.viewer.cells.camera import on_canvas
from napari_compressed_transcriptomics.viewer.cells.letters import side_letters
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.selection import show_selection
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from phantom import GRIDS, lone_voxel
from small import compressed
from viewing import add, value_at

LETTERS = {"axial": "LRAP", "coronal": "LRSI", "sagittal": "PASI", "3d": "LRSI"}


@pytest.fixture
def brain():
    """A ball with one bright spot at the right, in front and above."""
    return lone_voxel((22, 14, 12), GRIDS["LAS"])


@pytest.fixture
def layer(brain, model):
    _viewer.attach(model)
    return add(model, _layers.expression_layer(brain))


@pytest.fixture
def four(layer, model):
    clicks = []
    found = FourViews(model, lambda event, layers: clicks.append(layers), lambda: None)
    found.clicks = clicks
    yield found
    found.close()


def viewers(four, model):
    return {plane_of(x): x for x in (model, *(view.model for view in four.views))}


def assert_all_are_at(mm, four, model):
    """Slices are those of a place (z, y, x); along axes that a view displays, it need not move."""
    for name, viewer in viewers(four, model).items():
        if name != "3d":
            axis = viewer.dims.order[0]
            assert viewer.dims.point[axis] == pytest.approx(mm[axis])
    np.testing.assert_allclose(model.dims.point, mm)


def has_template(viewer):
    return bool(_viewer.attach(viewer).cells._sources(under=True))


def letters(viewer):
    return "".join(side_letters(viewer).values())


def mouse(viewer, *places, modifiers=()):
    """Press at the first of some places (z, y, x) in mm, move along, release at the last."""
    event = SimpleNamespace(
        button=1,
        modifiers=modifiers,
        position=places[0],
        pos=(0, 0),
        type="mouse_press",
        view_direction=None,
        dims_displayed=list(viewer.dims.displayed),
    )
    running = [made for call in viewer.mouse_drag_callbacks if (made := call(viewer, event))]
    for made in running:
        next(made, None)
    for number, place in enumerate(places[1:], 1):
        event.type, event.position, event.pos = "mouse_move", place, (10 * number, 0)
        for made in running:
            next(made, None)
    event.type = "mouse_release"
    for made in running:
        next(made, None)


def test_all_planes_are_there_and_each_has_its_letters(four, model):
    found = viewers(four, model)
    assert sorted(found) == sorted(ALL)
    assert {plane: letters(viewer) for plane, viewer in found.items()} == LETTERS
    for view in four.views:
        seen = view.view.cells.look()
        assert "".join(dict(seen.letters).values()) == LETTERS[view.plane]
        axis = {"axial": "z", "coronal": "y", "sagittal": "x", "3d": ""}[view.plane]
        assert seen.place[:1] == axis
        (cell,) = seen.cells
        assert cell.layout.bar is cell.text.bar is None  # there is no room


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_click_in_each_slice_leads_all_to_the_same_place(plane, four, brain, layer, model):
    spot = brain.parcellation.centroids[brain.values[:, 0].argmax()]
    found = viewers(four, model)
    axis = ("axial", "coronal", "sagittal").index(plane)
    model.dims.set_point(axis, spot[::-1][axis])
    beside = np.array(spot[::-1]) + np.delete([1.0, 1.5, -1.2], axis).mean()
    beside[axis] = spot[::-1][axis]
    mouse(found[plane], tuple(beside))
    assert_all_are_at(spot[::-1], four, model)
    for viewer in found.values():
        shows = next(x for x in viewer.layers if shown(x) is not None)
        assert value_at(shows, spot) > 0.9
        seen = _viewer.attach(viewer).cells.look()
        place, *ends = np.array(seen.cross) + seen.cells[0].layout.cell.middle
        there = on_canvas(viewer, seen.cells[0].layout.cell, spot[::-1])
        np.testing.assert_allclose([place], there)
        assert len(ends) == 2 * viewer.dims.ndisplay
        for low, high in zip(ends[::2], ends[1::2], strict=True):  # a line through the place
            along, aside = high - low, place - low
            assert abs(along[0] * aside[1] - along[1] * aside[0]) < 1e-6
    if viewers(four, model)[plane] is not model:
        assert [shown(x) for x in four.clicks[0] if shown(x)] == [shown(layer)]


def test_a_drag_goes_along_and_is_no_click_nor_are_keys(four, brain, model):
    found = viewers(four, model)
    middle = brain.parcellation.centroids.mean(0)[::-1]
    steps = [np.rint((middle + np.array((0, 4 * i, 8 * i))) / 4) * 4 for i in range(3)]
    mouse(found["sagittal"], *map(tuple, steps))
    np.testing.assert_allclose(position(model)[::-1], steps[-1])
    assert not four.clicks
    mouse(found["sagittal"], tuple(middle - 8), modifiers=("Shift",))
    np.testing.assert_allclose(position(model)[::-1], steps[-1])
    assert found["sagittal"].scene.camera.mouse_pan


def test_volumes_are_shared_and_follow_the_gene(brain, four, layer, model):
    flat = [x.copies[layer] for x in four.views if x.plane != "3d"]
    assert all(copy.data is layer.data for copy in flat)
    other = np.float32(brain.values[::-1].copy())
    new = _layers.samples_layer(brain, other[:, 0], "expression", "x")[1]["metadata"]
    _layers.update(layer, next(iter(new.values())))
    for view in four.views:
        copy = view.copies[layer]
        mm = brain.parcellation.centroids[7]
        assert value_at(copy, mm) == pytest.approx(
            max(other[7, 0], copy.contrast_limits[0]), abs=0.01
        )
        assert tuple(copy.contrast_limits) == tuple(layer.contrast_limits)


def test_looks_order_and_what_is_there_follow(brain, four, layer, model):
    second = add(model, _layers.expression_layer(brain))
    layer.visible, layer.opacity, layer.colormap = False, 0.5, "magma"
    for view in four.views:
        copy = view.copies[layer]
        assert (copy.visible, copy.opacity) == (False, 0.5)
        assert copy.colormap.name.startswith("magma")
    model.layers.move(model.layers.index(second), 0)
    for view in four.views:
        order = [x for x in view.model.layers if x in view.copies.values()]
        assert order == [view.copies[second], view.copies[layer]]
    model.layers.remove(second)
    for view in four.views:
        assert [x for x in view.model.layers if shown(x)] == [view.copies[layer]]


def test_a_surface_of_other_vertices_and_colours_follows(four, model):
    corners, faces = np.eye(4, 3) * 20, np.array([[0, 1, 2], [0, 1, 3]])
    surface = model.add_surface((corners[:3], faces[:1], np.ones(3)), vertex_colors=np.ones((3, 4)))
    with surface.events.data.blocker():
        surface.vertex_colors = None
        surface.data = corners, faces, np.ones(4)
    surface.vertex_colors = np.full((4, 4), 0.5)
    for view in four.views:
        assert len(view.copies[surface].vertices) == 4
        np.testing.assert_array_equal(view.copies[surface].vertex_colors, surface.vertex_colors)


def test_what_is_not_seen_is_not_brought(four, model):
    hidden = model.add_image(np.ones((4, 4, 4)), visible=False)
    assert all(hidden not in view.copies for view in four.views)
    hidden.visible = True
    assert all(view.copies[hidden].visible for view in four.views)
    model.layers.remove(hidden)
    assert all(hidden not in view.copies for view in four.views)


def test_labels_of_ours_are_in_all_views(brain, four, layer, model):
    place = brain.parcellation
    atlas = add(model, _layers.volume_layer(Volume(place.labels, place.affine, "labels", "atlas")))
    selected = show_selection(model, place, np.arange(place.n_samples) < 3)
    for labels in (atlas, selected):
        for view in four.views:
            copy = view.copies[labels]
            assert copy.visible
            np.testing.assert_array_equal(copy.data, labels.data)
            assert copy.rendering == labels.rendering
    others = np.arange(place.n_samples) == 5
    assert show_selection(model, place, others) is selected
    for view in four.views:
        np.testing.assert_array_equal(view.copies[selected].data, selected.data)


def test_a_plain_volume_of_ours_is_in_all_views(brain, four, model):
    data = np.zeros(brain.parcellation.labels.shape, np.float32)
    data[3:6, 4:8, 5:9] = np.arange(48).reshape(3, 4, 4)
    volume = Volume(data, brain.parcellation.affine, "image", "t1", 0.0)
    plain = add(model, _layers.volume_layer(volume))
    for view in four.views:
        assert view.copies[plain].visible


def test_the_component_follows(las, model):
    _viewer.attach(model)
    stack = add(model, _layers.latent_layers(compressed(las, 3))[0])
    four = FourViews(model, lambda *_: None, lambda: None)
    model.dims.set_point(0, 3)
    for view in four.views:
        assert view.model.dims.point[0] == 3
        assert tuple(view.copies[stack].contrast_limits) == tuple(stack.contrast_limits)
    four.close()


@pytest.mark.parametrize("plane", ["coronal", "sagittal", "3d"])
def test_another_plane_in_the_window_is_exchanged_with_the_view_that_had_it(plane, four, model):
    model.dims.set_point([0, 1, 2], (20, 40, -36))
    view = next(x for x in four.views if x.plane == plane)
    four.enlarge(view)
    assert plane_of(model) == plane
    assert plane_of(view.model) == "axial"
    assert sorted(viewers(four, model)) == sorted(ALL)
    assert {p: letters(v) for p, v in viewers(four, model).items()} == LETTERS
    assert_all_are_at((20, 40, -36), four, model)


def test_the_template_is_in_each_and_moves_nothing(brain, model):
    record_space(brain.source, NLIN6)
    view = _viewer.attach(model)
    layer = add(model, _layers.expression_layer(brain))
    assert model.scene.camera.orientation2d[0] == "up"  # the template is not the first layer
    model.dims.set_point([0, 1, 2], (20, 40, -36))
    four = FourViews(model, lambda *_: None, lambda: None)
    for plane in ("sagittal", "coronal", "3d", "axial"):
        show_plane(model, plane)
        assert_all_are_at((20, 40, -36), four, model)
        for name, viewer in viewers(four, model).items():
            assert has_template(viewer) == (name != "3d")
            assert letters(viewer) == LETTERS[name]
    view.background.show("MNI152 T1", False)
    four.follow_options()
    assert not any(map(has_template, viewers(four, model).values()))
    four.close()
    assert view.cells.look().cross == ()
    model.dims.set_point(0, 0)  # nobody listens
    assert layer in model.layers


def test_slices_keep_the_map_that_a_surface_stands_in_for(four, layer, model):
    """The surface is not in them: inflated, it is not where the brain has it."""
    surfaces = surface_view(model)
    surfaces.show(layer, "inflated", "four")
    assert not layer.visible
    other = model.add_image(np.ones((4, 4, 4)))
    for view in four.views:
        assert list(view.copies) == [layer, other]
        assert view.copies[layer].visible
    surfaces.leave()
    layer.visible = False
    assert not any(view.copies[layer].visible for view in four.views)
