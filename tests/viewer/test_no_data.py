"""Regions without data are hatched, in cells and in figures, and the caption says so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clicking import settle
from napari_compressed_transcriptomics.figures.brain_figures import colours_of
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.figures.drawing import draw_maps
from napari_compressed_transcriptomics.figures.hatching import with_hatching
from napari_compressed_transcriptomics.figures.request import FigureRequest
from napari_compressed_transcriptomics.figures.scale import Scale
from napari_compressed_transcriptomics.figures.slices import BrainSpace
from napari_compressed_transcriptomics.io.readers.assemble import assemble
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_map import plane_shown
from napari_compressed_transcriptomics.viewer.picking import sample_under
from phantom import GRIDS
from small import compressed
from viewing import add

HATCHED = "hatched: no data"
BLOCKS = {1: "left front", 2: "right front", 3: "left back", 4: "right back"}


def blocks(grid, values=(0.2, 0.8, np.nan)):
    """A brain of four blocks: of the third there are no data, of the last no row."""
    labels = np.zeros((20, 20, 12), np.int32)
    labels[10:, 10:, 2:10], labels[2:10, 10:, 2:10] = 1, 2
    labels[10:, 2:10, 2:10], labels[2:10, 2:10, 2:10] = 3, 4
    return assemble(
        np.float32(np.column_stack([values, values])),
        ("A", "B"),
        tuple(BLOCKS.values())[:3],
        np.where(labels == 4, 0, labels),
        GRIDS[grid],
        path=Path("blocks.csv"),
        regions=labels > 0,
    ), labels


@pytest.mark.parametrize("grid", ["LAS", "RAS", "permuted"])
def test_the_place_of_what_is_left_out_is_known(grid):
    brain, labels = blocks(grid)
    place = brain.parcellation
    np.testing.assert_array_equal(place.lacking, labels >= 3)
    np.testing.assert_array_equal(place.without(np.zeros(2)), labels >= 3)
    np.testing.assert_array_equal(place.without(np.array([0.0, np.nan])), labels >= 2)
    whole, _ = blocks(grid, (1.0, 2.0, 3.0))
    assert whole.parcellation.lacking.sum() == (labels == 4).sum()
    assert replace(whole.parcellation, lacking=None).without(np.zeros(3)) is None


@pytest.mark.parametrize("grid", ["LAS", "RAS", "permuted"])
def test_each_slice_has_its_hatching_where_the_region_is(grid, model):
    brain, labels = blocks(grid)
    add_expression(model, brain)
    place = np.argwhere(labels == 4).mean(0)
    mm = GRIDS[grid][:3, :3] @ place + GRIDS[grid][:3, 3]
    for axis in range(3):
        model.dims.order = (axis, *({0, 1, 2} - {axis}))
        model.dims.set_point(axis, mm[::-1][axis])
        (cell,) = attach(model).cells.look().cells
        assert HATCHED in cell.text.captions[0]
        left = [other for other in range(3) if other != axis]
        inside = np.argwhere(cell.no_data.pixels[..., 3])
        there = inside * cell.no_data.step + cell.no_data.corner
        at = np.array(mm[::-1])[left]
        assert np.abs(there - at).max(axis=1).min() <= 2  # mm: half a voxel
        assert attach(model).cells.look() == attach(model).cells.look()  # nothing to paint anew
    model.dims.ndisplay = 3
    (cell,) = attach(model).cells.look().cells
    assert cell.no_data is None  # nothing flat
    assert HATCHED in cell.text.captions[0]
    model.layers[0].rendering = "mip"
    assert HATCHED not in attach(model).cells.look().cells[0].text.captions[0]


def test_a_map_that_lacks_values_is_hatched_there_and_others_are_not(model):
    brain, labels = blocks("RAS", (0.2, 0.8, 0.5))
    brain = replace(brain, parcellation=replace(brain.parcellation, lacking=None))
    add_expression(model, brain)
    model.dims.set_point(0, 24)
    (cell,) = attach(model).cells.look().cells
    assert cell.no_data is None
    assert not any(HATCHED in caption for caption in cell.text.captions)
    some = layers.samples_layer(brain, np.array([1.0, np.nan, 2.0]), "target", "some")
    add(model, some)
    (cell,) = attach(model).cells.look().cells
    assert (cell.no_data.pixels[..., 3] > 0).sum() == (labels[:, :, 6] == 2).sum()


def test_axes_may_be_in_any_order_and_components_across_the_canvas(model):
    brain, labels = blocks("RAS")
    for one in layers.latent_layers(compressed(brain, 1)):
        add(model, one)
    cells = attach(model).cells
    place = np.array([24.0, 0, 0])
    cells.mark(place, "here")
    cells.cross(place)
    for order in ((0, 1, 2, 3), (1, 0, 2, 3)):
        model.dims.order = order
        model.dims.set_point(1, 24)
        seen = cells.look()
        assert (seen.cells[0].no_data.pixels[..., 3] > 0).sum() == (labels[:, :, 6] >= 3).sum()
        assert seen.slice[:2] == (0, 24)
        assert seen.mark is not None
        assert seen.cross
        assert plane_shown(model) == "axial"
    for order in ((2, 3, 0, 1), (1, 2, 3, 0)):
        model.dims.order = order
        seen = cells.look()
        assert (seen.cells[0].no_data, seen.slice, seen.mark, seen.cross) == (None, (), None, ())


def test_hatching_is_drawn_in_the_window(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(800, 600)
    brain, _ = blocks("RAS")
    add_expression(viewer, brain)
    viewer.dims.set_point(0, 24)
    settle()
    picture = viewer.screenshot(flash=False)[..., :3].astype(int)
    height, width = picture.shape[:2]
    quarters = {
        (up, left): picture[h, w]
        for up, h in ((True, slice(height // 8, height // 2)), (False, slice(height // 2, None)))
        for left, w in ((True, slice(None, width // 2)), (False, slice(width // 2, None)))
    }
    grey = {
        key: (np.ptp(part, axis=-1) == 0) & (part[..., 0] > 90) & (part[..., 0] < 140)
        for key, part in quarters.items()
    }
    shares = {key: part.mean() for key, part in grey.items()}
    assert min(shares[False, True], shares[False, False]) > 0.05
    assert max(shares[True, True], shares[True, False]) < 0.01


@pytest.mark.parametrize("seen_from", ["behind", "the front"])
def test_in_3d_the_side_without_data_is_hatched(seen_from, make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(800, 600)
    brain, _ = blocks("RAS")
    layer = add_expression(viewer, brain)
    viewer.dims.ndisplay = 3
    forward = {"behind": 1, "the front": -1}[seen_from]
    viewer.scene.camera.set_view_direction((0, forward, 0), (1, 0, 0))
    settle()
    picture = viewer.screenshot(flash=False)[..., :3].astype(int)
    grey = [(np.abs(picture - grey) <= 1).all(-1).mean() for grey in (51, 153)]
    assert np.sum(grey) > 0.1 if forward == 1 else np.sum(grey) < 0.02
    middle = np.array([24.0, 40 - forward * 100, 40 + 12])  # z, y, x: of the blocks at the right
    under = sample_under(layer, middle, np.array([0, forward, 0]), [0, 1, 2])
    assert under == (None if forward == 1 else 0)


@pytest.mark.parametrize(("grid", "plane"), [("LAS", "axial"), ("permuted", "sagittal")])
def test_figures_are_hatched_and_have_a_legend(grid, plane):
    brain, labels = blocks(grid)
    one = BrainMap(brain.values[:, 0], brain.parcellation, "A", "A (units of the data)")
    space = BrainSpace(np.isfinite(one.volume), GRIDS[grid], around=np.array([[-90] * 3, [90] * 3]))
    (picture,) = space.slices(plane)
    hatched = with_hatching(picture, one.lacking, GRIDS[grid])
    area = (labels >= 3).any(axis=2).sum() * (4 / space.step) ** 2  # in pixels
    assert hatched.hatched.sum() == pytest.approx(area, rel=0.05)
    assert not (hatched.hatched & (picture.voxels >= 0)).any()
    colours = colours_of(hatched, one.volume, Scale("viridis", 0.0, 1.0, "A").mappable())
    greys = np.unique(colours[hatched.hatched], axis=0)
    assert len(greys) == 2  # lines, and what lies between
    assert (np.ptp(greys[:, :3], axis=1) == 0).all()

    def words(one):
        figure = draw_maps(
            [one], FigureRequest(what=("gene:A",), n=2, planes=(plane,), width_cm=8, dpi=60)
        )
        return [text.get_text() for text in figure.texts]

    assert "Hatched: no data" in words(one)
    whole = replace(one, parcellation=replace(one.parcellation, lacking=None))
    assert "Hatched: no data" not in words(whole)


def test_figures_reach_as_far_as_what_has_no_data():
    brain, _ = blocks("LAS")
    one = BrainMap(brain.values[:, 0], brain.parcellation, "A", "A (units of the data)")
    asked = FigureRequest(what=("gene:A",), n=1, planes=("axial",), width_cm=8, dpi=60)
    figure = draw_maps([one], asked)
    rgba = np.asarray(figure.axes[0].images[0].get_array())
    drawn = rgba[rgba[..., 3] == 1][:, :3]
    assert (np.ptp(drawn, axis=1) == 0).mean() == pytest.approx(8 / 18, abs=0.01)  # of the voxels
