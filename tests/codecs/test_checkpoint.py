"""Model files: what is wrong with one is said in a sentence, and nothing in it is run."""

import json
import os
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from faults import refuses
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models import model_file
from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.core.errors import UserError
from small import small_expression

DATA = small_expression()
AUTOENCODER = fit_codec("autoencoder", DATA, 2, max_epochs=2, hidden_sizes=(12, 8))


@pytest.fixture
def model(tmp_path):
    return save_model(AUTOENCODER, tmp_path / "model.safetensors")


def rewrite(path, change_metadata=None, change_tensors=None):
    """Change a model file and make its digest right again."""
    metadata, tensors = model_file.read_safetensors(path)
    if change_metadata:
        change_metadata(metadata)
    if change_tensors:
        change_tensors(tensors)
    metadata["sha256"] = model_file.digest(metadata, tensors)
    path.write_bytes(save(tensors, metadata))


refused = partial(refuses, read=load_model)


def test_missing_and_empty(tmp_path):
    refused(tmp_path / "none.safetensors", "There is no file")
    for name in ("empty.safetensors", "empty.pt"):
        (tmp_path / name).touch()
        refused(tmp_path / name, "empty")


@pytest.mark.parametrize("name", ["m.safetensors", "m.pt"])
def test_lfs_pointer(tmp_path, name):
    path = tmp_path / name
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 64000000\n")
    refused(path, "git-LFS", "git lfs pull")


@pytest.mark.parametrize("part", [4, 9, 300, 0.5, 0.99])
def test_truncated(model, part):
    whole = model.read_bytes()
    model.write_bytes(whole[: part if part > 1 else int(part * len(whole))])
    refused(model)


@pytest.mark.parametrize("length", [2**63, 2**40, 10**6, 0])
def test_absurd_header_length(model, length):
    model.write_bytes(length.to_bytes(8, "little") + model.read_bytes()[8:])
    refused(model, "header", str(length))


def test_overlapping_tensors(tmp_path):
    entry = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    header = json.dumps({"a": entry, "b": entry}).encode()
    path = tmp_path / "overlap.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))
    refused(path)


def test_one_flipped_bit(model):
    data = bytearray(model.read_bytes())
    data[-100] ^= 1
    model.write_bytes(data)
    refused(model, "SHA-256")


def test_changed_metadata(model):
    data = model.read_bytes()
    assert b"GENE0" in data
    model.write_bytes(data.replace(b"GENE0", b"GENEX"))
    refused(model, "SHA-256")


def test_newer_format_and_foreign_file(model, tmp_path):
    rewrite(model, lambda m: m.update(format_version="3"))
    refused(model, "format 3", "update")
    other = tmp_path / "other.safetensors"
    other.write_bytes(save({"a": np.zeros(3)}))
    refused(other, "not a model of this program")


def test_wrong_shape_names_the_tensor_and_both_shapes(model):
    name = "encoder.mlp.fc1.weight"
    rewrite(model, change_tensors=lambda t: t.update({name: t[name][:, 1:].copy()}))
    refused(model, name, "(8, 11)", "(8, 12)")


def test_missing_and_extra_tensors(model, tmp_path):
    rewrite(model, change_tensors=lambda t: t.pop("decoder.mlp.bn0.bias"))
    refused(model, "decoder.mlp.bn0.bias")
    model = save_model(AUTOENCODER, tmp_path / "extra.safetensors")
    rewrite(model, change_tensors=lambda t: t.update(more=np.zeros(3)))
    refused(model, "more")


def test_gene_list_of_another_length(model):
    rewrite(model, lambda m: m.update(genes=json.dumps(DATA.genes[1:])))
    refused(model, "encoder.mlp.fc0.weight", "(12, 40)", "(12, 39)")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(model, value):
    rewrite(model, change_tensors=lambda t: t["decoder.mlp.fc1.bias"].__setitem__(0, value))
    refused(model, "decoder.mlp.fc1.bias", "NaN")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("codec", "umap"),
        ("codec", "tsne"),
        ("codec", "../x"),
        ("format_version", "²"),
        ("format_version", "٣"),
        ("format_version", "9" * 5000),
        ("config", "null"),
        ("config", '{"latent_size": 1e300, "hidden_sizes": [12, 8], "clip": [0, 1]}'),
        ("config", '{"latent_size": true, "hidden_sizes": [12, 8], "clip": [0, 1]}'),
        ("config", '{"latent_size": "2", "hidden_sizes": [12, 8], "clip": [0, 1]}'),
        ("config", '{"latent_size": 2, "hidden_sizes": [12, 8], "clip": [NaN, 1]}'),
        ("config", '{"latent_size": 2, "hidden_sizes": [12, 8], "clip": [1, 0]}'),
        ("config", '{"latent_size": 2, "hidden_sizes": [12, 8], "clip": [0, 1e300]}'),
        ("config", json.dumps({"latent_size": 2, "hidden_sizes": [1] * 10**6, "clip": [0, 1]})),
        ("config", "{}"),
        ("config", "[" * 100_000),
        ("config", '{"latent_size": 1e9, "hidden_sizes": [12, 8], "clip": [0, 1]}'),
        ("config", f'{{"latent_size": {10**18}, "hidden_sizes": [{10**18}], "clip": [0, 1]}}'),
        ("config", '{"latent_size": -2, "hidden_sizes": ["a"], "clip": 3}'),
        ("genes", "3"),
        ("genes", "[1, 2]"),
        ("genes", "[]"),
        ("genes", json.dumps(["GENE0"] * 40)),
        ("genes", json.dumps([" ", *DATA.genes[1:]])),
        ("genes", json.dumps(["\ud800", *DATA.genes[1:]])),
        ("training", "not json"),
        ("training", "[1, 2]"),
        ("training", '{"a": ' * 500 + "1" + "}" * 500),
    ],
)
def test_nonsense_in_the_description(model, key, value):
    rewrite(model, lambda m: m.update({key: value}))
    refused(model)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("decoder.mlp.fc1.bias", lambda t: t.astype(np.int8), "int8"),
        ("encoder.mlp.bn0.running_var", lambda t: -1 - t, "below zero"),
        ("reference.cutoffs", np.zeros_like, "reference.cutoffs"),
        ("reference.mean", lambda t: t * np.nan, "NaN"),
    ],
)
def test_tensors_that_no_model_has(model, name, change, words):
    rewrite(model, change_tensors=lambda t: t.update({name: change(t[name])}))
    refused(model, name, words)


def test_settings_of_every_codec_are_checked(tmp_path):
    for codec_id in ("pca", "nmf", "kernel-pca", "residual"):
        path = save_model(fit_codec(codec_id, DATA, 2, max_epochs=1), tmp_path / "m.safetensors")
        config = json.loads(model_file.read_safetensors(path)[0]["config"])
        for key in config:
            sizes = (10**12, 10**18) if isinstance(config[key], int) else ()
            for value in (None, 0, -1, True, "3", [1], 1e300, float("nan"), *sizes):
                changed = json.dumps(config | {key: value})
                rewrite(path, lambda m, changed=changed: m.update(config=changed))
                refused(path)


def test_the_same_model_is_the_same_file(model, tmp_path):
    again = fit_codec("autoencoder", DATA, 2, max_epochs=2, hidden_sizes=(12, 8))
    assert save_model(again, tmp_path / "again.safetensors").read_bytes() == model.read_bytes()


def test_a_model_does_not_tell_where_its_data_lay(tmp_path):
    source = {"expression": {"path": "/home/someone/secret/brain.nii.gz", "sha256": "0" * 64}}
    codec = fit_codec("pca", replace(DATA, source=source), 2)
    path = save_model(codec, tmp_path / "m.safetensors")
    assert b"brain.nii.gz" in path.read_bytes()
    assert b"secret" not in path.read_bytes()


def test_what_is_no_file(tmp_path):
    for name in ("m.safetensors", "m.pt"):
        (tmp_path / name).mkdir()
        refused(tmp_path / name, "folder")
        os.mkfifo(tmp_path / f"pipe_{name}")
        refused(tmp_path / f"pipe_{name}", "pipe")


def test_pickle_with_another_name(tmp_path):
    path = tmp_path / "weights.safetensors"
    torch.save(AUTOENCODER.module.state_dict(), path)
    refused(path)
    path = path.rename(tmp_path / "weights.pkl")
    refused(path, ".safetensors or .pt")


def test_an_old_file_survives_a_failed_save(model, monkeypatch):
    before = model.read_bytes()
    with pytest.raises(UserError, match="safetensors"):
        save_model(AUTOENCODER, model.with_suffix(".bin"))

    def full(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(model_file, "write_safetensors", full)
    with pytest.raises(UserError, match="Input/output"):
        save_model(AUTOENCODER, model)
    assert model.read_bytes() == before
    assert os.listdir(model.parent) == [model.name]
