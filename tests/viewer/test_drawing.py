"""What is drawn of a picture is what is not clear of it, where it belongs, within its cell."""

from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells.camera import box_of
from napari_compressed_transcriptomics.viewer.cells.crosshair import crosshair
from napari_compressed_transcriptomics.viewer.cells.drawing import parts_of, placed, premultiplied
from napari_compressed_transcriptomics.viewer.cells.layout import Rect
from napari_compressed_transcriptomics.viewer.cells.painting import Painter
from napari_compressed_transcriptomics.viewer.cells.slices import ImageSlices
from phantom import make_phantom
from viewing import add

CANVAS = (60, 50)  # width, height


def seen_of(drawing, size=CANVAS):
    """What OpenGL makes of it on a canvas of that many pixels, and how often each is drawn."""
    width, height = size
    rows, columns = np.mgrid[:height, :width] + 0.5
    found, times = np.zeros((height, width, 4), np.uint8), np.zeros((height, width), int)
    n, m = drawing.pixels.shape[:2]
    for a, b, c in drawing.corners.reshape(-1, 3, 4).astype(float):
        (ax, ay), (bx, by) = (b - a)[:2] * size, (c - a)[:2] * size
        x, y = columns - a[0] * width, rows - a[1] * height
        first, second = (x * by - y * bx, y * ax - x * ay) / (ax * by - ay * bx)
        inside = (first >= 0) & (second >= 0) & (first + second < 1)
        u, v = (a[k] + first * (b - a)[k] + second * (c - a)[k] for k in (2, 3))
        at = np.floor(v[inside] * n).astype(int), np.floor(u[inside] * m).astype(int)
        found[inside] = drawing.pixels[at]
        times += inside
    return found, times


def picture(rng, shape=(21, 17)):
    rgba = rng.integers(1, 255, (*shape, 4), np.uint8)
    rgba[rng.random(shape) < 0.5] = 0
    rgba[3:, 8:] = 0
    return premultiplied(rgba)


def test_parts_have_all_that_is_not_clear_once():
    rgba = picture(np.random.default_rng(0), (45, 70))
    rgba[20:] = 0
    rgba[41, 69] = 255
    covered = np.zeros(rgba.shape[:2], int)
    for (top, left), (bottom, right) in parts_of(rgba):
        covered[top:bottom, left:right] += 1
    assert covered.max() == 1
    assert covered[rgba[..., 3] > 0].all()
    assert covered.mean() < 0.3
    assert len(parts_of(np.zeros((9, 9, 4), np.uint8))) == 0


@pytest.mark.parametrize("flip", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_is_drawn_as_it_is_and_cut_at_its_cell(flip, turned):
    pixels = picture(np.random.default_rng(1))
    cell = Rect(5, 4, 40, 40)
    flip = np.array(flip)
    shape = np.array(pixels.shape[:2])
    shape = shape[::-1] if turned else shape
    size = flip * shape * 2
    start = np.where(flip > 0, (10, 15), np.add((10, 15), np.abs(size)))
    found, times = seen_of(
        placed(pixels, parts_of(pixels), start, size, cell, CANVAS, turned=turned)
    )
    whole = pixels.swapaxes(0, 1) if turned else pixels
    whole = whole[:: flip[0], :: flip[1]].repeat(2, 0).repeat(2, 1)
    expected = np.zeros((CANVAS[1], CANVAS[0], 4), np.uint8)
    height, width = np.minimum(whole.shape[:2], np.subtract((44, 45), (10, 15)))
    expected[10 : 10 + height, 15 : 15 + width] = whole[:height, :width]
    np.testing.assert_array_equal(found, expected)
    assert times.max() == 1


def test_a_crosshair_stays_in_its_cell_and_is_open_in_the_middle(model):
    add(model, layers.expression_layer(make_phantom()))
    cells = attach(model).cells
    cells.cross(box_of(model).mean(axis=0))
    seen = cells.look()
    width, height = (int(side) for side in seen.size)
    _, times = seen_of(crosshair(seen), (width, height))
    x, y = np.array(seen.cross[0]) + seen.cells[0].layout.cell.middle
    rows, columns = np.nonzero(times)
    assert np.abs(columns.mean() - x) < 0.2 * width
    near = np.hypot(columns - x, rows - y)
    assert 3 < near.min() < 7
    beside = (np.abs(columns + 0.5 - x) > 2) & (np.abs(rows + 0.5 - y) > 2)
    assert not beside.any()  # two upright lines
    away = replace(seen, cross=tuple((a + 10_000, b) for a, b in seen.cross))
    assert crosshair(away) is None
    assert crosshair(replace(seen, cross=())) is None


def test_a_step_paints_no_text_but_the_place_anew(model, qapp):
    add(model, layers.expression_layer(make_phantom()))
    cells, painter = attach(model).cells, Painter()
    before = painter.over(cells.look(), [])
    model.dims.set_point(0, model.dims.point[0] + 4)
    after = painter.over(cells.look(), [])
    assert len(after) == len(before) == 2
    assert after[0] is before[0]  # the large one
    assert after[1] is not before[1]
    assert after[1].pixels.size < before[0].pixels.size / 10


def test_at_a_scale_factor_of_2_texts_are_as_large_and_twice_as_fine(model, qapp):
    add(model, layers.expression_layer(make_phantom()))
    seen = attach(model).cells.look()
    for once, twice in zip(Painter().over(seen, []), Painter().over(seen, [], 2.0), strict=True):
        sides = np.divide(twice.pixels.shape[:2], once.pixels.shape[:2])
        np.testing.assert_allclose(sides, 2, rtol=0.1)
        for ends in (np.min, np.max):  # where on the canvas, from -1 to 1
            place, same = (ends(x.corners[:, :2], axis=0) for x in (once, twice))
            np.testing.assert_allclose(place, same, atol=0.04)


def test_words_are_written_about_their_places_in_the_ink_of_the_background(model, qapp):
    add(model, layers.expression_layer(make_phantom()))
    cells = attach(model).cells
    before = Painter().over(cells.look(), [])[0]
    cell = cells.look().cells[0].layout.cell
    place = model.scene.camera.center[-2:]
    cells.wanted.words = (("A   left lateral   P", np.array((0.0, *place))),)
    (one,) = cells.look().words
    assert (one.x, one.y) == pytest.approx((0, 0), abs=1e-6)
    pixels = Painter().over(cells.look(), [])[0].pixels.astype(int)
    rows, columns = np.nonzero((pixels != before.pixels).any(axis=-1))
    assert np.mean((rows.min(), rows.max())) == pytest.approx(cell.middle[1], abs=4)
    assert np.mean((columns.min(), columns.max())) == pytest.approx(cell.middle[0], abs=4)
    assert pixels[rows, columns, :3].max() > 200  # light on dark


def test_colours_of_slices_are_multiplied_by_their_alpha():
    colors = np.array([(0, 0, 0, 0), (200, 100, 50, 51)], np.uint8)
    volume = np.zeros((2, 3, 4), bool)
    volume[1, 2, 3] = True
    picture = ImageSlices(volume, np.ones(3), np.zeros(3), colors).slice(0, 1.0)
    assert picture.pixels[2, 3].tolist() == [40, 20, 10, 51]
    assert not picture.pixels[:2].any()
