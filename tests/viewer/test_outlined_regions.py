"""Which regions are outlined, and which voxel a crosshair is put on."""

import numpy as np

from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.anatomy.background import regions_of
from napari_compressed_transcriptomics.viewer.anatomy.linked_view import snapped
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
