"""Published state dicts: weights and genes are read, nothing in them is ever run."""

import pickle
import struct
import zipfile

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from test_checkpoint import refused

from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import AutoencoderNetwork
from napari_compressed_transcriptomics.core.errors import UserError
from published import Malicious, needs_safe_torch
from small import small_expression

pytestmark = needs_safe_torch

DATA = small_expression()


def published(path, n_genes=40, latent_size=2, sizes=(12, 8)):
    """Write a state dict as the published files have it."""
    network = AutoencoderNetwork.seeded(
        n_genes, latent_size, sizes, torch.Generator().manual_seed(1)
    )
    torch.save(network.state_dict(), path)
    path.with_name(f"{path.stem}.genes.txt").write_text("\n".join(DATA.genes))
    return network


def test_published_file(tmp_path):
    path = tmp_path / "autoencode_abagen_2_components.pt"
    network = published(path).eval()
    codec = load_model(path)
    assert codec.genes == DATA.genes
    assert codec.latent_size == 2
    with torch.no_grad():
        expected = network.encoder(torch.tensor(DATA.values))
    np.testing.assert_allclose(codec.encode(DATA.values), expected, atol=1e-5)
    again = load_model(save_model(codec, tmp_path / "copy.safetensors"))
    assert_array_equal(again.encode(DATA.values), codec.encode(DATA.values))


def test_published_file_needs_its_genes(tmp_path):
    path = tmp_path / "net.pt"
    published(path)
    genes = tmp_path / "net.genes.txt"
    genes.unlink()
    refused(path, "40 gene symbols", "net.genes.txt")
    table = tmp_path / "net.genes.tsv"
    table.write_text("gene\tentrez\n" + "".join(f"{gene}\t1\n" for gene in DATA.genes))
    assert load_model(path).genes == DATA.genes
    genes.write_text("\n".join(DATA.genes[:-1]))
    with pytest.raises(UserError, match=r"net\.genes\.txt names 39 genes"):
        load_model(path)
    genes.write_text("\n".join([*DATA.genes, "ONE_MORE"]))
    with pytest.raises(UserError, match=r"names 41 genes .* 40 inputs"):
        load_model(path)
    genes.write_bytes("\n".join(DATA.genes).encode() + b"\xff")
    with pytest.raises(UserError, match=r"net\.genes\.txt is not UTF-8"):
        load_model(path)


def test_malicious_pickle_runs_nothing(tmp_path):
    touched = tmp_path / "touched"
    path = tmp_path / "evil.pt"
    torch.save({"encoder.mlp.fc0.weight": Malicious(touched)}, path)
    refused(path, "not opened")
    path.write_bytes(pickle.dumps(Malicious(touched)))
    refused(path)
    assert not touched.exists()


def test_whole_pickled_module(tmp_path):
    path = tmp_path / "module.pt"
    torch.save(AutoencoderNetwork(40, 2, (12, 8)), path)
    refused(path, "whole pickled module", "state_dict()")


def test_published_file_that_is_cut_off_or_no_state_dict(tmp_path):
    path = tmp_path / "net.pt"
    published(path)
    path.write_bytes(path.read_bytes()[:-500])
    refused(path, "cut off")
    path.write_text("<html>Log in</html>")
    refused(path)
    torch.save([1, 2, 3], path)
    refused(path, "state dict")
    torch.save({"weight": torch.zeros(3)}, path)
    refused(path, "encoder.mlp.fc0.weight")


def test_published_file_with_wrong_parts(tmp_path):
    path = tmp_path / "net.pt"
    state = published(path).state_dict()
    torch.save({name: t for name, t in state.items() if name != "decoder.mlp.fc1.bias"}, path)
    refused(path, "decoder.mlp.fc1.bias")
    torch.save({**state, "decoder.mlp.fc0.weight": torch.zeros(3, 3)}, path)
    refused(path, "decoder.mlp.fc0.weight", "(3, 3)")
    torch.save({**state, "decoder.mlp.fc0.bias": torch.full((8,), torch.nan)}, path)
    refused(path, "decoder.mlp.fc0.bias", "NaN")


@pytest.mark.parametrize(
    "odd",
    [
        torch.zeros(1).expand(10**6, 10**6),
        torch.zeros(8, dtype=torch.complex64),
        torch.zeros(8, 8).to_sparse(),
        torch.zeros(8, device="meta"),
        torch.zeros(8, dtype=torch.bool),
        torch.zeros(0, 40),
        torch.tensor(1.0),
    ],
    ids=["expanded", "complex", "sparse", "meta", "bool", "empty", "scalar"],
)
def test_published_file_with_odd_tensors(tmp_path, odd):
    path = tmp_path / "net.pt"
    state = published(path).state_dict()
    for name in ("decoder.mlp.fc0.bias", "encoder.mlp.fc0.weight"):
        torch.save({**state, name: odd}, path)
        refused(path)


def test_published_file_of_other_precision(tmp_path):
    path = tmp_path / "net.pt"
    state = published(path).state_dict()
    torch.save(
        {name: t.bfloat16() if t.is_floating_point() else t for name, t in state.items()}, path
    )
    assert load_model(path).genes == DATA.genes


def test_published_file_with_a_flipped_bit(tmp_path):
    path = tmp_path / "net.pt"
    network = published(path)
    data = bytearray(path.read_bytes())
    weights = network.encoder.mlp[0].weight.detach().numpy().tobytes()
    data[data.find(weights) + 101] ^= 64
    path.write_bytes(data)
    refused(path, "damaged")


@pytest.mark.parametrize("error", [IndexError, AttributeError, OverflowError, struct.error])
def test_whatever_a_damaged_file_makes_of_the_reader(tmp_path, monkeypatch, error):
    published(tmp_path / "net.pt")

    def load(*_, **__):
        raise error("odd\nlines")

    monkeypatch.setattr(torch, "load", load)
    refused(tmp_path / "net.pt", "odd", "fetch it again")


def test_zip_bomb(tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10**7))
    refused(path, "unpack")


def test_only_a_torch_that_is_safe_for_it_opens_one(tmp_path, monkeypatch):
    """Before 2.6 a crafted file could run code in spite of `weights_only` (CVE-2025-32434)."""
    from napari_compressed_transcriptomics.core import installation

    path = tmp_path / "net.pt"
    published(path)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("was opened"))
    monkeypatch.setattr(installation, "version", lambda package: "2.5.1+cu118")
    refused(path, "Opening net.pt safely needs torch 2.6 or later", "2.5.1+cu118 is installed")
