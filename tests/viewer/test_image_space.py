"""Of a large grid the viewer has the part around the brain, and all stays where it is."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics import _writer
from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.anatomy.shell import shell_of
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.image_space import MNI_BRAIN
from napari_compressed_transcriptomics.viewer.layer_content import shown, space
from napari_compressed_transcriptomics.viewer.selection import show_selection
from phantom import AFFINES, large_phantom
from small import compressed, small_expression
from viewing import add


@pytest.fixture(scope="module")
def far():
    return large_phantom()


@pytest.fixture(scope="module")
def result(far):
    return compressed(far, 3)


@pytest.mark.parametrize("affine", AFFINES)
def test_it_has_the_samples_and_a_margin(affine):
    where = space(large_phantom(AFFINES[affine]).parcellation)
    view, image_space = where["view"], where["image_space"]
    assert view.labels.size < 0.2 * np.prod(image_space.shape)
    assert view.labels.shape == image_space.viewer_shape
    for axis in range(3):
        for edge in (0, 1, -2, -1):
            assert not view.labels.take(edge, axis).any()
    if not image_space.is_oblique:  # whose files are exact all the same
        assert set(np.unique(view.labels)) == set(range(view.n_samples + 1))
        back = image_space.from_viewer(view.labels)
        np.testing.assert_array_equal(back, where["parcellation"].labels)
        again = image_space.from_viewer(view.paint(np.arange(view.n_samples)))
        np.testing.assert_array_equal(np.isnan(again), back == 0)


def test_it_has_all_where_the_brain_fills_half_the_grid():
    labels = np.zeros((12, 9, 10), np.int32)
    labels[2:6, 2:7, 2:8] = 1
    for more, shape in ((0, (10, 9, 12)), (12, (10, 9, 8))):
        affine = np.diag([3.0, 3, 3, 1])
        affine[:3, 3] = 200
        place = Parcellation(np.pad(labels, ((0, more), (0, 0), (0, 0))), affine)
        assert space(place)["view"].labels.shape == shape


@pytest.mark.parametrize("affine", [np.diag([-4.0, 4, 4, 1]), np.diag([4.0, -4, 4, 1])])
def test_in_a_grid_around_a_head_one_can_go_everywhere_in_the_brain(affine, model):
    """Though the atlas is of a part of it."""
    affine[:3, 3] = -affine[:3, :3] @ [32, 32, 32]
    labels = np.zeros((64, 64, 64), np.int32)
    labels[30:50, 30:50, 40:43] = 1 + np.arange(3)
    expression = replace(small_expression(3), parcellation=Parcellation(labels, affine))
    layer = add(model, layers.expression_layer(expression))
    assert layer.data.size < 0.3 * labels.size
    first, last = layer.extent.world
    assert (first <= MNI_BRAIN[0]).all()
    assert (last >= MNI_BRAIN[1]).all()
    assert (first >= MNI_BRAIN[0] - 8).all()
    for sample, mm in enumerate(expression.parcellation.centroids):
        index = np.rint(layer.world_to_data(mm[::-1])).astype(int)
        assert shown(layer).view.labels[tuple(index)] == sample + 1


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_all_is_saved_on_the_grid_of_the_source(ndisplay, far, result, model, tmp_path):
    attach(model)
    place, selected = far.parcellation, np.arange(far.n_samples) % 3 == 0
    stack = add(model, *layers.latent_layers(result))
    edited = add(model, layers.error_layer(result))
    edited.data = edited.data * 2
    selection = show_selection(model, place, selected)
    model.dims.ndisplay = ndisplay
    if ndisplay == 3:
        edited.data = edited.data * 2
    values = {
        stack: np.moveaxis(place.paint(result.latents), 3, 0),
        selection: np.append(False, selected)[place.labels],
    }
    for layer in (stack, edited, selection):
        path = tmp_path / "saved.nii.gz"
        _writer.write_nifti(str(path), [layer.as_layer_data_tuple()])
        image = nib.load(path)
        assert image.shape[:3] == place.labels.shape
        np.testing.assert_array_equal(image.affine, place.affine)
        if layer is not edited:
            found = np.asarray(image.dataobj)
            found = np.moveaxis(found, 3, 0) if found.ndim == 4 else found
            np.testing.assert_array_equal(found, values[layer])
        elif ndisplay == 2:
            np.testing.assert_allclose(image.get_fdata(), 2 * place.paint(result.rmse_samples))


def test_the_shell_is_that_of_the_whole_grid():
    """It is not cut off where the part ends."""
    inside = np.zeros((40, 40, 40), bool)
    inside[12:24, 15:25, 9:21] = True
    for mm, off in ((2.0, 2.0), (4.0, 0.01)):  # voxels that are joined are others
        affine = np.diag([mm, mm, mm, 1])
        affine[:3, 3] = 300
        place = Parcellation(inside.T.astype(np.int32), affine)
        where = space(place)
        part, image_space = where["view"].labels > 0, where["image_space"]
        assert part.size < inside.size / 2
        scale = image_space.scale
        of_part = shell_of(part, scale)[0] * scale + image_space.translate
        of_all = shell_of(inside, scale)[0] * scale + 300
        for end in (np.min, np.max):
            np.testing.assert_allclose(end(of_part, axis=0), end(of_all, axis=0), atol=off)
