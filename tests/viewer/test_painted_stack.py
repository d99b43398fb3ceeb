"""A stack of components is an array to whoever reads it, of which one volume is in memory."""

import gc
import tracemalloc
from copy import deepcopy

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.painted_stack import PaintedStack
from phantom import make_phantom
from small import compressed, small_expression
from viewing import add


@pytest.fixture(scope="module")
def stack():
    (data, _, _) = layers.latent_layers(compressed(make_phantom(), 3))[0:1][0]
    return data


@pytest.fixture(scope="module")
def whole(stack):
    return np.moveaxis(stack.view.paint(stack.values), 3, 0)


@pytest.mark.parametrize(
    "key",
    [
        0, -1, (1, 2), (slice(None), 3), (2, slice(1, 4), slice(None), 2), (slice(0, 2), ..., 1),
        slice(1, 1), ([0, 2], slice(2)), ..., (1, ...),
    ],
    ids=str,
)  # fmt: skip
def test_it_is_read_as_an_array_is(stack, whole, key):
    np.testing.assert_array_equal(stack[key], whole[key])


def test_a_mask_is_taken_as_of_an_array(stack, whole):
    mask = whole > 0
    np.testing.assert_array_equal(stack[mask], whole[mask])


def test_it_is_an_array_as_a_whole(stack, whole):
    assert isinstance(stack, PaintedStack)
    assert (stack.shape, stack.ndim, stack.dtype, len(stack)) == (whole.shape, 4, whole.dtype, 3)
    assert stack.size == whole.size
    np.testing.assert_array_equal(np.asarray(stack), whole)
    np.testing.assert_array_equal(np.asarray(deepcopy(stack)), whole)
    with pytest.raises(IndexError, match="component 3 of 3"):
        stack[3]


def test_one_volume_is_kept_and_nobody_writes_into_it(stack):
    first = stack[1]
    assert np.shares_memory(stack[1], first)
    with pytest.raises(ValueError, match="read-only"):
        first[...] = 0


def test_a_slice_is_painted_without_its_volume(stack, whole, monkeypatch):
    painted = []
    paint = Parcellation.paint
    monkeypatch.setattr(
        Parcellation, "paint", lambda *given: painted.append(paint(*given)) or painted[-1]
    )
    for plane in ((0, 2), (1, slice(None), 3), (slice(1, 2), slice(None), slice(2, 3))):
        np.testing.assert_array_equal(deepcopy(stack)[plane], whole[plane])
    assert [one.ndim for one in painted] == [2, 2, 3]


def test_in_3d_each_component_is_filled_for_its_limits_when_it_is_seen():
    from napari.components import ViewerModel

    viewer = ViewerModel()
    attach(viewer)
    data, attributes, _ = layers.latent_layers(compressed(make_phantom(), 3))[0]
    layer = viewer.add_image(data, **attributes)
    viewer.dims.ndisplay = 3
    what = shown(layer)
    assert isinstance(layer.data, PaintedStack)
    for k in range(3):
        low, high = what.contrast_limits(k)
        inside = np.isfinite(data[k])
        assert (layer.data[k][~inside] < low - high + low).all()
        assert (layer.data[k][inside] >= low).all()
        np.testing.assert_array_equal(layer.data[k, 3], layer.data[k][3])  # painted by itself
    layer.contrast_limits = (0.5, 1.0)
    component = int(viewer.dims.point[0] - layer.translate[0])
    inside = np.isfinite(data[component])
    assert layer.data[component][inside].min() >= 0.5
    viewer.dims.ndisplay = 2
    np.testing.assert_array_equal(layer.data, data)


@pytest.mark.parametrize(("mm", "share"), [(0, 1.0), (200, 0.2)], ids=["whole", "part"])
def test_layers_of_eight_components_take_two_volumes(mm, share):
    """One of them says where the samples lie, and is that of all layers; the other is for 3-D.

    There two bytes of each voxel say what it is, or how far rays may leap: of all layers, too.
    Of a grid that is large for its brain they are smaller.
    """
    from dataclasses import replace

    from napari.components import ViewerModel

    labels = np.zeros((80, 80, 80), np.int32)
    labels[:60] = 1 + np.arange(60)[:, None, None]
    labels[:, int(80 * share) :] = 0
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = mm  # from where the template's brain is
    place = Parcellation(labels, affine)
    result = compressed(replace(small_expression(), parcellation=place), 8)
    viewer = ViewerModel()
    attach(viewer)
    add(viewer, layers.error_layer(compressed(make_phantom(), 2)))  # what is loaded once
    volume = labels.size * 4

    def taken():
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / volume

    tracemalloc.start()
    try:
        add(viewer, layers.latent_layers(result)[0])
        for ndisplay in (2, 3):
            viewer.dims.ndisplay = ndisplay
            for component in range(1, 9):
                viewer.dims.set_point(0, component)
            assert (
                taken() < {2: 1, 3: 2.5}[ndisplay] * share + 0.2
            )  # of slices no volume is painted
        before = taken()
        viewer.dims.ndisplay = 2
        add(viewer, layers.error_layer(result))
        assert taken() - before < share + 0.2
    finally:
        tracemalloc.stop()
