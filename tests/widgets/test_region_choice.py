"""Regions come from any Labels layer, where the viewer shows it, and from the samples."""

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.synthetic import synthetic_regions
from napari_compressed_transcriptomics.io import read_volume
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.region_layers import layer_affine, regions_of_layer
from napari_compressed_transcriptomics.widgets.shared.region_choice import RegionChoice
from phantom import AFFINES
from small import compressed


@pytest.fixture
def choice(model, qtbot):
    widget = RegionChoice(model)
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize("grid", AFFINES)
def test_a_label_file_names_the_sides(grid, model, tmp_path):
    """Left and right by world coordinate, opened by our reader with its table beside it."""
    affine = AFFINES[grid]
    shape = (12, 11, 13)
    voxels = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    world = voxels @ affine[:3, :3].T + affine[:3, 3]
    labels = np.where(world[..., 0] < 0, 3, 7).astype(np.int32)
    nib.save(nib.Nifti1Image(labels, affine), tmp_path / "sides_2mm.nii.gz")
    (tmp_path / "sides_labels.csv").write_text("id,label\n3,left side\n7,right side\n")
    data, attributes, kind = layers.volume_layer(read_volume(tmp_path / "sides_2mm.nii.gz"))
    assert kind == "labels"
    layer = model.add_labels(data, **attributes)

    everywhere = Parcellation.from_mask(np.ones(shape, bool), affine)
    regions = regions_of_layer(layer, everywhere)
    x = everywhere.centroids[:, 0]
    for sample in np.flatnonzero(np.abs(x) > 4):
        name = regions.name(sample)
        assert name in ("", "left side" if x[sample] < 0 else "right side")
    assert (regions.of_sample >= 0).mean() > 0.6


def test_a_foreign_layer_lies_where_the_viewer_shows_it(model):
    turn = np.eye(4)
    turn[1:3, 1:3] = [[0, 1], [-1, 0]]
    layer = model.add_labels(
        np.ones((4, 5, 6), int), scale=(2, 3, 4), translate=(-10, -20, -30), affine=turn
    )
    index = np.array((1, 2, 3))
    mm = layer_affine(layer) @ [*index[::-1], 1]
    np.testing.assert_allclose(mm[2::-1], layer.data_to_world(index))


def test_a_flat_layer_is_refused_in_a_sentence(model, las):
    layer = model.add_labels(np.ones((4, 5), int), name="drawn")
    with pytest.raises(UserError, match="“drawn” is 2-D"):
        regions_of_layer(layer, las.parcellation)


def test_the_choice_follows_layers_and_their_edits(choice, model, result):
    assert choice.regions(result) is None  # voxels, no layer
    changes = []
    choice.changed.connect(lambda: changes.append(choice.layer))
    parcellation = result.expression.parcellation
    data, attributes, _ = layers.error_layer(result)
    halves = np.where(np.isnan(data), 0, 1)
    layer = model.add_labels(halves, scale=attributes["scale"], translate=attributes["translate"])
    assert changes == [layer]
    assert choice.regions(result).names == ("region 1",)
    assert choice.regions(result) is choice.regions(result)  # not looked up twice

    layer.features = {"index": [1, 2], "region": ["cortex", "lesion"]}
    assert choice.regions(result).names == ("cortex",)
    halves[..., : data.shape[2] // 2][halves[..., : data.shape[2] // 2] > 0] = 2
    layer.data = halves
    assert set(choice.regions(result).names) == {"cortex", "lesion"}
    assert choice.regions(result).of_sample.shape == (parcellation.n_samples,)

    model.layers.clear()
    assert changes[-1] is None
    assert choice.regions(result) is None


def test_rows_of_a_table_are_regions_themselves(choice, brain):
    table = synthetic_regions(brain, n_regions=12)
    result = compressed(table)
    assert choice.regions(result).names == table.samples
