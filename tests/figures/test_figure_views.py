"""Every view of a figure shows each side where it is, at the size that was asked for."""

import numpy as np
import pytest
from nibabel.affines import apply_affine

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.figures.brain_mesh import brain_mesh
from napari_compressed_transcriptomics.figures.drawing import draw_maps
from napari_compressed_transcriptomics.figures.request import FigureRequest
from napari_compressed_transcriptomics.figures.scale import scales_of
from napari_compressed_transcriptomics.figures.slices import BrainSpace
from napari_compressed_transcriptomics.figures.surface_pictures import surface_rows
from napari_compressed_transcriptomics.figures.template import before_template, mni_template
from napari_compressed_transcriptomics.figures.turning import turning_frames, view_from
from napari_compressed_transcriptomics.spatial.surface_sampling import surface_sampling
from phantom import GRIDS, lone_voxel

MNI_6MM = np.array([[-6.0, 0, 0, 90], [0, 6, 0, -126], [0, 0, 6, -72], [0, 0, 0, 1]])
SMALL = {"width_cm": 8.0, "dpi": 100}


def brain(value_at):
    """A map that fills MNI space at 6 mm, of a function of RAS mm (x, y, z)."""
    shape = (31, 37, 31)
    mm = apply_affine(MNI_6MM, np.stack(np.indices(shape), -1))
    place = Parcellation.from_mask(np.ones(shape, bool), MNI_6MM)
    values = value_at(*np.moveaxis(mm, -1, 0)).astype(np.float32).ravel()
    return BrainMap(values, place, "phantom", "phantom (mm)")


def spot_map(grid, mm=(22, 14, 12)):
    expression = lone_voxel(mm, GRIDS[grid])
    return BrainMap(expression.values[:, 0], expression.parcellation, "spot", "spot (no unit)")


def coloured(figure, axes=0):
    """Where the brightest colour of viridis is, as parts of a picture's width and height."""
    picture = figure.axes[axes].images[0].get_array()
    rows, columns = np.nonzero((picture[..., 0] > 0.9) & (picture[..., 2] < 0.3))
    assert len(rows)
    return (columns.mean() + 0.5) / picture.shape[1], (rows.mean() + 0.5) / picture.shape[0]


@pytest.mark.parametrize("grid", GRIDS)
def test_ortho_marks_the_place_where_the_spot_is_drawn(grid):
    one = spot_map(grid)
    bright = one.values > 0.9
    place = tuple(one.parcellation.centroids[bright].mean(axis=0))
    figure = draw_maps([one], FigureRequest(view="ortho", place=place, **SMALL))
    titles = [axes.texts[0].get_text()[0] for axes in figure.axes[:3]]
    assert titles == ["z", "y", "x"]
    middle = one.parcellation.centroids.mean(axis=0)
    for number, across in ((0, (0, 1)), (1, (0, 2)), (2, (1, 2))):
        x, y = coloured(figure, number)
        vertical, horizontal = figure.axes[number].lines
        assert abs(vertical.get_xdata()[0] - x) < 0.03
        assert abs(horizontal.get_ydata()[0] - y) < 0.03
        # right, anterior and superior of the middle: right of, and above it
        assert ((x > 0.5), (y > 0.5)) == tuple(place[a] > middle[a] for a in across)


def test_surface_views_keep_left_and_right_apart_and_front_in_front():
    sides = brain(lambda x, y, z: np.where(x < 0, 1.0, 2.0))
    values = surface_sampling(sides.parcellation)(sides.values)
    rows = surface_rows("pial", 90)
    assert [[p.title for p in row] for row in rows] == [
        ["left, lateral", "right, lateral"],
        ["left, medial", "right, medial"],
    ]
    for row in rows:
        for picture, expected in zip(row, (1, 2), strict=True):
            assert abs(np.nanmedian(picture.values(values)) - expected) < 0.1
    front = brain(lambda x, y, z: y)
    values = surface_sampling(front.parcellation)(front.values)
    for row in rows:
        for picture in row:
            shown = picture.values(values)
            half = shown.shape[1] // 2
            left_is_front = np.nanmean(shown[:, :half]) > np.nanmean(shown[:, half:])
            assert (picture.left == "A") == left_is_front
            assert {picture.left, picture.right} == {"A", "P"}
    upper = brain(lambda x, y, z: z)
    values = surface_sampling(upper.parcellation)(upper.values)
    shown = rows[0][0].values(values)  # the first row of a picture is the lowest
    assert np.nanmean(shown[: len(shown) // 2]) < np.nanmean(shown[len(shown) // 2 :])


def test_lateral_views_show_what_lies_outside_and_medial_ones_what_lies_inside():
    away = brain(lambda x, y, z: np.abs(x))
    values = surface_sampling(away.parcellation)(away.values)
    lateral, medial = (
        [np.nanmean(p.values(values)) for p in row] for row in surface_rows("pial", 60)
    )
    assert min(lateral) > 1.5 * max(medial)


def test_the_template_lies_where_the_data_are():
    grey, affine = mni_template()
    place = Parcellation.from_mask(np.isfinite(grey[::6, ::6, ::6]), affine @ np.diag([6, 6, 6, 1]))
    one = BrainMap(grey[::6, ::6, ::6][place.labels > 0], place, "template", "grey")
    space = BrainSpace(np.isfinite(one.volume), place.affine, 90)
    for plane in ("axial", "coronal", "sagittal"):
        (picture,) = space.slices(plane)
        shown, behind = picture.values(one.volume), before_template(picture).under
        assert _alike(shown, behind) > 0.5
        if plane == "sagittal":  # the others are their own mirror images, nearly
            assert _alike(shown, behind) > 2 * _alike(shown, behind[:, ::-1])


def _alike(one, other):
    both = np.isfinite(one) & np.isfinite(other)
    return np.corrcoef(one[both], other[both])[0, 1]


def test_a_turn_begins_at_the_left_and_goes_by_the_front():
    for turn, toward, right in (
        (0, (-1, 0), (0, -1)),
        (0.25, (0, 1), (-1, 0)),
        (0.5, (1, 0), (0, 1)),
        (0.75, (0, -1), (1, 0)),
    ):
        frame = view_from(turn)
        np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(frame[0][:2], right, atol=1e-12)
        np.testing.assert_allclose(frame[2][:2] / np.linalg.norm(frame[2][:2]), toward, atol=1e-12)
        assert np.linalg.det(frame) > 0
    np.testing.assert_allclose(view_from(1), view_from(0), atol=1e-12)


@pytest.mark.parametrize("grid", ["RAS", "LAS", "permuted"])
def test_the_mesh_lies_around_the_brain_and_looks_outwards(grid):
    one = spot_map(grid)
    inside = np.isfinite(one.volume)
    places, faces, voxels = brain_mesh(inside, one.parcellation.affine)
    middle = one.parcellation.centroids.mean(axis=0)
    radius = np.linalg.norm(places - middle, axis=1)
    assert 33 < radius.min() < radius.max() < 40  # of a ball of 36 mm
    assert inside.ravel()[voxels].all()
    a, b, c = (places[faces[:, corner]] - middle for corner in range(3))
    assert (np.einsum("fc,fc->f", np.cross(b - a, c - a), a) > 0).mean() > 0.99


def test_a_turning_brain_shows_a_spot_on_the_side_where_it_is():
    one = spot_map("LAS", (-33, 8, 0))  # on the left
    request = FigureRequest(width_cm=6.0, dpi=60, colorbar=False, letters=False)
    bright = [
        int(((frame[..., 0] > 180) & (frame[..., 2] < 110)).sum())
        for frame in turning_frames(one, request, 4)
    ]
    left, front, right, behind = bright
    assert left > 3 * max(front, behind, 1)
    assert right == 0


def test_a_turning_cortex_shows_each_side_where_it_is():
    sides = brain(lambda x, y, z: np.where(x < 0, 0.0, 1.0))
    request = FigureRequest(view="surface", width_cm=6.0, dpi=60, colorbar=False, letters=False)
    left, right = (
        int(((frame[..., 0] > 150) & (frame[..., 2] < 110)).sum())
        for frame in turning_frames(sides, request, 2)
    )
    assert right > 10 * left > 0  # seen a little from above, the other side shows, too


def test_a_brain_without_values_does_not_turn():
    nothing = brain(lambda x, y, z: np.full(x.shape, np.nan))
    with pytest.raises(UserError, match="phantom has no value anywhere; choose another map"):
        next(turning_frames(nothing, FigureRequest()))


def test_movie_frames_are_even_and_the_last_is_followed_by_the_first():
    one = spot_map("RAS")
    request = FigureRequest(width_cm=6.0, dpi=60)
    frames = list(turning_frames(one, request, 12))
    again = list(turning_frames(one, request, 12))
    assert all(np.array_equal(a, b) for a, b in zip(frames, again, strict=True))
    assert frames[0].shape[0] % 2 == 0
    assert frames[0].shape[1] == 142
    steps = [
        np.abs(a.astype(int) - b).mean()
        for a, b in zip(frames, frames[1:] + frames[:1], strict=True)
    ]
    assert steps[-1] < 2 * np.mean(steps[:-1])


def test_maps_of_one_quantity_share_a_scale_unless_they_are_not_to():
    one = brain(lambda x, y, z: np.abs(x))
    a, b = (
        BrainMap(one.values * factor, one.parcellation, name, "RMSE", "error", "error")
        for factor, name in ((1, "a"), (2, "b"))
    )
    first, second = scales_of([a, b], FigureRequest())
    assert first == second
    assert first.low == 0
    first, second = scales_of([a, b], FigureRequest(common=False))
    assert second.high == pytest.approx(2 * first.high)
    figure = draw_maps([a, b], FigureRequest(n=2, **SMALL))
    assert len(figure.axes) == 5  # four pictures and one bar


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mm": (400.0,)}, "outside the brain"),
        ({"view": "ortho", "place": (0.0, 0.0, 400.0)}, "outside the brain"),
        ({"view": "ortho", "width_cm": 3.0, "font_pt": 24.0}, "do not fit"),
    ],
)
def test_what_cannot_be_drawn_is_said(settings, words):
    with pytest.raises(UserError, match=words):
        draw_maps([spot_map("RAS")], FigureRequest(**settings))
