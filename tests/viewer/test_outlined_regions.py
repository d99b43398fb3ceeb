"""Which regions are outlined, and which voxel a crosshair is put on."""

import numpy as np

from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.anatomy import background
from napari_compressed_transcriptomics.viewer.anatomy.background import REGIONS, grid_of, regions_of
from napari_compressed_transcriptomics.viewer.anatomy.linked_view import snapped
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.itself import Same
from viewing import add


def test_outlined_are_the_regions_of_the_topmost_map_else_of_the_topmost_labels(model):
    assert regions_of(model) == (None, None)
    space = {"scale": (2, 2, 2), "translate": (-9, 0, 9)}
    below, above = (model.add_labels(np.full((4, 5, 6), n), **space) for n in (1, 2))
    model.add_labels([np.ones((n, n, n), int) for n in (8, 4)], multiscale=True)
    labels, grid = regions_of(model)
    np.testing.assert_array_equal(labels, above.data)
    assert (tuple(grid.scale), tuple(grid.translate)) == ((2, 2, 2), (-9, 0, 9))
    model.layers.remove(above)
    np.testing.assert_array_equal(regions_of(model)[0], below.data)
    table = synthetic_regions(synthetic_brain(voxel_mm=20, n_genes=5))
    shown = add(model, layers.expression_layer(table))
    labels, _ = regions_of(model)
    assert labels.max() == table.n_samples
    shown.visible = False
    np.testing.assert_array_equal(regions_of(model)[0], below.data)


def array_with_id(number):
    """Return a new array that has the `id` of one that is gone."""
    others = []
    for _ in range(10_000):
        others.append(np.zeros((4, 5, 6), np.uint8))
        if id(others[-1]) == number:
            return others[-1]
    raise AssertionError("no array got that id")


def test_a_thing_is_the_same_as_no_other_that_gets_its_id():
    array = np.zeros(3)
    same, number = Same(array), id(array)
    assert same == Same(array)
    assert hash(same) == hash(Same(array))
    del array
    other = array_with_id(number)
    assert hash(Same(other)) == hash(same)
    assert Same(other) != same
    assert same != Same(other)


def test_outlines_are_of_these_labels_not_of_those_that_had_their_id(model, monkeypatch):
    view, drawn = attach(model), {}
    grid = grid_of(model.add_image(np.zeros((4, 5, 6))))
    monkeypatch.setattr(view.cells, "draw", lambda name, what, **_: drawn.update({name: what}))
    monkeypatch.setattr(background, "regions_of", lambda viewer: (labels, grid))
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[:, 1:3, 1:3] = 1
    view.background.show(REGIONS, True)
    before, number = drawn[REGIONS].data, id(labels)
    assert before.any()
    del labels
    labels = array_with_id(number)
    labels[:, 2:5, 3:6] = 1
    view.background.update()
    assert drawn[REGIONS].data.any()
    assert not np.array_equal(drawn[REGIONS].data, before)


def test_a_place_is_put_in_the_middle_of_a_voxel_of_what_is_seen(model, brain):
    place = (1.0, 2.0, 3.0)
    np.testing.assert_array_equal(snapped(model, (7.0, *place)), place)
    layer = add(model, layers.expression_layer(brain))
    found = snapped(model, place)
    index = layer.world_to_data(found)
    np.testing.assert_allclose(index, np.rint(index), atol=1e-9)
    assert np.abs(found - place).max() <= 8  # of voxels of 16 mm
    layer.visible = False
    np.testing.assert_array_equal(snapped(model, place), place)
