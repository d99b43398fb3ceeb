"""Components of values that are read in blocks are those of scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA as SklearnPCA

from napari_compressed_transcriptomics.codecs import fitting, streamed_pca
from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.streamed_pca import principal_components, scores_of
from napari_compressed_transcriptomics.core import memory, row_chunks
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.progress import Cancelled
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct


class InMemory:
    """A matrix that counts its blocks; see `core.lazy_values.Matrix`."""

    name, sha256, limits = "counted", "known", None

    def __init__(self, values, rows_together=100):
        self.values, self.shape, self.rows_together = values, values.shape, rows_together
        self.blocks = []

    def read_rows(self, first, last, into=None):
        self.blocks.append(first)
        return self.values[first:last].copy()

    def read_columns(self, columns):
        return self.values[:, columns]


@pytest.fixture(scope="module")
def smooth():
    """Samples along a line: smooth factors of falling size, heavy-tailed loadings, and noise."""
    rng = np.random.default_rng(0)
    factors = np.cumsum(rng.normal(size=(1500, 40)), axis=0)
    factors = (factors - factors.mean(0)) / factors.std(0) * np.arange(1, 41) ** -0.8
    values = factors @ rng.standard_t(4, size=(40, 300)) + 0.3 * rng.normal(size=(1500, 300))
    return np.float32(values + 5 * rng.normal(size=300))


def lazy(values, **how):
    n = len(values)
    samples, genes = (tuple(map(str, range(count))) for count in values.shape)
    places = Parcellation.from_mask(np.ones((n, 1, 1), bool), np.eye(4))
    return Expression(LazyValues(InMemory(values, **how)), genes, samples, places, "lazy")


@pytest.mark.parametrize("n_components", [3, 20])
def test_components_hold_as_much_as_exact_ones(smooth, n_components, monkeypatch):
    monkeypatch.setattr(streamed_pca, "SAMPLED_ROWS", 150)
    monkeypatch.setattr(streamed_pca, "OVERSAMPLING", 10)
    exact = SklearnPCA(n_components, svd_solver="full").fit(smooth.astype(float))

    found = principal_components(LazyValues(InMemory(smooth)), n_components)

    held = np.square((smooth - found.mean) @ found.components.T).sum() / (len(smooth) - 1)
    assert held == pytest.approx(exact.explained_variance_.sum(), rel=1e-5)
    np.testing.assert_allclose(found.mean, exact.mean_, atol=1e-5)
    np.testing.assert_allclose(found.variances, exact.explained_variance_, rtol=1e-2)
    whole = exact.explained_variance_.sum() / exact.explained_variance_ratio_.sum()
    assert found.total_variance == pytest.approx(whole, rel=1e-6)
    np.testing.assert_allclose(
        found.components @ found.components.T, np.eye(n_components), atol=1e-5
    )
    scores = scores_of(LazyValues(InMemory(smooth)), found)
    np.testing.assert_allclose(
        scores, (smooth - found.mean) @ found.components.T, atol=1e-3 * scores.std()
    )


@pytest.mark.parametrize("codec", ["pca", "residual"])
def test_codecs_fit_lazy_values_as_arrays(smooth, codec):
    expression = lazy(smooth)
    settings = {} if codec == "pca" else {"max_epochs": 3}
    results = []
    for data in (expression, expression.in_memory()):
        fitted = fit_codec(codec, data, 6, device="cpu", **settings)
        results.append(reconstruct(fitted, data, device="cpu"))

    streamed, whole = results
    assert streamed.rmse == pytest.approx(whole.rmse, rel=2e-3)
    np.testing.assert_allclose(
        np.abs(np.diag(np.corrcoef(streamed.latents.T, whole.latents.T)[:6, 6:])), 1, atol=0.02
    )
    assert streamed.codec.training_distribution is not None


def test_rows_are_read_a_few_times_and_in_order(smooth):
    expression = lazy(smooth)
    blocks = expression.values.matrix.blocks

    codec_class("pca").fit(expression, 4, device="cpu")

    assert blocks == [*range(0, 1500, 100)] * (1 + streamed_pca.PASSES)


def test_what_the_reference_is_learned_from_is_kept_as_it_goes_by(smooth, monkeypatch):
    monkeypatch.setattr(fitting, "MAX_TO_LEARN", 700)
    expression, whole = lazy(smooth), lazy(smooth).in_memory()
    drawn = whole.drawn(700)

    codec = fit_codec("pca", expression, 4, device="cpu")

    assert len(expression.values.matrix.blocks) == 15 * (1 + streamed_pca.PASSES)
    reference = fitting.learn_distribution(codec, drawn, "cpu")
    np.testing.assert_array_equal(codec.training_distribution.mean, reference.mean)
    np.testing.assert_array_equal(codec.training_distribution.cutoffs, reference.cutoffs)


def test_no_block_of_a_fit_is_put_together_from_what_is_read_apart(smooth, monkeypatch):
    monkeypatch.setattr(row_chunks, "BLOCK_BYTES", 4 * 300 * 45)  # 45 rows; 50 are half of 100

    def whole(parts):
        pytest.fail("rows were copied")

    expression = lazy(smooth)
    found = principal_components(expression.values, 4)
    monkeypatch.setattr(np, "concatenate", whole)
    principal_components(expression.values, 4)
    scores_of(expression.values, found)


def test_fit_ends_within_a_block(smooth, monkeypatch, one_thread):
    monkeypatch.setattr(row_chunks, "BLOCK_BYTES", 4 * 100 * 300)
    expression, seen = lazy(smooth), []

    def report(progress):
        seen.append(progress)
        if len(seen) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        codec_class("pca").fit(expression, 4, device="cpu", report=report)
    assert len(expression.values.matrix.blocks) <= 4


def test_methods_that_need_all_values_say_how_much_memory_that_is(smooth, monkeypatch):
    expression = lazy(smooth)
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000)

    with pytest.raises(
        UserError, match=r"kernel-pca .*1,500 samples x 300 genes needs [\d.,]+ (GB|MB)"
    ):
        codec_class("kernel-pca").fit(expression, 4, device="cpu")
    assert not expression.values.matrix.blocks  # before anything is read


def test_methods_that_need_all_values_read_them_where_memory_allows(smooth):
    expression = lazy(np.abs(smooth[:200, :50]))
    codec = codec_class("nmf").fit(expression, 2, device="cpu", max_epochs=20)
    assert codec.latent_size == 2
