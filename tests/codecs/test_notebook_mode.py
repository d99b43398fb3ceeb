"""Notebook mode, against the steps of the published notebook written out."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import AutoencoderNetwork
from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import small_expression

DATA = small_expression(n_samples=2500, noise=0.05)  # two whole batches and a part


@pytest.fixture(scope="module")
def codec():
    module = AutoencoderNetwork.seeded(40, 3, (12, 8), torch.Generator().manual_seed(2))
    return Autoencoder(module, (12, 8), (0.3, 0.7), DATA.genes, np.full(40, 0.5))


@torch.no_grad()
def as_written(codec, values):
    """Clip to percentiles of all, then batch by batch through the network in training mode."""
    module = AutoencoderNetwork(40, 3, (12, 8))
    module.load_state_dict(codec.module.state_dict())
    module.train()
    clipped = np.clip(values, *np.percentile(values, (0.1, 99.9))).astype(np.float32)
    batches = [torch.from_numpy(clipped[i : i + 1024]) for i in range(0, len(clipped), 1024)]
    latents = torch.cat([module.encoder(batch) for batch in batches])
    reconstructed = torch.cat([module(batch) for batch in batches])
    return latents.numpy(), reconstructed.numpy()


@pytest.mark.parametrize("block_bytes", [None, 160 * 7, 160 * 2100])
def test_does_as_the_notebook_whatever_the_blocks(codec, block_bytes):
    latents, reconstructed = as_written(codec, DATA.values)
    notebook = as_notebook(codec, DATA)
    assert_allclose(notebook.encode(DATA.values, block_bytes=block_bytes), latents, atol=2e-5)
    assert_allclose(notebook.decode(latents, block_bytes=block_bytes), reconstructed, atol=2e-5)
    result = reconstruct(notebook, DATA, block_bytes=block_bytes)
    assert_allclose(result.latents, latents, atol=2e-5)
    assert_allclose(result.gene("GENE7"), reconstructed[:, 7], atol=2e-5)
    assert_allclose(result.rmse, np.sqrt(((reconstructed - DATA.values) ** 2).mean()), rtol=1e-4)


def test_differs_from_evaluation_mode_and_leaves_it_alone(codec):
    before = codec.encode(DATA.values)
    notebook = as_notebook(codec, DATA)
    assert np.abs(notebook.encode(DATA.values) - before).max() > 0.01
    assert_array_equal(codec.encode(DATA.values), before)


def test_file_keeps_it(codec, tmp_path):
    notebook = as_notebook(codec, DATA)
    loaded = load_model(save_model(notebook, tmp_path / "m.safetensors"))
    assert loaded.id == "autoencoder-notebook"
    assert_array_equal(loaded.encode(DATA.values), notebook.encode(DATA.values))


def test_smaller_blocks_after_lost_memory_change_nothing(codec, monkeypatch):
    notebook = as_notebook(codec, DATA)
    whole = reconstruct(notebook, DATA).latents
    forward = type(notebook.network().encoder).forward

    def of_few_rows_only(self, values):
        if len(values) > 1024:
            raise MemoryError
        return forward(self, values)

    monkeypatch.setattr(type(notebook.network().encoder), "forward", of_few_rows_only)
    result = reconstruct(notebook, DATA)
    assert "blocks of 1024 rows" in result.notes[0]
    assert_allclose(result.latents, whole, atol=1e-6)


def test_a_last_batch_of_one_row_is_refused(codec):
    with pytest.raises(UserError, match="a single one"):
        as_notebook(codec, DATA).encode(DATA.values[:1025])


def test_only_for_the_autoencoder():
    with pytest.raises(UserError, match="pca"):
        as_notebook(fit_codec("pca", DATA, 2), DATA)
