"""One sample closely: the numbers are those of the whole pass, the names are the worst genes."""

from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.figures.sample_plots import latents_plot, profile_plot
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.reconstruction.sample_profile import (
    profile_of,
    reconstructed_sample,
    samples_by_error,
)
from small import compressed


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 5)


def test_ranks_run_from_the_worst(result):
    order = samples_by_error(result)
    assert (np.diff(result.rmse_samples[order]) <= 0).all()
    assert profile_of(result, int(order[0])).rank == 1
    assert profile_of(result, int(order[-1])).rank == result.expression.n_samples


def test_its_error_is_that_of_the_pass(result):
    profile = profile_of(result, 7)
    error = profile.reconstructed - profile.original
    assert np.sqrt(np.mean(error**2)) == pytest.approx(profile.rmse, rel=1e-4)
    spread = np.square(profile.original - profile.original.mean()).sum()
    assert 1 - np.square(error).sum() / spread == pytest.approx(profile.r2, abs=1e-4)
    assert profile.name == result.expression.samples[7]


def test_the_gene_that_was_spoilt_is_the_worst(result):
    values = result.expression.values.copy()
    values[3, 11], values[3, 30] = 0.9, 0.05
    spoilt = replace(result, expression=replace(result.expression, values=values))
    profile = profile_of(spoilt, 3)
    worst = [profile.genes[i] for i in profile.worst_genes()]
    assert set(worst[:2]) == {profile.genes[11], profile.genes[30]}
    assert len(worst) == 10


def test_filled_in_genes_are_never_the_worst(brain):
    codec = fit_codec("pca", brain, 5, device="cpu")
    codec.gene_means[[2, 4]] = 1.0  # far off
    kept = [i for i in range(brain.n_genes) if i not in (2, 4)]
    partial = replace(
        brain, values=brain.values[:, kept], genes=tuple(brain.genes[i] for i in kept)
    )
    result = reconstruct(codec, partial, device="cpu", fill_missing=True)
    profile = profile_of(result, 5)
    assert not {2, 4} & set(profile.worst_genes(40))
    error = (profile.reconstructed - profile.original)[kept]
    assert np.sqrt(np.mean(error**2)) == pytest.approx(profile.rmse, rel=1e-4)
    profile_plot(profile)


def test_rows_that_depend_on_each_other_are_decoded_together(brain, one_thread):
    from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook

    codec = as_notebook(fit_codec("autoencoder", brain, 2, device="cpu", max_epochs=1), brain)
    result = reconstruct(codec, brain, device="cpu")
    whole = codec.decode(result.latents)
    np.testing.assert_allclose(reconstructed_sample(result, 9), whole[9], rtol=1e-5)


def test_plots_name_the_worst_genes_and_number_the_components(result):
    profile = profile_of(result, int(samples_by_error(result)[0]))
    texts = {text.get_text() for text in profile_plot(profile).axes[0].texts}
    assert texts == {profile.genes[i] for i in profile.worst_genes()}

    axes = latents_plot(profile).axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    np.testing.assert_allclose(heights, profile.latents)
    np.testing.assert_array_equal(axes.get_xticks(), [1, 2, 3, 4, 5])


def test_many_components_have_few_numbers(result):
    profile = replace(
        profile_of(result, 0),
        latents=np.linspace(-1, 1, 128, dtype=np.float32),
        latents_mean=np.zeros(128),
    )
    ticks = latents_plot(profile).axes[0].get_xticks()
    assert len(ticks) < 12
    assert all(tick == int(tick) for tick in ticks)
