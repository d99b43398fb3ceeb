"""What every codec promises, checked on each of them alike."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.core import memory
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.limits import LATENT_SIZES, latent_size_problem
from napari_compressed_transcriptomics.core.progress import Cancelled
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import named, small_expression

CODECS = ("autoencoder", "pca", "residual", "nmf", "kernel-pca")
DATA = small_expression()


@pytest.fixture(scope="module", params=CODECS)
def codec(request):
    return fit_codec(request.param, DATA, 2, seed=3, max_epochs=20)


def test_shapes_and_dtypes(codec):
    latents = codec.encode(DATA.values)
    decoded = codec.decode(latents)
    assert latents.shape == (60, 2)
    assert decoded.shape == (60, 40)
    for array in (latents, decoded):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


def test_beats_predicting_the_mean(codec):
    assert reconstruct(codec, DATA).r2 > 0.45


def test_knows_its_genes_and_their_means(codec):
    assert codec.genes == DATA.genes
    assert codec.latent_size == 2
    assert_allclose(codec.gene_means, DATA.values.mean(0), rtol=1e-5)


def test_same_seed_same_latents(codec):
    again = fit_codec(codec.id, DATA, 2, seed=3, max_epochs=20)
    assert_array_equal(again.encode(DATA.values), codec.encode(DATA.values))


def test_rows_do_not_depend_on_each_other(codec):
    together = codec.encode(DATA.values)
    assert_allclose(codec.encode(DATA.values[7:8])[0], together[7], atol=1e-5)
    assert_allclose(codec.encode(DATA.values[::-1])[::-1], together, atol=1e-5)
    assert_allclose(codec.encode(DATA.values, block_bytes=160 * 7), together, atol=1e-5)


def test_rows_never_seen_before(codec):
    other = small_expression(n_samples=9, seed=8)
    result = reconstruct(codec, other)
    assert result.latents.shape == (9, 2)
    assert np.isfinite(result.rmse_samples).all()


def test_file_gives_the_same_codec(codec, tmp_path):
    path = save_model(codec, tmp_path / "model.safetensors")
    loaded = load_model(path)
    assert type(loaded) is type(codec)
    assert loaded.config() == json.loads(json.dumps(codec.config())) == codec.config()
    assert loaded.genes == codec.genes
    assert loaded.training == json.loads(json.dumps(codec.training))
    assert_array_equal(loaded.gene_means, codec.gene_means)
    assert_array_equal(loaded.encode(DATA.values), codec.encode(DATA.values))


def test_record_of_the_fit(codec):
    assert codec.training["seed"] == 3
    assert codec.training["n_samples"] == 60
    assert len(codec.training["data_sha256"]) == 64
    assert "torch" in codec.training["versions"]


def test_streamed_errors_follow_the_formulas(codec):
    result = reconstruct(codec, DATA, block_bytes=160 * 7)
    true = DATA.values.astype(float)
    squared = (true - codec.decode(codec.encode(DATA.values))) ** 2
    about_gene = (true - true.mean(0)) ** 2
    about_sample = (true - true.mean(1, keepdims=True)) ** 2
    assert_allclose(result.rmse_samples, np.sqrt(squared.mean(1)), rtol=1e-4)
    assert_allclose(result.rmse_genes, np.sqrt(squared.mean(0)), rtol=1e-4)
    assert_allclose(result.r2_genes, 1 - squared.sum(0) / about_gene.sum(0), rtol=1e-4)
    assert_allclose(result.mean_genes, true.mean(0), rtol=1e-5)
    assert_allclose(result.sd_genes, true.std(0), rtol=1e-4)
    assert_allclose(result.r2_samples, 1 - squared.sum(1) / about_sample.sum(1), rtol=1e-4)
    assert_allclose(result.rmse, np.sqrt(squared.mean()), rtol=1e-5)
    assert_allclose(result.r2, 1 - squared.sum() / about_gene.sum(), rtol=1e-5)


def test_one_gene_is_its_column_of_the_whole(codec):
    result = reconstruct(codec, DATA)
    whole = codec.decode(result.latents)
    assert_allclose(result.gene("GENE7"), whole[:, 7], atol=2e-5)
    assert_allclose(result.gene("GENE39"), whole[:, 39], atol=2e-5)
    with pytest.raises(UserError, match="GENE40"):
        result.gene("GENE40")


@pytest.mark.parametrize("rows", [1, 13, 60])
def test_block_size_changes_nothing(codec, rows):
    whole = reconstruct(codec, DATA)
    blocks = reconstruct(codec, DATA, block_bytes=160 * rows)
    assert_allclose(blocks.latents, whole.latents, atol=1e-5)
    for name in ("rmse_samples", "rmse_genes", "r2_samples", "r2_genes", "rmse", "r2"):
        assert_allclose(getattr(blocks, name), getattr(whole, name), rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("blocks", [1, 2])
def test_fitting_can_be_left_at_any_block(codec, blocks):
    seen = []

    def leave(progress):
        seen.append(progress)
        if len(seen) == blocks:
            raise Cancelled

    with pytest.raises(Cancelled):
        codec_class(codec.id).fit(DATA, 2, report=leave)
    assert len(seen) == blocks


def test_wrong_width_is_told(codec):
    with pytest.raises(UserError, match="40 genes"):
        codec.encode(DATA.values[:, :39])
    with pytest.raises(UserError, match="2 components"):
        codec.decode(np.zeros((3, 3), np.float32))


@pytest.mark.parametrize("codec_id", CODECS)
def test_gene_order_does_not_matter(codec_id):
    codec = fit_codec(codec_id, DATA, 2, max_epochs=2)
    shuffled = DATA.aligned_to(DATA.genes[::-1])
    assert_allclose(reconstruct(codec, shuffled).latents, codec.encode(DATA.values), atol=1e-6)


@pytest.mark.parametrize("codec_id", CODECS)
def test_latent_sizes_that_data_cannot_carry(codec_id):
    assert latent_size_problem(codec_id, 8, 100, 50) is None
    assert "4 samples" in latent_size_problem(codec_id, 8, 4, 50)
    assert "7 genes" in latent_size_problem(codec_id, 8, 100, 7)
    with pytest.raises(UserError, match=r"60 samples|40 genes"):
        codec_class(codec_id).fit(DATA, 128)
    for size in LATENT_SIZES:  # and whatever is allowed can be fitted
        data = small_expression(n_samples=5, n_genes=6)
        if latent_size_problem(codec_id, size, 5, 6) is None:
            fit_codec(codec_id, data, size, max_epochs=1)


def test_samples_limit_differs_by_method():
    assert latent_size_problem("pca", 8, 8, 50) is None
    assert latent_size_problem("autoencoder", 8, 8, 50) is not None


def test_other_scale_is_refused_by_the_autoencoder_only():
    log2 = named(DATA.values * 10)
    with pytest.raises(UserError, match="0 to 1"):
        codec_class("autoencoder").fit(log2, 2)
    with pytest.raises(UserError, match="0 to 1"):
        reconstruct(fit_codec("autoencoder", DATA, 2, max_epochs=1), log2)
    assert reconstruct(fit_codec("pca", log2, 2), log2).r2 > 0.5


def test_unknown_codec():
    with pytest.raises(UserError, match="pca"):
        codec_class("nmf2")


def test_memory_is_said_before_fitting(codec, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    told = rf"^Fitting {codec.id} with 2 components to 60 samples x 40 genes needs .* are available"
    with pytest.raises(UserError, match=told):
        type(codec).fit(DATA, 2)


def test_large_networks_are_refused_before_they_are_made():
    for codec_id, sizes in (("autoencoder", (10**12, 5)), ("residual", (10**12, 5))):
        with pytest.raises(UserError, match=r"GB of memory .* choose fewer hidden units"):
            codec_class(codec_id).fit(DATA, 2, hidden_sizes=sizes)


def test_memory_that_runs_out_in_fitting_is_told(monkeypatch):
    from napari_compressed_transcriptomics.codecs import codec

    def fail(*_, **__):
        raise MemoryError("Unable to allocate 5.0 GiB for an array with shape (9, 9)")

    monkeypatch.setattr(codec, "training_record", fail)
    with pytest.raises(UserError, match=r"needs 5.0 GiB more memory, .* are available"):
        fit_codec("pca", DATA, 2)


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30, 1.5])
def test_seeds_that_are_none(seed):
    with pytest.raises(UserError, match="4,294,967,295"):
        fit_codec("pca", DATA, 2, seed=seed)
    assert fit_codec("pca", DATA, 2, seed=2**32 - 1).latent_size == 2
