"""What is in the published files: nothing hostile, whole, and for which genes."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from napari_compressed_transcriptomics.codecs.models.published import load_published
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from published import (
    DATA,
    NETWORK,
    SAMPLE,
    TWO,
    Malicious,
    needs_safe_torch,
    publish,
    refused,
    sample_table,
    weights,
)

pytestmark = needs_safe_torch


def test_even_with_the_right_id_nothing_is_run(server, monkeypatch, tmp_path):
    touched = tmp_path / "touched"
    server.files[TWO] = pickle.dumps(Malicious(touched))
    publish(monkeypatch, server.files)
    refused(TWO)
    assert not touched.exists()


@pytest.mark.parametrize("name", ["encoder.mlp.bn1.running_var", "decoder.mlp.fc2.weight"])
def test_weights_that_are_no_numbers_or_misshapen(server, monkeypatch, tmp_path, name):
    for value, word in ((torch.nan, "NaN"), (None, "shape")):
        state = {key: tensor.clone() for key, tensor in NETWORK.state_dict().items()}
        state[name] = state[name][..., 1:].clone() if value is None else state[name] * value
        torch.save(state, tmp_path / "made.pt")
        server.files[TWO] = (tmp_path / "made.pt").read_bytes()
        publish(monkeypatch, server.files)
        refused(TWO, name, word)


def test_sample_of_other_genes_or_without_values(server, monkeypatch):
    for genes, values, word in (
        (DATA.genes[1:], DATA.values[:, 1:], "39 genes"),
        (DATA.genes, DATA.values[:0], "no rows"),
        (DATA.genes, np.full((2, 40), np.nan), "missing values"),
    ):
        server.files[SAMPLE] = sample_table(genes, values)
        publish(monkeypatch, server.files)
        refused(SAMPLE, word)


def test_genes_that_the_data_lacks(server):
    codec = load_published(2)
    some = DATA.aligned_to(DATA.genes[:37][::-1])
    refused("3 of the 40", "GENE37, GENE38, GENE39", call=lambda: reconstruct(codec, some))
    result = reconstruct(codec, some, fill_missing=True)
    assert result.expression.filled == ("GENE37", "GENE38", "GENE39")
    assert "GENE37, GENE38, GENE39" in result.expression.notes[-1]
    filled = DATA.values.copy()
    filled[:, 37:] = codec.gene_means[37:]
    assert_allclose(result.latents, codec.encode(filled), atol=1e-5)
    few = DATA.aligned_to(DATA.genes[:30])
    refused("10 of the 40", "at least 90%", call=lambda: reconstruct(codec, few, fill_missing=True))


def test_notebook_mode(server):
    notebook = load_published(2, notebook_mode_for=DATA)
    assert notebook.id == "autoencoder-notebook"
    network = weights()[0].train()
    clipped = np.clip(DATA.values, *np.percentile(DATA.values, (0.1, 99.9)))
    expected = network.encoder(torch.tensor(clipped, dtype=torch.float32)).detach()
    assert_allclose(notebook.encode(DATA.values), expected, atol=1e-5)


def test_full_size(monkeypatch, server):
    genes = tuple(f"G{i}" for i in range(15_633))
    values = np.random.default_rng(0).uniform(0.3, 0.7, (3, len(genes)))
    network, server.files[TWO] = weights(len(genes), 2, (500, 250, 125))
    server.files[SAMPLE] = sample_table(genes, values)
    publish(monkeypatch, server.files)
    assert len(server.files[TWO]) == pytest.approx(64e6, rel=0.01)
    codec = load_published(2)
    assert codec.genes == genes
    rows = values.astype(np.float32)
    latents = codec.encode(rows)
    expected = network.encoder(torch.tensor(rows).clamp(*codec.clip)).detach()
    assert_allclose(latents, expected, atol=1e-4)
    assert codec.decode(latents).shape == (3, 15_633)
