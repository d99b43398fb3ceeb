"""On an NVIDIA GPU: what is fitted, encoded and trained there is what the CPU gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from test_codec_contract import CODECS

from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder
from napari_compressed_transcriptomics.codecs.codec import Fitting
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import compressed, small_expression
from stores import small_chunks
from trained import DATA as TRAINED
from trained import leave_after, losses, without_files

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")

DATA = small_expression(n_samples=400, n_genes=300)
ROW = 4 * 300


@pytest.fixture(scope="module")
def in_store(tmp_path_factory):
    """The data in a store, which is read in 10 blocks of rows."""
    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch)
        path = tmp_path_factory.mktemp("store") / "brain.zarr"
        convert(DATA, path)
    return read_expression(path)


def close(result, expected):
    """Check latents and all errors: float32 sums in another order, of NMF in many iterations."""
    assert result.device == "cuda"
    assert result.notes == expected.notes
    assert_allclose(result.latents, expected.latents, rtol=1e-3, atol=1e-4)
    for name in ("rmse_samples", "rmse_genes", "mean_genes", "sd_genes"):
        assert_allclose(getattr(result, name), getattr(expected, name), rtol=1e-3, err_msg=name)
    for name in ("r2_samples", "r2_genes"):
        assert_allclose(getattr(result, name), getattr(expected, name), atol=1e-3, err_msg=name)
    assert result.rmse == pytest.approx(expected.rmse, rel=1e-3)


@pytest.fixture(scope="module", params=CODECS)
def on_cpu(request):
    return compressed(DATA, codec=request.param, max_epochs=20)


def test_the_same_latents_and_errors_as_on_the_cpu(on_cpu):
    close(reconstruct(on_cpu.codec, DATA, device="cuda"), on_cpu)
    assert_allclose(on_cpu.codec.encode(DATA.values, "cuda"), on_cpu.latents, atol=1e-4)


def test_many_blocks_through_two_buffers(on_cpu):
    """Blocks of 16 rows: each buffer is used again many times."""
    blocks = reconstruct(on_cpu.codec, DATA, device="cuda", block_bytes=16 * ROW)
    close(blocks, on_cpu)


def test_a_store_is_read_into_the_same_buffers(on_cpu, in_store):
    assert isinstance(in_store.values, LazyValues)
    close(reconstruct(on_cpu.codec, in_store, device="cuda", block_bytes=48 * ROW), on_cpu)


def test_fitted_there_as_well_as_here(on_cpu):
    fitted = fit_codec(on_cpu.codec.id, DATA, 2, device="cuda", max_epochs=20)
    again = fit_codec(on_cpu.codec.id, DATA, 2, device="cuda", max_epochs=20)
    errors = [reconstruct(codec, DATA, device="cuda").rmse for codec in (fitted, again)]
    assert errors[0] == pytest.approx(on_cpu.rmse, rel=0.02)
    assert errors[1] == pytest.approx(errors[0], rel=1e-3)


@pytest.mark.parametrize("codec_id", ["pca", "residual"])
def test_fitted_to_a_store_there(codec_id, in_store):
    here = fit_codec(codec_id, in_store, 2, device="cpu", max_epochs=20)
    there = fit_codec(codec_id, in_store, 2, device="cuda", max_epochs=20)
    error = reconstruct(here, DATA, device="cpu").rmse
    assert reconstruct(there, DATA, device="cpu").rmse == pytest.approx(error, rel=0.02)


def test_memory_that_runs_out_takes_smaller_blocks():
    """The real error of the real card, of which this process may have a little only."""
    wide: Expression = small_expression(n_samples=3000, n_genes=20_000)
    expected = compressed(wide)
    torch.cuda.empty_cache()
    free = torch.cuda.mem_get_info()[1]
    torch.cuda.set_per_process_memory_fraction(300e6 / free)
    try:
        result = reconstruct(expected.codec, wide, device="cuda", block_bytes=400_000_000)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "CUDA memory ran out; went on with" in result.notes[0]
    assert_allclose(result.latents, expected.latents, rtol=1e-3, atol=1e-4)
    assert_allclose(result.rmse_genes, expected.rmse_genes, rtol=1e-3)


@pytest.mark.parametrize("precision", ["auto", "float32", "float16"])
def test_the_published_autoencoder_trains_there(precision):
    def fit(device, precision):
        settings = {"precision": precision, "hidden_sizes": (16, 8)}
        fitting = Fitting(TRAINED, 2, device=device, max_epochs=30, report=report)
        return Autoencoder._fit(fitting, **settings)

    messages = []

    def report(progress):
        if progress.message:
            messages.append(progress.message)

    here, there = fit("cpu", "float32"), fit("cuda", precision)
    assert messages == []
    assert there.training["device"] == "cuda"
    assert there.training["precision"] == ("bfloat16" if precision == "auto" else precision)
    expected = here.training["validation_rmse"]
    assert there.training["validation_rmse"] == pytest.approx(expected, rel=0.1)
    assert np.isfinite(there.encode(TRAINED.values)).all()


def test_training_that_was_killed_goes_on_there(request_, always):
    request_ = replace(request_, device="cuda")
    whole = losses(without_files(request_))[2]
    leave_after(request_, 5)
    _, messages, resumed = losses(replace(request_, resume=True))
    assert messages == []
    assert resumed.training["device"] == "cuda"
    assert resumed.training["epochs"] == whole.training["epochs"]
    for name, tensor in whole.tensors().items():
        assert_allclose(resumed.tensors()[name], tensor, rtol=1e-2, atol=1e-3, err_msg=name)


def test_a_machine_without_a_gpu_takes_such_training_on(request_, always):
    leave_after(replace(request_, device="cuda"), 5)
    _, messages, resumed = losses(replace(request_, device="cpu", resume=True))
    assert "device" in messages[0]
    assert resumed.training["device"] == "cpu"
    whole = losses(without_files(replace(request_, device="cpu")))[2]
    expected = whole.training["validation_rmse"]
    assert resumed.training["validation_rmse"] == pytest.approx(expected, rel=0.1)
