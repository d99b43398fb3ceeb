"""NMF and kernel PCA are scikit-learn's, row by row."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import NMF as SklearnNMF
from sklearn.decomposition import KernelPCA as SklearnKernelPCA

from napari_compressed_transcriptomics.core import kernel_pca
from napari_compressed_transcriptomics.core.codec import codec_class, fit_codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import finish
from napari_compressed_transcriptomics.core.reconstruction import reconstruct
from small import named, small_expression

DATA = small_expression(n_samples=80, n_genes=50)
OTHER = small_expression(n_samples=12, n_genes=50, seed=8)


def test_is_scikit_learns_nmf():
    ours = fit_codec("nmf", DATA, 4, seed=2)
    theirs = SklearnNMF(4, init="nndsvda", random_state=2, max_iter=500, tol=1e-4).fit(DATA.values)
    assert_allclose(ours.components, theirs.components_, rtol=1e-5)
    theirs.set_params(max_iter=20_000, tol=1e-6)
    latents = theirs.transform(OTHER.values)
    assert_allclose(ours.encode(OTHER.values), latents, atol=2e-3)
    assert_allclose(ours.decode(latents), theirs.inverse_transform(latents), atol=1e-5)
    assert (ours.encode(OTHER.values) >= 0).all()


def test_nmf_refuses_values_below_zero():
    with pytest.raises(UserError, match="nmf needs 0"):
        codec_class("nmf").fit_steps(named(DATA.values - 1), 2)
    with pytest.raises(UserError, match="nmf needs 0"):
        fit_codec("nmf", DATA, 2).encode(OTHER.values - 1)


def test_is_scikit_learns_kernel_pca():
    ours = finish(codec_class("kernel-pca").fit_steps(DATA, 3, gamma=0.5, alpha=0.01))
    scaled = (DATA.values - ours.neutral) / ours.unit
    theirs = SklearnKernelPCA(
        3, kernel="rbf", gamma=0.5, alpha=0.01, fit_inverse_transform=True, eigen_solver="dense"
    ).fit(scaled.astype(float))
    latents = theirs.transform(((OTHER.values - ours.neutral) / ours.unit).astype(float))
    assert_allclose(ours.encode(OTHER.values), latents, atol=1e-5)
    back = theirs.inverse_transform(latents) * ours.unit + ours.neutral
    assert_allclose(ours.decode(latents), back, atol=1e-4)


def test_kernel_pca_chooses_a_kernel_that_does_well():
    chosen = fit_codec("kernel-pca", DATA, 2)
    poor = finish(codec_class("kernel-pca").fit_steps(DATA, 2, gamma=0.03, alpha=1.0))
    assert chosen.training["gamma"] in kernel_pca.GAMMAS
    assert reconstruct(chosen, DATA).rmse < 0.8 * reconstruct(poor, DATA).rmse


def test_kernel_pca_of_very_many_samples_takes_some(monkeypatch):
    monkeypatch.setattr(kernel_pca, "MOST_SAMPLES", 30)
    reports = []
    codec = finish(codec_class("kernel-pca").fit_steps(DATA, 2), reports.append)
    assert codec.config()["n_samples"] == 30
    assert "30 samples" in reports[0].message
    assert np.isfinite(reconstruct(codec, DATA).rmse)
