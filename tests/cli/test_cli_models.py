"""`models` and `encode --model published` from end to end, against a local server."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import REGIONS, refused, run
from napari_compressed_transcriptomics.codecs.models import published
from napari_compressed_transcriptomics.codecs.models.published import BLOB_IDS
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from published import SAMPLE, Server, blob_id, sample_table, weights

TWO = "autoencode_abagen_2_components.pt"


@pytest.fixture
def server(tmp_path, monkeypatch):
    data = read_expression(REGIONS)
    files = {TWO: weights(data.n_genes)[1], SAMPLE: sample_table(data.genes, data.values)}
    for name, content in files.items():
        monkeypatch.setitem(BLOB_IDS, name, blob_id(content))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    with Server(files) as server:
        monkeypatch.setenv(published.MIRROR_VARIABLE, server.address)
        yield server


def states(capsys):
    assert run("models", "list") == 0
    return {line.split()[1]: line.split()[0] for line in capsys.readouterr().out.splitlines()}


def test_list_download_path_check(server, tmp_path, capsys):
    assert set(states(capsys).values()) == {"-"}
    assert run("models", "path") == 0
    folder = Path(capsys.readouterr().out.strip())
    assert folder == tmp_path / "cache" / "published"
    assert run("models", "download", 2) == 0
    assert capsys.readouterr().out.strip() == str(folder / TWO)
    found = states(capsys)
    assert (found[TWO], found[SAMPLE], list(found.values()).count("-")) == ("here", "here", 6)
    assert run("models", "check", folder / TWO) == 0
    assert "git blob id" in capsys.readouterr().out
    (folder / TWO).write_bytes(b"x")
    assert states(capsys)[TWO] == "damaged"
    assert TWO in refused(capsys, "models", "check", folder / TWO)


def test_import(server, tmp_path, capsys):
    for name, content in server.files.items():
        (tmp_path / name).write_bytes(content)
    assert run("models", "import", tmp_path) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert states(capsys)[TWO] == "here"
    assert server.requests == []
    assert "not one of the published" in refused(capsys, "models", "import", REGIONS)


def test_encode_with_published_weights(server, tmp_path, capsys):
    given = ("encode", REGIONS, "--model", "published", "--latent", 2, "--out")
    assert run(*given, tmp_path / "a") == 0
    assert run(*given, tmp_path / "b", "--notebook-mode") == 0
    assert run(*given, tmp_path / "c", "--parity") == 0  # its old name
    plain, notebook, old = (
        pd.read_csv(tmp_path / out / "latents.csv", index_col=0).to_numpy() for out in "abc"
    )
    np.testing.assert_array_equal(old, notebook)
    assert plain.shape == (60, 2)
    assert np.abs(plain - notebook).max() > 1e-3
    summary = json.loads((tmp_path / "b" / "summary.json").read_text())
    assert summary["codec"] == "autoencoder-notebook"
    assert summary["parameters"]["codec"] == "published"
    assert summary["parameters"]["notebook_mode"] is True
    assert summary["training"]["git_blob_id"] == BLOB_IDS[TWO]
    assert summary["filled"] == []


def test_wrong_use(server, tmp_path, capsys):
    out = tmp_path / "out"
    os.mkfifo(tmp_path / "pipe.safetensors")
    for arguments, words in (
        (("encode", REGIONS, "--model", "published", "--out", out), "--latent K"),
        (("encode", REGIONS, "--model", "published", "--latent", 3, "--out", out), "2, 4, 8"),
        (
            ("encode", REGIONS, "--model", "pca", "--latent", 2, "--parity", "--out", out),
            "--notebook-mode is for",
        ),
        (("models",), "COMMAND"),
        (("models", "download", "many"), "many"),
        (("models", "download", 2, 5), "5 components"),
        (("models", "check", tmp_path / "none.safetensors"), "none.safetensors"),
        (("models", "download", 4), "HTTP 404"),
        (("models", "check", tmp_path), "folder"),
        (("models", "check", tmp_path / "pipe.safetensors"), "named pipe"),
        (("models", "import", tmp_path / "pipe.safetensors"), "named pipe"),
    ):
        assert words in refused(capsys, *arguments)
    assert not out.exists()
