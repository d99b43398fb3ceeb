"""Derivatives of the decoder, and what changed latents do, against definitions."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.figures.component_plots import change_bars
from napari_compressed_transcriptomics.reconstruction.components import component_genes
from napari_compressed_transcriptomics.reconstruction.latent_change import (
    decoded_change,
    largest_changes,
    usual_range,
)
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import small_expression

CODECS = ("autoencoder", "pca", "residual", "nmf", "kernel-pca")
DATA = small_expression()

pytestmark = pytest.mark.usefixtures("one_thread")


def made(codec_id, size=3):
    codec = fit_codec(codec_id, DATA, size, seed=3, max_epochs=3)
    return reconstruct(codec, DATA, device="cpu")


@pytest.fixture(scope="module", params=CODECS)
def result(request):
    return made(request.param)


@pytest.fixture(scope="module")
def autoencoder():
    return made("autoencoder")


def by_finite_differences(result):
    """Central differences of the decoder in float64, averaged over samples."""
    network = deepcopy(result.codec.network()).double()
    latents = torch.tensor(result.latents, dtype=torch.float64)
    slopes = []
    for k in range(latents.shape[1]):
        step = torch.zeros_like(latents)
        step[:, k] = 1e-5 * latents[:, k].std()
        up, down = network.decode(latents + step), network.decode(latents - step)
        slopes.append(((up - down) / (2 * step[:, [k]])).mean(0).numpy())
    return np.stack(slopes)


def test_slopes_are_those_of_finite_differences(result):
    found, expected = component_genes(result), by_finite_differences(result)
    assert_allclose(found.slope, expected, atol=2e-4 * np.abs(expected).max())
    assert found.error is None
    assert found.genes == result.codec.genes
    assert found.slope.dtype == np.float32


@pytest.mark.parametrize("method", ["pca", "nmf"])
def test_of_linear_methods_they_are_the_components(method):
    result = made(method)
    assert_array_equal(component_genes(result).slope, result.codec.components)


def test_effects_of_pca_are_its_loadings():
    from sklearn.decomposition import PCA

    fitted = PCA(3, random_state=3).fit(DATA.values)
    n = DATA.n_samples
    loadings = fitted.components_ * np.sqrt(fitted.explained_variance_ * (n - 1) / n)[:, None]
    assert_allclose(component_genes(made("pca")).effect, loadings, atol=1e-5)


def test_blocks_change_nothing(result, monkeypatch):
    from napari_compressed_transcriptomics.reconstruction import components

    whole = component_genes(result)
    monkeypatch.setattr(components, "BLOCK_BYTES", 7 * 4 * 3 * 500)
    monkeypatch.setattr(components, "GENES_PER_TILE", 9)
    assert_allclose(component_genes(result).slope, whole.slope, rtol=1e-4, atol=1e-7)


def test_drawn_samples_estimate_within_their_error(autoencoder):
    exact = component_genes(autoencoder).slope
    some = [component_genes(autoencoder, n_samples=20, seed=seed) for seed in range(30)]
    off = np.stack([(found.slope - exact) / found.error for found in some])
    assert 0.7 < np.sqrt(np.square(off).mean()) < 1.3
    assert np.abs(some[0].slope - exact).max() < 0.1 * np.abs(exact).max()
    assert (some[0].n_looked_at, some[0].n_samples) == (20, 60)
    assert "20 of them" in some[0].basis
    assert_allclose(some[0].effect_error, some[0].error * some[0].spread[:, None], rtol=1e-5)


def test_drawing_is_seeded(autoencoder):
    one, same = (component_genes(autoencoder, n_samples=20, seed=1) for _ in range(2))
    assert_array_equal(one.slope, same.slope)


def test_progress_reaches_its_total(result):
    told: list[Progress] = []
    component_genes(result, report=told.append)
    assert [p.done for p in told] == list(range(1, told[-1].total + 1))


def test_batches_that_depend_on_each_other_are_refused(autoencoder):
    notebook = as_notebook(autoencoder.codec, DATA)
    with pytest.raises(UserError, match="without notebook mode"):
        component_genes(reconstruct(notebook, DATA, device="cpu"))
    with pytest.raises(UserError, match="without notebook mode"):
        decoded_change(notebook, np.zeros(3), np.ones(3))


def test_a_changed_latent_changes_what_is_decoded(result):
    start = result.latents[7]
    assert not decoded_change(result.codec, start, start).any()
    moved = start.copy()
    moved[1] += 0.5
    expected = result.codec.decode(moved[None]) - result.codec.decode(start[None])
    assert_allclose(decoded_change(result.codec, start, moved), expected[0], atol=2e-5)


def test_largest_rises_and_falls_in_order():
    change = np.array([0.1, -3, 0, 2, 0.5, -0.2, 0])
    assert largest_changes(change, 2).tolist() == [3, 4, 5, 1]
    assert largest_changes(change).tolist() == [3, 4, 0, 5, 1]
    assert largest_changes(np.zeros(4)).tolist() == []
    assert largest_changes(np.array([1.0, 2, 3]), 2).tolist() == [2, 1]


def test_usual_range_keeps_outliers_out():
    latents = np.random.default_rng(0).normal(size=(1000, 2))
    latents[0], latents[:, 1] = 50, 4
    (low, high), constant = usual_range(latents)
    assert -3 < low < -2
    assert 2 < high < 3
    assert constant.tolist() == [3.5, 4.5]


def test_bars_name_the_genes_that_change():
    change = np.linspace(-1, 2, 40)
    figure = change_bars(DATA.genes, change, foreground="#ffffff")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts][:2] == ["GENE39", "GENE38"]
    assert len(axes.patches) == 20
    assert axes.patches[0].get_width() == 2
    assert not change_bars(DATA.genes, np.zeros(40)).axes
