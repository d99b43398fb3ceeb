"""Dock Brain view: planes that stand right, millimetres, the shell, colour bars with units."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import activate, press, settle, stand_alone, type_into
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.place import position
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of
from napari_compressed_transcriptomics.viewer.anatomy.shell import NAME, shell_of
from napari_compressed_transcriptomics.viewer.cells.letters import side_letters
from napari_compressed_transcriptomics.widgets.brain_view import BrainView
from phantom import lone_voxel
from small import compressed
from viewing import add, bright_spot

LETTERS = {"axial": "LRAP", "coronal": "LRSI", "sagittal": "PASI"}  # left, right, up, down


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 3)


@pytest.fixture
def dock(model, qtbot):
    return stand_alone(BrainView(model), qtbot)


def letters(viewer):
    return "".join(letter for _, letter in _viewer.attach(viewer).cells.look().letters)


def test_in_the_window_every_plane_stands_right(make_napari_viewer):
    """A spot at right, anterior, superior is found where fields and letters say."""
    viewer = make_napari_viewer(show=True)
    dock = BrainView(viewer)
    viewer.window.add_dock_widget(dock, area="right")
    spot = lone_voxel((22, 14, 12), np.diag([-4.0, 4, 4, 1]))
    add(viewer, _layers.expression_layer(spot))
    _viewer.attach(viewer).cells.wanted.written = False  # the colour bar is bright, too
    settle()
    mm = spot.parcellation.centroids[spot.values[:, 0].argmax()]
    for name, expected in LETTERS.items():
        press(dock.views[name])
        for axis, value in zip("xyz", mm, strict=True):
            type_into(dock.place[axis], f"{value:.1f}")
        settle()
        assert "".join(side_letters(viewer).values()) == expected
        right, up = bright_spot(viewer)
        assert right > 0.05
        assert up > 0.05
    press(dock.views["3d"])  # from sagittal, whose axes would make a mirror image
    viewer.layers[-1].rendering = "mip"  # the spot is on the far side of the solid ball
    settle()
    viewer.canvas.overlays.axes.visible = False  # has bright colours, too
    right, up = bright_spot(viewer)
    assert right > 0.05
    assert up > 0.05

    activate(viewer)
    for key, name in ((Qt.Key.Key_1, "axial"), (Qt.Key.Key_4, "3d"), (Qt.Key.Key_2, "coronal")):
        QTest.keyClick(viewer.window._qt_window, key, Qt.KeyboardModifier.AltModifier)
        assert plane_of(viewer) == name
        assert dock.views[name].isChecked()


def test_fields_go_there_and_follow(result, dock, model):
    assert not dock.place["x"].isEnabled()  # nothing to look at
    add(model, _layers.latent_layers(result)[0])
    model.dims.set_point(0, 2)
    target = result.expression.parcellation.centroids[33]
    for axis, value in zip("xyz", target, strict=True):
        type_into(dock.place[axis], f"{value:.1f}")
    np.testing.assert_allclose(position(model), target)
    assert model.dims.point[0] == 2  # the component stays

    model.dims.set_point(1, target[2] + 16)
    assert dock.place["z"].value() == target[2] + 16
    QTest.keyClick(dock.place["z"], Qt.Key.Key_Down)
    assert model.dims.point[1] == target[2]


@pytest.mark.parametrize("name", LETTERS)
def test_back_from_3d_the_same_slice_of_the_same_plane_is_shown(name, result, dock, model):
    add(model, _layers.latent_layers(result)[0])
    press(dock.views[name])
    model.dims.set_point((1, 2, 3), result.expression.parcellation.centroids[20][::-1])
    before = model.dims.point, model.dims.order
    model.dims.ndisplay = 3  # as by napari's own button
    assert dock.views["3d"].isChecked()
    assert model.dims.displayed == (1, 2, 3)
    assert letters(model)[:2] == "LR"
    model.dims.ndisplay = 2
    assert (model.dims.point, model.dims.order) == before
    assert dock.views[name].isChecked()


def test_the_shell_is_there_in_3d_only(result, dock, model):
    layer = add(model, _layers.error_layer(result))
    before = model.dims.range
    assert NAME not in model.layers
    press(dock.views["3d"])
    shell = model.layers[NAME]
    assert shell.visible
    assert model.layers.selection.active is layer
    assert model.dims.range == before  # sliders stay as they were
    centroids = result.expression.parcellation.centroids
    world = np.array([shell.data_to_world(vertex) for vertex in shell.data[0][::10]])[:, ::-1]
    np.testing.assert_allclose(world.min(0), centroids.min(0), atol=16)
    np.testing.assert_allclose(world.max(0), centroids.max(0), atol=16)

    press(dock.side_by_side)
    assert not shell.visible
    press(dock.side_by_side)
    assert shell.visible
    press(dock.views["axial"])
    assert not shell.visible
    press(dock.views["3d"])
    dock.shell.click()
    assert not shell.visible
    dock.shell.click()
    assert shell.visible
    model.layers.remove(shell)
    assert NAME not in model.layers  # deleted is deleted
    model.dims.ndisplay = 2
    model.dims.ndisplay = 3
    assert NAME not in model.layers


def test_cells_of_another_size_are_filled_in_3d_too(result, make_napari_viewer):
    """napari keeps a zoom of its own for 3-D: that of the narrow cells of a grid would stay."""
    viewer = make_napari_viewer(show=True)
    view = _viewer.attach(viewer)
    for layer in _layers.latent_layers(result, separate=True):
        add(viewer, layer).visible = True
    viewer.dims.ndisplay = 3
    settle()
    alone = viewer.scene.camera.zoom
    view.show_side_by_side((1, 3))
    settle()
    assert viewer.scene.camera.zoom < 0.7 * alone
    viewer.dims.ndisplay = 2
    view.show_in_one()
    viewer.dims.ndisplay = 3
    settle()
    assert viewer.scene.camera.zoom == pytest.approx(alone, rel=0.05)


@pytest.mark.parametrize("scale", [(2, 2, 2), (1, 1, 1), (0.7, 1, 2.5)])
def test_the_shell_is_a_ball_around_a_ball(scale):
    scale = np.array(scale, float)
    shape = (np.array((80, 82, 84)) / scale).astype(int)
    middle = (shape - 1) / 2
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1) - middle
    vertices, faces = shell_of(np.linalg.norm(grid * scale, axis=-1) < 30, scale)
    radius = np.linalg.norm((vertices - middle) * scale, axis=-1)
    assert radius.min() > 28
    assert radius.max() < 34
    assert faces.max() == len(vertices) - 1
    assert np.abs((vertices - middle).mean(0) * scale).max() < 0.5


def test_what_is_thin_has_a_shell_too():
    inside = np.zeros((12, 12, 12), bool)
    inside[6, 6, 3:9] = True
    vertices, faces = shell_of(inside, np.full(3, 2.0))
    assert len(faces)
    assert (np.abs(vertices - (6, 6, 5.5)).max(axis=0) <= (4, 4, 6)).all()


def said(viewer):
    """Return the longest caption of each cell that has a colour bar."""
    cells = _viewer.attach(viewer).cells.look().cells
    return [cell.text.captions[0] for cell in cells if cell.text.bar is not None]


def test_side_by_side_every_layer_has_its_bar_and_says_what_it_measures(result, dock, model):
    expression = add(model, _layers.expression_layer(result.expression))
    latents = add(model, _layers.latent_layers(result)[0])
    error = add(model, _layers.error_layer(result))
    of_expression, of_error = "expression (units of the data)", "RMSE (units of the data)"
    assert said(model) == [of_error]  # of what is seen
    error.visible = False
    assert said(model) == ["component 1 of 3"]
    press(dock.side_by_side)
    assert model.canvas.grid.enabled
    assert said(model) == [of_expression, "component 1 of 3"]
    error.visible = True
    assert said(model) == [of_expression, "component 1 of 3", of_error]
    latents.visible = False
    assert said(model) == [of_expression, of_error]
    latents.visible = True
    press(dock.side_by_side)
    assert not model.canvas.grid.enabled
    assert said(model) == [of_error]
    model.layers.clear()
    assert said(model) == []
    assert expression.name  # keeps it alive until here


def test_the_slice_is_told_in_mm_on_the_axes_that_are_seen(result, model):
    def told():
        return _viewer.attach(model).cells.look().place.replace("−", "-")

    _viewer.attach(model)
    assert told() == ""
    add(model, _layers.expression_layer(result.expression))
    model.dims.set_point(0, 16)
    assert told() == "z 16 mm"
    latents = add(model, _layers.latent_layers(result)[0])
    model.dims.set_point([0, 1], [2, 0])
    assert told() == "z 0 mm"
    model.dims.order = (0, 2, 1, 3)
    assert told() == f"y {model.dims.point[2]:g} mm"
    latents.visible = False
    assert told() == f"y {model.dims.point[2]:g} mm"
    model.dims.ndisplay = 3
    assert told() == ""
    latents.visible = True
    assert said(model) == ["component 2 of 3"]


def test_a_flat_picture_disables_the_planes(dock, model):
    model.add_image(np.zeros((5, 6)))
    assert not dock.views["coronal"].isEnabled()
    assert not dock.place["z"].isEnabled()


def test_what_others_show_is_left_alone(dock, model):
    """Without a layer of ours the 3-D order of axes belongs to others."""
    layer = model.add_image(np.zeros((5, 6, 7)))
    model.dims.order = (2, 0, 1)
    model.dims.ndisplay = 3
    assert model.dims.order == (2, 0, 1)
    assert list(model.layers) == [layer]
    assert _viewer.attach(model) is _viewer.attach(model)
