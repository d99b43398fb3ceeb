import pytest

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models.methods_paragraph import methods_paragraph
from napari_compressed_transcriptomics.codecs.models.model_card import model_card
from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.codecs.models.published import BLOB_IDS
from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook
from published import SAMPLE, blob_id, needs_safe_torch, sample_table, weights
from small import small_expression

DATA = small_expression()


@pytest.mark.parametrize("codec_id", ["autoencoder", "pca"])
def test_card_from_the_file_is_the_card_of_the_model(codec_id, tmp_path):
    codec = fit_codec(codec_id, DATA, 3, seed=5, max_epochs=4)
    card = model_card(codec)
    assert model_card(load_model(save_model(codec, tmp_path / "m.safetensors"))) == card
    for words in (f"{codec_id}, 3 components", "40 (GENE0, ", codec.training["data_sha256"]):
        assert words in card
    assert max(map(len, card.split("Methods\n")[1].splitlines())) <= 88


def test_methods_tell_what_was_really_used():
    codec = fit_codec("autoencoder", DATA, 3, seed=5, max_epochs=4)
    said, record = methods_paragraph(codec), codec.training
    for words in (
        "40 genes was compressed into 3 components",
        "10.1002/hbm.26795",
        "encoder of 40, 500, 250, 125 and 3 units",
        f"clipped to {codec.clip[0]:.3f}-{codec.clip[1]:.3f}",
        "fitted to 60 samples of small",
        "seed 5",
        "6 were held out",
        f"epoch {record['best_epoch']} of {record['epochs']}",
        "batch size 16, learning rate 0.001",
        f"{record['train_rmse']:.4f} on the training",
        f"{record['validation_rmse']:.4f} on the held-out",
        f"torch {record['versions']['torch']}",
    ):
        assert words in said
    assert "None" not in said
    assert "principal component analysis" in methods_paragraph(fit_codec("pca", DATA, 2))


@needs_safe_torch
def test_methods_of_published_weights(tmp_path, monkeypatch):
    name = "autoencode_abagen_2_components.pt"
    content = weights()[1]
    (tmp_path / name).write_bytes(content)
    (tmp_path / SAMPLE).write_bytes(sample_table(DATA.genes, DATA.values))
    codec = load_model(tmp_path / name)
    assert "not one of the published files" in methods_paragraph(codec)
    monkeypatch.setitem(BLOB_IDS, name, blob_id(content))
    said = methods_paragraph(codec)
    for words in ("unchanged", name, "bd6cad0", "percentiles of sample_data.csv"):
        assert words in said
    said = methods_paragraph(as_notebook(codec, DATA))
    assert "each batch of 1,024 rows" in said
    assert "percentiles of the data encoded" in said


def test_a_record_of_another_kind_still_gives_a_card():
    codec = fit_codec("pca", DATA, 2)
    codec.training = {"anything": {"else": [1, None]}}
    assert "anything.else" in model_card(codec)
    codec.training = {}
    assert "not recorded" in model_card(codec)


@pytest.mark.parametrize(
    "record",
    [
        {"n_samples": "x", "data": None, "data_sha256": 7, "n_validation": [1], "seed": {}},
        {"n_samples": 5, "settings": 5, "versions": 3, "train_rmse": "x"},
        {"n_samples": 10**400, "train_rmse": 10**400, "validation_rmse": True},
        {"published_file": [1], "git_blob_id": 5, "clip_from": {}},
        {"published_file": "a\x1b[31m", "versions": {"torch": [1]}},
        {"\x1b[31m": ["\ud800", "\n"], "n_samples": -1, "settings": {"\n": "\n"}},
    ],
)
def test_an_odd_record_still_gives_a_card_of_plain_lines(record):
    codec = fit_codec("pca", DATA, 2)
    codec.training = record
    card = model_card(codec)
    assert all(line.isprintable() for line in card.split("\n"))
    card.encode()
