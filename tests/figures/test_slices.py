"""Pictures of the brain stand right, whatever the grid's affine."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.figures import brain_figures
from napari_compressed_transcriptomics.figures.scale import Scale
from napari_compressed_transcriptomics.figures.slices import BrainSpace
from phantom import AFFINES, GRIDS, lone_voxel, make_phantom

# Where right (x), anterior (y) and superior (z) lie: axis and sign of the picture's right, up.
SIDES = {
    "the left": (-1, "y", "z"),
    "the right": (1, "y", "z"),
    "the front": (-1, "x", "z"),
    "behind": (1, "x", "z"),
    "above": (1, "x", "y"),
    "below": (-1, "x", "y"),
}
SPOT = np.array((22, 14, 12))


def space_and_spot(grid, mm=SPOT):
    brain = lone_voxel(tuple(mm), GRIDS[grid])
    space = BrainSpace(brain.parcellation.labels > 0, brain.parcellation.affine, pixels=60)
    return space, brain.parcellation.paint(brain.values[:, 0]), brain


def middle_of_bright(picture, volume):
    """Where the spot is drawn, from the picture's middle: right and up positive, in mm."""
    rows, columns = np.nonzero(picture.values(volume) > 0.9)
    assert len(rows)
    height, width = picture.voxels.shape
    step = picture.size[0] / width
    return (columns.mean() + 0.5 - width / 2) * step, (rows.mean() + 0.5 - height / 2) * step


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(
    ("plane", "axes"), [("axial", (0, 1)), ("coronal", (0, 2)), ("sagittal", (1, 2))]
)
def test_slices_show_right_on_the_right(grid, plane, axes):
    space, volume, brain = space_and_spot(grid)
    pictures = space.slices(plane, 15)
    showing = [picture for picture in pictures if (picture.values(volume) > 0.9).any()]
    centre = brain.parcellation.centroids.mean(axis=0)
    spot = brain.parcellation.centroids[brain.values[:, 0] > 0.9].mean(axis=0)
    for picture in showing:
        np.testing.assert_allclose(
            middle_of_bright(picture, volume), (spot - centre)[list(axes)], atol=3.5
        )
        assert (picture.left, picture.right) == (("P", "A") if plane == "sagittal" else ("L", "R"))
        mm = float(picture.title.split()[2])
        assert abs(mm - spot[3 - sum(axes)]) < 12
    assert 1 <= len(showing) <= 6


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("side", SIDES)
def test_projections_show_the_spot_where_it_is_seen_from_there(grid, side):
    space, volume, brain = space_and_spot(grid)
    sign, across, up = SIDES[side]
    centre = brain.parcellation.centroids.mean(axis=0)
    spot = brain.parcellation.centroids[brain.values[:, 0] > 0.9].mean(axis=0) - centre
    expected = (sign * spot["xyz".index(across)], spot["xyz".index(up)])
    picture = space.projection(side, volume)
    np.testing.assert_allclose(middle_of_bright(picture, volume), expected, atol=3.5)
    letter = {"x": "LR", "y": "PA"}[across][sign > 0]
    assert picture.right == letter


@pytest.mark.parametrize(
    ("side", "mm"),
    [
        ("the left", (-34, 0, 0)),
        ("the right", (34, 0, 0)),
        ("the front", (0, 34, 0)),
        ("behind", (0, -34, 0)),
        ("above", (0, 0, 34)),
        ("below", (0, 0, -34)),
    ],
)
def test_surfaces_show_their_side_only(side, mm):
    space, volume, _ = space_and_spot("permuted", np.array(mm))
    seen = {name: (space.surface(name).values(volume) > 0.9).sum() for name in SIDES}
    assert max(seen, key=seen.get) == side
    opposite = {"the left": "the right", "the front": "behind", "above": "below"}
    opposite |= {there: here for here, there in opposite.items()}
    assert seen[opposite[side]] == 0


def test_a_surface_is_lit_and_shows_voxels_inside_only():
    space, volume, _ = space_and_spot("LAS")
    picture = space.surface("above")
    shown = picture.voxels >= 0
    assert np.isfinite(picture.values(volume)[shown]).all()
    assert space.inside.ravel()[picture.voxels[shown]].all()
    light = picture.light[shown]
    assert 0.4 < light.min() < light.max() <= 1
    assert np.ptp(light) > 0.2


@pytest.mark.parametrize("affine", AFFINES)
def test_every_affine_gives_pictures(affine):
    """Oblique and anisotropic grids, of a few voxels."""
    phantom = make_phantom(AFFINES[affine])
    volume = phantom.parcellation.paint(phantom.values[:, 0])
    space = BrainSpace(np.isfinite(volume), phantom.parcellation.affine)
    (axial,) = space.slices("axial")
    values = np.unique(axial.values(volume)[axial.voxels >= 0])
    assert set(values) <= set(volume[np.isfinite(volume)])
    largest = space.projection("above", volume)
    assert np.nanmax(largest.values(volume)) == np.nanmax(volume)


def test_figures_keep_the_scale_and_leave_the_background_free():
    space, volume, _ = space_and_spot("LAS")
    scale = Scale.of_error(volume)
    panel = brain_figures.Panel(brain_figures.slice_rows(space), volume, scale)
    figure = brain_figures.draw([panel])
    assert figure.patch.get_alpha() == 0
    pictures, bar = figure.axes[:-1], figure.axes[-1]
    assert len(pictures) == 18
    mm_an_inch = {
        round(axes.get_position().width * figure.get_size_inches()[0] / size, 6)
        for axes, picture in zip(
            pictures,
            [p for plane in ("axial", "coronal", "sagittal") for p in space.slices(plane, 6)],
            strict=True,
        )
        for size in [picture.size[0]]
    }
    assert len(mm_an_inch) == 1
    assert bar.get_ylabel() == "RMSE"
    assert bar.get_ylim()[0] == 0


def test_a_component_is_grey_at_its_mean():
    values = np.r_[np.full(99, 2.0), 5.0]
    scale = Scale.of_component(values, "component 1")
    assert (scale.low + scale.high) / 2 == pytest.approx(values.mean())
    red, green, blue, _ = scale.mappable().to_rgba(values.mean())
    assert red == pytest.approx(green, abs=0.01) == pytest.approx(blue, abs=0.01)
    assert 0.7 < red < 0.85  # seen on white and on black
    constant = Scale.of_component(np.full(9, 0.5), "dead")
    assert constant.low < 0.5 < constant.high
