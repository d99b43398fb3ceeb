"""Counting original against reconstructed values: all of them, or an honest sample."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.reconstruction import joint_histogram
from napari_compressed_transcriptomics.reconstruction.joint_histogram import density_of
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import named, small_expression


def result_of(expression, k=2, **settings):
    return reconstruct(fit_codec("pca", expression, k), expression, device="cpu", **settings)


@pytest.fixture(scope="module")
def result():
    return result_of(small_expression(n_samples=100))


def test_where_all_values_fit_all_are_counted(result):
    density = density_of(result, n_bins=20)
    assert (density.n_drawn, density.n_samples, density.n_values) == (100, 100, 100 * 40)
    reconstructed = result.codec.decode(result.latents)
    original = result.expression.values
    expected = np.histogram2d(original.ravel(), reconstructed.ravel(), density.edges)[0]
    # a value on an edge may fall to either side of it
    assert np.abs(density.counts - expected).sum() <= 4
    assert density.edges[0] == min(original.min(), reconstructed.min())
    assert density.edges[-1] == pytest.approx(max(original.max(), reconstructed.max()))


def test_the_spread_about_the_diagonal_is_the_rmse(result):
    density = density_of(result, n_bins=400)
    middles = (density.edges[1:] + density.edges[:-1]) / 2
    squares = np.subtract.outer(middles, middles) ** 2
    assert np.sqrt(np.average(squares, weights=density.counts)) == pytest.approx(
        result.rmse, rel=0.01
    )


@pytest.fixture
def decoded(result, monkeypatch):
    """Return a list that grows by the number of samples each time some are decoded."""
    found = []
    decode = type(result.codec).decode

    def watched(codec, latents, *rest):
        found.append(len(latents))
        return decode(codec, latents, *rest)

    monkeypatch.setattr(type(result.codec), "decode", watched)
    return found


def test_steps_are_of_as_many_values_whatever_the_number_of_genes(result, decoded, monkeypatch):
    told = []
    at_once = density_of(result, report=told.append)
    assert decoded == [100]
    monkeypatch.setattr(joint_histogram, "_VALUES_A_STEP", 40 * 30)
    decoded.clear()
    in_steps = density_of(result, report=told.append)
    assert decoded == [30, 30, 30, 10]
    assert [(one.done, one.total) for one in told] == [(1, 1), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert at_once.counts.sum() == in_steps.counts.sum() == 100 * 40
    monkeypatch.setattr(joint_histogram, "_VALUES_A_STEP", 1)
    decoded.clear()
    density_of(result)
    assert decoded == [1] * 100


def test_a_sample_is_drawn_by_its_seed_and_only_it_is_decoded(result, decoded):
    one = density_of(result, most_values=40 * 25, n_bins=20)
    assert (one.n_drawn, one.n_samples, one.n_values) == (25, 100, 25 * 40)
    assert sum(decoded) == 25
    again = density_of(result, most_values=40 * 25, n_bins=20)
    other = density_of(result, most_values=40 * 25, n_bins=20, seed=1)
    np.testing.assert_array_equal(one.counts, again.counts)
    assert (one.counts != other.counts).any()


def test_at_least_one_sample_is_counted(result):
    assert density_of(result, most_values=1).n_values == 40


def test_filled_in_genes_are_left_out():
    brain = small_expression()
    codec = fit_codec("pca", brain, 2)
    fewer = replace(brain, values=brain.values[:, 2:], genes=brain.genes[2:])
    filled = reconstruct(codec, fewer, device="cpu", fill_missing=True)
    assert len(filled.expression.filled) == 2
    assert density_of(filled).n_values == 60 * 38


def test_constant_data_has_bins_too():
    expression = named(np.full((6, 4), 0.25))
    codec = SimpleNamespace(decode=lambda latents: np.full((len(latents), 4), 0.25, np.float32))
    constant = SimpleNamespace(expression=expression, codec=codec, latents=np.zeros((6, 1)))
    density = density_of(constant, n_bins=10)
    assert np.isfinite(density.edges).all()
    assert density.n_values == 24
