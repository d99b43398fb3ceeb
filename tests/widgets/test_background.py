"""The template lies under maps of MNI space only, in its place, and leaves the sliders alone."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.brain_space import MNI, NLIN6, OTHER, record_space
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.background import OUTLINE, REGIONS, TEMPLATE
from napari_compressed_transcriptomics.viewer.anatomy.helpers import is_helper
from napari_compressed_transcriptomics.viewer.anatomy.planes import PLANES, show_plane
from napari_compressed_transcriptomics.viewer.anatomy.template import (
    Grid,
    brain_on,
    finer,
    mni152,
    outlines,
)
from phantom import GRIDS, lone_voxel
from viewing import add, value_at


@pytest.fixture
def brain():
    found = lone_voxel((22, 14, 12), GRIDS["LAS"])
    record_space(found.source, NLIN6)
    return found


def test_it_is_shown_in_mni_space_only(brain, model):
    view = _viewer.attach(model)
    brain.source.clear()
    layer = add(model, _layers.expression_layer(brain))
    assert list(model.layers) == [layer]  # nothing is assumed
    record_space(brain.source, OTHER)
    view.background.update()
    assert list(model.layers) == [layer]
    record_space(brain.source, MNI)
    view.background.update()
    assert [x.name for x in model.layers] == [TEMPLATE, layer.name, OUTLINE]
    assert [is_helper(x) for x in model.layers] == [True, False, True]
    assert model.layers.selection.active is layer


@pytest.mark.parametrize("plane", PLANES)
def test_sliders_stay_and_the_template_is_in_its_place(plane, brain, model):
    _viewer.attach(model)
    brain.source.clear()
    layer = add(model, _layers.expression_layer(brain))
    show_plane(model, plane)
    axis = PLANES[plane][0]
    before = model.dims.range
    record_space(brain.source, NLIN6)
    _viewer.attach(model).background.update()
    after = model.dims.range
    assert after[axis] == before[axis]
    assert [(r.start, r.stop) for r in after] == [(r.start, r.stop) for r in before]

    template = model.layers[TEMPLATE]
    image, _ = mni152()
    for mm in brain.parcellation.centroids[::97]:  # 4 mm, at whole mm
        z, y, x = np.rint(np.add(mm[::-1], (72, 134, 98))).astype(int)
        assert value_at(template, mm) == image[z, y, x]
    assert template.scale[axis] == layer.scale[axis]


def test_another_plane_has_another_one_and_3d_and_the_grid_have_none(brain, model):
    view = _viewer.attach(model)
    add(model, _layers.expression_layer(brain))
    names = [TEMPLATE, OUTLINE]

    def seen():
        return [x.name for x in model.layers if is_helper(x) and x.visible]

    assert seen() == names
    show_plane(model, "coronal")
    assert seen() == names
    assert len(model.layers) == 3
    model.dims.ndisplay = 3
    assert seen() == []
    model.dims.ndisplay = 2
    assert seen() == names
    model.canvas.grid.enabled = True
    assert seen() == []
    cells = view.cells  # which have its picture, each
    (under,) = (source.slice(1, 44.0) for source in cells._sources(under=True))
    image, _ = mni152()
    z, x = np.rint((np.array((36.0, -20.0)) - under.corner) / under.step).astype(int)
    np.testing.assert_allclose(under.rgba[z, x], [*[image[108, 178, 78]] * 3, 255], atol=1)
    assert len(cells._sources(under=False)) == 1
    model.dims.ndisplay = 3
    assert cells._sources(under=True) == []
    model.dims.ndisplay = 2
    model.canvas.grid.enabled = False
    assert cells._sources(under=True) == cells._sources(under=False) == []
    view.background.show(TEMPLATE, False)
    assert seen() == [OUTLINE]
    model.layers.remove(model.layers[OUTLINE])
    show_plane(model, "axial")
    assert seen() == []  # deleted is deleted
    view.background.show(TEMPLATE, True)
    assert seen() == [TEMPLATE]


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
    assert len(model.layers) == 1
    view.background.show(REGIONS, True)
    assert model.layers[REGIONS].visible
    assert model.layers[REGIONS].data.sum() > 100
    view.background.show(REGIONS, False)
    assert not model.layers[REGIONS].visible


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
