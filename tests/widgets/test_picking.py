"""A click in the brain finds the sample that is seen there, in every cell, 2-D and 3-D."""

from dataclasses import replace

import numpy as np
import pytest

from clicking import click_on
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import regions_of
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import GRIDS, lone_voxel
from small import compressed
from viewing import add


def at(brain, mm):
    """Return the index of the sample of a voxel-wise expression nearest to a place."""
    return int(np.square(brain.parcellation.centroids - mm).sum(1).argmin())


def test_a_click_in_2d_finds_the_voxel_there(viewer):
    _viewer.attach(viewer)
    picks = []
    session(viewer).picked.connect(picks.append)
    for affine in GRIDS.values():
        brain = lone_voxel((22, 14, 12), affine)
        layer = add(viewer, _layers.expression_layer(brain))
        viewer.reset_view()
        for sample in (at(brain, np.add(brain.parcellation.centroids.mean(0), (18, 9, 4))), 30):
            mm = brain.parcellation.centroids[sample]
            viewer.dims.set_point(0, mm[2])
            click_on(viewer, layer, mm)
            assert picks[-1].sample == sample
            assert np.allclose(picks[-1].position, mm)
            assert picks[-1].parcellation is brain.parcellation
        viewer.layers.clear()
    assert len(picks) == 2 * len(GRIDS)


def test_a_click_in_3d_finds_the_brightest_on_the_ray(viewer):
    _viewer.attach(viewer)
    brain = lone_voxel((22, 14, 12), GRIDS["LAS"])
    layer = add(viewer, _layers.expression_layer(brain))
    viewer.dims.ndisplay = 3
    layer.rendering = "mip"  # which the user may choose
    bright = int(brain.values[:, 0].argmax())
    shared = session(viewer)
    click_on(viewer, layer, brain.parcellation.centroids[bright])
    assert brain.values[shared.pick.sample, 0] > 0.9
    assert np.allclose(shared.pick.position, brain.parcellation.centroids[shared.pick.sample])


def test_a_click_in_3d_works_beside_a_stack_of_components(viewer):
    """The viewer then has an axis that the layer has not."""
    _viewer.attach(viewer)
    brain = lone_voxel((22, 14, 12), GRIDS["LAS"])
    brain = replace(brain, values=np.repeat(brain.values, 2, axis=1), genes=("SPOT", "AGAIN"))
    result = compressed(brain)
    (stack,) = (add(viewer, part) for part in _layers.latent_layers(result))
    layer = add(viewer, _layers.expression_layer(brain))
    viewer.dims.ndisplay = 3
    bright = brain.parcellation.centroids[int(brain.values[:, 0].argmax())]
    shared = session(viewer)
    layer.rendering = stack.rendering = "mip"
    click_on(viewer, layer, bright)
    assert brain.values[shared.pick.sample, 0] > 0.9
    layer.visible = False
    shared.pick = None
    click_on(viewer, stack, bright)
    assert brain.values[shared.pick.sample, 0] > 0.9


def test_in_the_grid_the_cell_under_the_mouse_is_meant(viewer):
    view = _viewer.attach(viewer)
    shared = session(viewer)
    brains = [lone_voxel((22, 14, 12), GRIDS[grid]) for grid in ("RAS", "LAS")]
    layers = [add(viewer, _layers.expression_layer(brain)) for brain in brains]
    view.show_side_by_side()
    for brain, layer in zip(brains, layers, strict=True):
        sample = at(brain, np.add(brain.parcellation.centroids.mean(0), (10, -8, 0)))
        mm = brain.parcellation.centroids[sample]
        viewer.dims.set_point(0, mm[2])
        click_on(viewer, layer, mm)
        assert shared.pick.parcellation is brain.parcellation
        assert shared.pick.sample == sample


def test_outside_nothing_is_picked(viewer):
    _viewer.attach(viewer)
    shared = session(viewer)
    brain = lone_voxel((22, 14, 12), GRIDS["RAS"])
    layer = add(viewer, _layers.expression_layer(brain))
    viewer.reset_view()
    click_on(viewer, layer, brain.parcellation.centroids.min(0) - 3)
    assert shared.pick is None


def test_looking_at_a_sample_brings_the_slices_there(viewer):
    _viewer.attach(viewer)
    brain = lone_voxel((22, 14, 12), GRIDS["permuted"])
    add(viewer, _layers.expression_layer(brain))
    session(viewer).look_at(brain.parcellation, 40)
    assert np.allclose(viewer.dims.point[::-1], brain.parcellation.centroids[40])


def test_regions_of_voxels_follow_the_label_volume(las):
    """Labels on another grid: right and left halves by world coordinate."""
    labels = np.zeros((40, 40, 40), np.int32)
    affine = np.diag([6.0, 6, 6, 1])
    affine[:3, 3] = -120
    x = affine[0, 3] + 6 * np.arange(40)
    labels[x < 0], labels[x > 0] = 3, 7
    regions = regions_of(las.parcellation, labels, affine, {3: "left"})
    side = las.parcellation.centroids[:, 0]
    assert set(regions.names) <= {"left", "region 7"}
    for sample in np.flatnonzero(np.abs(side) > 6):
        assert regions.name(sample) == ("left" if side[sample] < 0 else "region 7")


def test_region_rmse_is_that_of_all_its_values(las):
    parcellation = las.parcellation
    halves = np.where(parcellation.labels > 0, 1 + parcellation.labels % 2, 0)
    regions = regions_of(parcellation, halves, parcellation.affine)
    errors = np.random.default_rng(0).normal(size=(las.n_samples, 5))
    found = regions.root_mean_square(np.sqrt(np.square(errors).mean(1)))
    for index in range(2):
        part = errors[regions.of_sample == index]
        assert found[index] == pytest.approx(np.sqrt(np.square(part).mean()))


def test_a_sample_that_is_mostly_outside_still_has_its_region():
    """A thick parcel over a thin atlas; one voxel in a hundred is chance."""
    parcellation = Parcellation(np.ones((10, 10, 1), np.int32), np.eye(4))
    labels = np.zeros((10, 10, 1), np.int32)
    for inside, name in ((20, "region 4"), (1, "")):
        labels.ravel()[:] = np.where(np.arange(100) < inside, 4, 0)
        assert regions_of(parcellation, labels, np.eye(4)).name(0) == name
