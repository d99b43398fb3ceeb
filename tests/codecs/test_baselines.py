"""NMF and kernel PCA are scikit-learn's, row by row, and are tuned with care."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist
from sklearn.decomposition import NMF as SklearnNMF
from sklearn.decomposition import KernelPCA as SklearnKernelPCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.kernel_ridge import KernelRidge

from data import real_data
from napari_compressed_transcriptomics.codecs import kernel_pca, nmf
from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import silent
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.spatial.splits import inner_folds
from small import named, small_expression

DATA = small_expression(n_samples=80, n_genes=50)
OTHER = small_expression(n_samples=12, n_genes=50, seed=8)


def test_is_scikit_learns_nmf():
    ours = fit_codec("nmf", DATA, 4, seed=2)
    steps = ours.training["iterations"]
    theirs = SklearnNMF(4, init="nndsvda", random_state=2, max_iter=steps, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(DATA.values)
    assert_allclose(ours.components, theirs.components_, rtol=1e-4, atol=1e-6)
    theirs.set_params(max_iter=20_000, tol=1e-6)
    latents = theirs.transform(OTHER.values)
    assert_allclose(ours.encode(OTHER.values), latents, atol=2e-3)
    assert_allclose(ours.decode(latents), theirs.inverse_transform(latents), atol=1e-5)
    assert (ours.encode(OTHER.values) >= 0).all()


def test_nmf_goes_on_until_it_has_converged():
    """Twice the iterations gain nothing to speak of; and it tells how far it is meanwhile."""
    reports = []
    codec = fit_codec("nmf", DATA, 4, report=reports.append)
    done = codec.training["iterations"]
    assert codec.training["converged"]
    assert [progress.done for progress in reports[1:4]] == [100, 200, 300]
    assert not any(progress.message for progress in reports)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(nmf, "_SETTLED", 0.0)
        longer = fit_codec("nmf", DATA, 4, max_epochs=2 * done)
    error, least = (reconstruct(fit, DATA).rmse for fit in (codec, longer))
    assert error < 1.002 * least


def test_nmf_that_has_not_converged_says_so():
    reports = []
    codec = fit_codec("nmf", DATA, 4, max_epochs=30, report=reports.append)
    assert codec.training["iterations"] == 30
    assert codec.training["converged"] is False
    told = [progress.message for progress in reports if progress.message]
    assert told == ["NMF had not converged after 30 iterations"]  # not of its repeats, too
    assert "had not converged" in codec.describe()


def test_nmf_refuses_values_below_zero():
    with pytest.raises(UserError, match="nmf needs 0"):
        codec_class("nmf").fit(named(DATA.values - 1), 2)
    with pytest.raises(UserError, match="nmf needs 0"):
        fit_codec("nmf", DATA, 2).encode(OTHER.values - 1)


def scikit_learns(data, size, gamma, alpha, unit):
    """Return latents, in units of their median distance, and the way back of scikit-learn."""
    pca = SklearnKernelPCA(size, kernel="rbf", gamma=gamma, eigen_solver="dense").fit(data)
    scale = np.median(pdist(pca.transform(data)))
    ridge = KernelRidge(kernel="rbf", gamma=gamma, alpha=alpha)
    ridge.fit(pca.transform(data) / scale, data)
    return lambda values: pca.transform(values) / scale, lambda z: unit * ridge.predict(z)


@pytest.mark.parametrize(("gamma", "alpha"), [(0.5, 0.01), (0.003, 1e-5)])
def test_is_scikit_learns_kernel_pca(gamma, alpha):
    ours = codec_class("kernel-pca").fit(DATA, 3, gamma=gamma, alpha=alpha)
    exact, other = (
        ((data.values - ours.gene_means) / ours.unit).astype(float) for data in (DATA, OTHER)
    )
    encode, decode = scikit_learns(exact, 3, gamma, alpha, ours.unit)
    latents = encode(other)
    assert_allclose(ours.encode(OTHER.values), latents, atol=1e-4)
    assert_allclose(ours.decode(latents), decode(latents) + ours.gene_means, atol=3e-4)


def test_errors_of_kernel_pca_on_inner_folds_are_those_of_fits():
    """One eigendecomposition for all ridges gives what fitting each anew gives."""
    samples = (DATA.values - DATA.values.mean(axis=0)) / 0.5
    errors = kernel_pca._measure_errors(samples, 3, 7, silent)
    parts = [part.numpy() for part in inner_folds(len(samples), 7)]
    assert [len(part) for part in parts] == [16] * 5
    for row, column in ((2, 3), (5, 5)):
        expected = 0.0
        for part in parts:
            learned = np.delete(samples, part, axis=0).astype(float)
            centre = learned.mean(axis=0)
            ways = kernel_pca.GAMMAS[row], kernel_pca.ALPHAS[column]
            encode, decode = scikit_learns(learned - centre, 3, *ways, 1.0)
            asked = samples[part] - centre
            expected += np.square(asked - decode(encode(asked))).sum()
        assert errors[row, column] == pytest.approx(expected, rel=1e-5)


def test_kernel_pca_chooses_a_kernel_that_does_well():
    chosen = fit_codec("kernel-pca", DATA, 2)
    poor = codec_class("kernel-pca").fit(DATA, 2, gamma=0.03, alpha=1.0)
    record = chosen.training
    assert record["gamma"] in record["gammas"] == list(kernel_pca.GAMMAS)
    assert record["alpha"] in record["alphas"] == list(kernel_pca.ALPHAS)
    assert record["chosen_at_edge"] is False
    assert "chosen by five-fold cross-validation" in chosen.describe()
    assert "chosen" not in poor.describe()
    assert reconstruct(chosen, DATA).rmse < 0.8 * reconstruct(poor, DATA).rmse


def of_real_table(name):
    import pandas as pd

    table = pd.read_csv(real_data(f"expr/{name}.csv"), index_col=0).dropna(how="all")
    return named(table.to_numpy(np.float32))


@pytest.mark.parametrize("table", ["ahba_dk82_r0.6", "ahba_schaefer100_r0.6"])
@pytest.mark.parametrize("size", [2, 32])
def test_what_is_chosen_lies_inside_what_is_tried(table, size):
    """At an edge something better may lie beyond it, and the comparison would be unfair."""
    codec = codec_class("kernel-pca").fit(of_real_table(table), size)
    assert codec.training["chosen_at_edge"] is False, codec.training


@pytest.mark.parametrize("size", [2, 16])
def test_what_is_chosen_for_the_synthetic_brain_lies_inside(size, monkeypatch):
    monkeypatch.setattr(kernel_pca, "MAX_SAMPLES", 300)
    data = synthetic_brain(n_genes=80)
    codec = codec_class("kernel-pca").fit(data, size)
    assert codec.training["chosen_at_edge"] is False, codec.training


def test_kernel_pca_of_very_many_samples_takes_some(monkeypatch):
    monkeypatch.setattr(kernel_pca, "MAX_SAMPLES", 30)
    reports = []
    codec = codec_class("kernel-pca").fit(DATA, 2, report=reports.append)
    assert codec.config()["n_samples"] == 30
    assert "30 samples" in reports[0].message
    assert np.isfinite(reconstruct(codec, DATA).rmse)


@pytest.mark.parametrize(("n_samples", "size"), [(2, 1), (3, 2)])
def test_kernel_pca_of_hardly_any_samples(n_samples, size):
    data = small_expression(n_samples=n_samples, n_genes=5)
    codec = fit_codec("kernel-pca", data, size)
    assert np.isfinite(codec.decode(codec.encode(data.values))).all()
