"""Products by NumPy and by PyTorch are the same, and of a row whatever the rows beside it are."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.core import matrix_products
from napari_compressed_transcriptomics.core.matrix_products import MANY, addmm, matmul

RNG = np.random.default_rng(0)


def _random(*shape):
    return torch.from_numpy(RNG.standard_normal(shape, np.float32))


LEFT, BIAS = _random(37, 600), _random(90)
WIDE = _random(600, 90)
assert WIDE.numel() >= MANY


@pytest.fixture
def by_numpy(monkeypatch):
    """Count products of NumPy."""
    counted = []
    real = np.matmul
    monkeypatch.setattr(
        matrix_products.np, "matmul", lambda *a, **k: counted.append(1) or real(*a, **k)
    )
    return counted


@pytest.mark.parametrize("right", [WIDE, WIDE.T.contiguous().T], ids=["by rows", "by columns"])
def test_are_those_of_pytorch(right, by_numpy):
    with torch.inference_mode():
        assert_allclose(matmul(LEFT, right), LEFT @ right, rtol=1e-4, atol=1e-4)
        assert_allclose(addmm(BIAS, LEFT, right), BIAS + LEFT @ right, rtol=1e-4, atol=1e-4)
    assert len(by_numpy) == 2


def test_go_where_they_are_wanted():
    out = torch.full((37, 90), torch.nan)
    assert addmm(BIAS, LEFT, WIDE, out=out) is out
    assert_array_equal(out, addmm(BIAS, LEFT, WIDE))
    assert_array_equal(matmul(LEFT, WIDE, out=out) + BIAS, addmm(BIAS, LEFT, WIDE))


def test_of_small_matrices_are_pytorchs_to_the_bit(by_numpy):
    few = WIDE[:, :20].contiguous()
    assert_array_equal(addmm(BIAS[:20], LEFT, few), torch.addmm(BIAS[:20], LEFT, few))
    assert not by_numpy


@pytest.mark.parametrize("rows", [600, 60], ids=["large", "small"])
def test_of_stacks_are_those_of_each(rows):
    bias, left, right = _random(2, 1, 90), _random(2, 37, rows), _random(2, rows, 90)
    for i in range(2):
        assert_array_equal(matmul(left, right)[i], matmul(left[i], right[i]))
        assert_allclose(
            addmm(bias, left, right)[i], addmm(bias[i], left[i], right[i]), rtol=1e-5, atol=1e-5
        )


def test_learning_has_its_gradients(by_numpy):
    right = WIDE.clone().requires_grad_()
    matmul(LEFT, right).sum().backward()
    assert_allclose(right.grad, LEFT.sum(0)[:, None].expand(-1, 90), rtol=1e-5, atol=1e-5)
    assert not by_numpy
    with torch.no_grad():
        matmul(LEFT, right)
    assert by_numpy


def test_too_large_values_are_infinite_without_a_warning():
    assert torch.isinf(matmul(torch.full((2, 600), 3e38), torch.full((600, 90), 3e38))).all()


def test_a_device_keeps_its_own(by_numpy):
    with torch.device("meta"):
        left, right = torch.empty(3, 600), torch.empty(600, 90)
    assert addmm(right[0], left, right).shape == (3, 90)
    assert matmul(left, right).device.type == "meta"
    assert not by_numpy
