"""The page View in the real window, clicked on real and synthetic brains, dark and light.

The first gene of each is made to rise from left to right: a picture that is mirrored is seen by
its colours, on whatever atlas.
"""

import gc
from dataclasses import replace
from types import SimpleNamespace
from weakref import ref

import numpy as np
import pytest
from napari.utils.notifications import NotificationSeverity

from clicking import click_at, click_on, press, settle
from data import is_there, real_data, real_expression
from napari_compressed_transcriptomics.core.brain_space import NLIN6, record_space
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.spatial.surface_sampling import surface_sampling
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.anatomy.four_views import open_views
from napari_compressed_transcriptomics.viewer.anatomy.place import position
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of
from napari_compressed_transcriptomics.viewer.anatomy.shell import NAME as SHELL
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells.camera import on_canvas
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.viewer.window.turns import Turns
from napari_compressed_transcriptomics.widgets.four_views import FourViews
from napari_compressed_transcriptomics.widgets.shared.session import session
from real_window import millimetres

MAPS, SYNTHETIC = "real maps", "synthetic brain"
REGIONS = "ahba_schaefer100"
BRAINS = (REGIONS, MAPS) if is_there(REGIONS) else (SYNTHETIC,)
PLANES = {"dark": ("axial", "3d"), "light": ("coronal", "sagittal")}
GENES = ("GABRA1", "GRIN1", "GRM3")


def expression_of(name):
    if name == SYNTHETIC:
        found = synthetic_brain(voxel_mm=8, n_genes=40)
    elif name == MAPS:
        files = [real_data(f"mrna/{gene}_mirr_mRNA.nii.gz") for gene in GENES]
        found = read_expression(files, impute="drop_genes")
    else:
        found = real_expression(name)
    values = found.values[:, :2].copy()
    values[:, 0] = found.parcellation.centroids[:, 0]
    genes = ("TO THE RIGHT", found.genes[1])
    source = dict(found.source)
    if name != SYNTHETIC:
        record_space(source, NLIN6)
    imputed = np.empty((0, 2), np.int64)
    return replace(found, values=values, genes=genes, source=source, imputed=imputed)


@pytest.fixture
def viewer(make_napari_viewer):
    made = make_napari_viewer(show=True)
    made.window.resize(900, 600)  # each pixel costs time where software draws
    return made


@pytest.fixture
def main(viewer):
    _, made = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    press(made.steps["View"])
    return made


def page(main):
    return main.stack.currentWidget()


def show_page(main, tab):
    tabs = main.tabs
    at = [tabs.tabText(i) for i in range(tabs.count())].index(tab)
    place = tabs.tabRect(at).center()
    click_at(tabs, place.x(), place.y())
    return page(main)


def sides(viewer, canvas):
    """Where, of its room from 0 (left) to 1, a brain is dark violet and where it is yellow."""
    settle()
    picture = canvas.screenshot(flash=False)[..., :3].astype(float)
    room = attach(viewer).cells.look().cells[0].layout.brain
    picture = picture[int(room.y) :][: int(room.height), int(room.x) :][:, : int(room.width)]
    red, green, blue = np.moveaxis(picture, -1, 0)
    low = (blue > 1.5 * green) & (red > green) & (blue > 20)
    high = (green > 1.6 * blue) & (red > 0.75 * green) & (green > 80)
    found = []
    for color in (low, high):
        assert color.mean() > 0.005, color.mean()
        found.append(np.nonzero(color)[1].mean() / picture.shape[1])
    return found


def assert_left_is_left(viewer, canvas=None):
    low, high = sides(viewer, canvas or viewer)
    assert low < 0.45 < 0.55 < high


def crosshair_is_at(viewer, mm):
    """Whether lines meet where a place (x, y, z) is seen."""
    seen = attach(viewer).cells.look()
    cell = seen.cells[0].layout.cell
    there = on_canvas(viewer, cell, np.array(mm)[::-1])[0]
    return np.allclose(np.array(seen.cross)[0] + cell.middle, there, atol=0.01)


def template_is_seen(viewer):
    return bool(attach(viewer).cells._sources(under=True))


def on_the_left(expression, near):
    """Return the sample, and the middle of its voxel in mm, that lies nearest to a place."""
    voxels = np.argwhere(expression.parcellation.labels)
    places = millimetres(voxels, expression.parcellation.affine)
    at = np.square(places - near).sum(1).argmin()
    sample = expression.parcellation.labels[tuple(voxels[at])] - 1
    assert expression.parcellation.centroids[sample, 0] < 0
    return SimpleNamespace(sample=sample, mm=places[at])


def within(viewer, layer):
    """How far, in mm, a click on a pixel may lie from what was meant: it goes to a voxel."""
    return max(layer.scale[-3:]) / 2 + 0.7 / viewer.scene.camera.zoom


def four_dock(viewer):
    (found,) = [x for x in viewer.window.dock_widgets.values() if isinstance(x, FourViews)]
    return found


@pytest.mark.parametrize("name", BRAINS)
def test_planes_four_views_and_surface(name, main, viewer, qtbot, told):
    expression = expression_of(name)
    layer = add_expression(viewer, expression)
    in_mni = name != SYNTHETIC
    for theme, planes in PLANES.items():
        viewer.theme = theme
        brain = show_page(main, "Brain")
        for plane in planes:
            press(brain.views[plane])
            assert plane_of(viewer) == plane
            assert layer.visible
            if in_mni:  # the template is made in a thread
                qtbot.waitUntil(lambda: template_is_seen(viewer) == (plane_of(viewer) != "3d"))
            if plane != "sagittal":
                assert_left_is_left(viewer)
            assert plane != "3d" or viewer.layers[SHELL].visible
    press(brain.views["axial"])
    assert_four_views_go_where_is_clicked(brain, viewer, layer, expression, qtbot)
    main.parent().raise_()
    settle()
    assert_surface_has_both_sides(show_page(main, "Surface"), viewer, layer, qtbot)
    close_four_views(viewer, qtbot)
    bad = [x.message for x in told if x.severity >= NotificationSeverity.ERROR]
    assert not bad


def assert_four_views_go_where_is_clicked(brain, viewer, layer, expression, qtbot):
    press(brain.four)
    dock = four_dock(viewer)
    qtbot.waitUntil(lambda: len(dock.cells) == 3)  # one comes in each turn of the event loop
    qtbot.waitUntil(lambda: all(layer in view.copies for view in dock.views.views))
    settle()
    axial, coronal = [on_the_left(expression, place) for place in ((-40, -20, 10), (-27, 4, 0))]
    viewer.dims.set_point(range(3), axial.mm[::-1])
    click_on(viewer, layer, axial.mm)
    np.testing.assert_allclose(position(viewer), axial.mm, atol=within(viewer, layer))
    for cell in dock.cells:
        assert cell.view.copies[layer].visible
        if cell.view.plane == "coronal":
            assert_left_is_left(cell.view.model, cell.canvas)
            viewer.dims.set_point(1, coronal.mm[1])
            seen = attach(cell.view.model).cells.look().cells[0].layout.cell
            (place,) = on_canvas(cell.view.model, seen, coronal.mm[::-1])
            click_at(cell.canvas.canvas.native, *place)
            np.testing.assert_allclose(
                position(viewer), coronal.mm, atol=within(cell.view.model, layer)
            )
    went = position(viewer)
    assert session(viewer).pick.sample == on_the_left(expression, went).sample
    for model in (viewer, *(view.model for view in dock.views.views)):
        if plane_of(model) != "3d":  # which follows later
            axis = model.dims.order[-3]
            assert model.dims.point[axis] == pytest.approx(went[::-1][axis], abs=1e-3)
            assert crosshair_is_at(model, went)


def assert_surface_has_both_sides(surface, viewer, layer, qtbot):
    press(surface.views["dorsal"])
    qtbot.waitUntil(lambda: surface_view(viewer).layer is not None)  # it comes in turns
    assert not layer.visible
    assert not attach(viewer).cells.look().cross  # vertices lie elsewhere than in the brain
    (cell,) = attach(viewer).cells.look().cells
    assert cell.text.title == f"{layer.name} on the surface"
    assert_left_is_left(viewer)
    press(surface.views["four"])
    qtbot.waitUntil(lambda: bool(attach(viewer).cells.look().words))
    assert_left_is_left(viewer)
    words = [one.text for one in attach(viewer).cells.look().words]
    assert [word.split()[1:3] for word in words] == [
        ["left", "lateral"], ["right", "lateral"], ["left", "medial"], ["right", "medial"],
    ]  # fmt: skip
    press(surface.back)
    assert layer.visible
    assert plane_of(viewer) == "axial"


def test_the_surface_is_painted_when_it_is_in_its_place(main, viewer, qtbot, monkeypatch):
    """Not the canvas without it, nor what napari makes room for; it was looked up before."""
    add_expression(viewer, expression_of(SYNTHETIC))
    surface = show_page(main, "Surface")
    qtbot.waitUntil(lambda: not surface._background.busy)
    attach(viewer).turns.finish()  # with a screenshot, for the letters of 3-D
    qtbot.waitUntil(viewer.window._qt_viewer.canvas.native.updatesEnabled)
    settle(30)
    assert surface_view(viewer).layer is None
    monkeypatch.setattr(f"{surface_sampling.__module__}.SurfaceSampling", None)
    drawn = []
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda event: drawn.append(surface_view(viewer).layer is not None))
    press(surface.views["four"])
    qtbot.waitUntil(lambda: surface_view(viewer).layer is not None)
    settle(30)
    assert drawn
    assert all(drawn)


def test_back_is_painted_when_a_step_is_done(main, viewer, qtbot, monkeypatch):
    """napari makes room in the midst of one, for which Qt would paint the canvas at once."""
    layer = add_expression(viewer, expression_of(SYNTHETIC))
    surface = show_page(main, "Surface")
    press(surface.views["left_lateral"])
    qtbot.waitUntil(lambda: surface_view(viewer).layer is not None)
    settle()
    in_step, drawn, turn = [], [], Turns._turn

    def watched(self):
        in_step.append(1)
        turn(self)
        in_step.pop()

    monkeypatch.setattr(Turns, "_turn", watched)
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda event: drawn.append(bool(in_step)))
    press(surface.back)
    qtbot.waitUntil(lambda: layer.visible and not surface.back.isEnabled())
    settle()
    assert drawn
    assert not any(drawn)


def test_closed_views_leave_neither_crosshair_nor_canvases(main, viewer, qtbot):
    layer = add_expression(viewer, expression_of(SYNTHETIC))
    brain = page(main)
    for _ in range(2):
        press(brain.four)
        qtbot.waitUntil(lambda: len(four_dock(viewer).cells) == 3)
        qtbot.waitUntil(lambda: all(layer in x.copies for x in open_views(viewer).views))
        assert attach(viewer).cells.look().cross
        show_shells(four_dock(viewer))
        close_four_views(viewer, qtbot)
        assert not attach(viewer).cells.look().cross


def show_shells(dock):
    """Have each view hold a layer, to which its canvas listens."""
    for cell in dock.cells:
        cell.view.view.shell.show(True)


def close_four_views(viewer, qtbot):
    """Close the dock; nothing of its three canvases is left."""
    views = [ref(cell.view.model) for cell in four_dock(viewer).cells]
    press(four_dock(viewer).parent().titleBarWidget().close_button)
    assert open_views(viewer) is None

    def none_is_left():
        gc.collect()
        return not any(view() for view in views)

    qtbot.waitUntil(none_is_left)
