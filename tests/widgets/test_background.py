"""The template lies under maps of MNI space only, in its place, and leaves the sliders alone."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.brain_space import MNI, NLIN6, OTHER, record_space
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.background import OUTLINE, REGIONS, TEMPLATE
from napari_compressed_transcriptomics.viewer.anatomy.planes import PLANES, show_plane
from napari_compressed_transcriptomics.viewer.anatomy.template import (
    Grid,
    brain_on,
    finer,
    mni152,
    outlines,
)
from phantom import GRIDS, lone_voxel
from viewing import add


@pytest.fixture
def brain():
    found = lone_voxel((22, 14, 12), GRIDS["LAS"])
    record_space(found.source, NLIN6)
    return found


def seen(view, mm=44.0):
    """Pictures under and over the maps of a viewer in its slice, by name."""
    return {name: one.slice(axis_of(view), mm) for name, (one, _) in view.cells._beside.items()}


def axis_of(view):
    return view.cells.look().slice[0]


def at(picture, mm):
    """The color of the voxel at a place, in mm, of the plane."""
    row, column = np.rint((np.array(mm) - picture.corner) / picture.step).astype(int)
    return picture.pixels[row, column].tolist()


def test_it_is_shown_in_mni_space_only(brain, model):
    view = _viewer.attach(model)
    brain.source.clear()
    layer = add(model, _layers.expression_layer(brain))
    assert seen(view) == {}  # nothing is assumed
    record_space(brain.source, OTHER)
    view.background.update()
    assert seen(view) == {}
    record_space(brain.source, MNI)
    view.background.update()
    assert list(seen(view)) == [TEMPLATE, OUTLINE]
    assert [view.cells._beside[name][1] for name in (TEMPLATE, OUTLINE)] == [True, False]
    assert list(model.layers) == [layer]
    model.layers.clear()
    assert view.cells._beside == {}


@pytest.mark.parametrize("plane", PLANES)
def test_the_template_is_in_its_place(plane, brain, model):
    view = _viewer.attach(model)
    add(model, _layers.expression_layer(brain))
    show_plane(model, plane)
    axis = PLANES[plane][0]
    image, _ = mni152()
    n = 0
    for mm in brain.parcellation.centroids[::97]:  # 4 mm, at whole mm
        z, y, x = np.rint(np.add(mm[::-1], (72, 134, 98))).astype(int)
        if image[z, y, x] < 10:
            continue
        picture = seen(view, mm[::-1][axis])[TEMPLATE]
        found = at(picture, np.delete(mm[::-1], axis))
        np.testing.assert_allclose(found, [*[image[z, y, x]] * 3, 255], atol=6)
        n += 1
    assert n > 5


def test_another_plane_has_another_one_and_3d_has_none(brain, model):
    view = _viewer.attach(model)
    add(model, _layers.expression_layer(brain))
    axial = seen(view)
    show_plane(model, "coronal")
    coronal = seen(view)
    assert list(coronal) == list(axial) == [TEMPLATE, OUTLINE]
    assert coronal[TEMPLATE].pixels.shape != axial[TEMPLATE].pixels.shape
    assert seen(view)[TEMPLATE] is coronal[TEMPLATE]  # nothing is painted anew
    model.dims.ndisplay = 3
    assert view.cells._beside == {}
    model.dims.ndisplay = 2
    model.canvas.grid.enabled = True
    assert list(seen(view)) == [TEMPLATE, OUTLINE]
    view.background.show(TEMPLATE, False)
    assert list(seen(view)) == [OUTLINE]
    view.background.show(TEMPLATE, True)
    assert set(seen(view)) == {TEMPLATE, OUTLINE}


def test_outlines_are_where_regions_begin():
    labels = np.zeros((2, 6, 7), int)
    labels[0, 1:5, 1:4], labels[0, 1:5, 4:6] = 5, 7
    found = outlines(labels, 0)
    expected = np.zeros((6, 7), int)
    expected[1:5, 1:6] = 1
    expected[2:4, 2:4] = 0  # within the first; the second is all line
    expected[2:4, 4] = 1
    np.testing.assert_array_equal(found[0], expected)
    assert not found[1].any()
    assert outlines(labels, 1)[0, 2, 1:6].all()


def test_finer_labels_lie_where_they_did():
    grid = Grid((3, 4, 5), (4.0, 4.0, 4.0), (-8.0, 0.0, 2.0))
    labels = np.random.default_rng(0).integers(0, 3, grid.shape)
    fine = grid.within(1)
    assert fine.shape == (9, 4, 17)
    np.testing.assert_array_equal(finer(labels, grid, fine)[::4, :, ::4], labels)


def test_regions_are_outlined_as_an_option(model):
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions

    view = _viewer.attach(model)
    table = synthetic_regions(synthetic_brain(voxel_mm=12, n_genes=8), n_regions=8)
    add(model, _layers.expression_layer(table))
    assert seen(view) == {}
    view.background.show(REGIONS, True)
    lines = seen(view, 0.0)[REGIONS].pixels[..., 3]
    assert (lines > 0).sum() > 20
    assert (lines == 0).sum() > 20
    view.background.show(REGIONS, False)
    assert seen(view) == {}


def test_the_brain_of_the_template_is_not_mirrored_or_shifted():
    """Its cerebellum is behind and below, its front in front; the middle is the middle."""
    grid = Grid((91, 109, 91), (2.0,) * 3, (-72.0, -126.0, -90.0))
    mask = brain_on(grid)
    z, y, x = (np.argwhere(mask) * 2 + grid.translate).T
    assert abs(x.mean()) < 1
    assert x.max() == pytest.approx(-x.min(), abs=4)
    assert (y.min(), y.max()) == pytest.approx((-108, 74), abs=6)
    assert (z.min(), z.max()) == pytest.approx((-72, 82), abs=6)
    assert y[z < -45].mean() < -40
