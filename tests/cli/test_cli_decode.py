"""The command `decode`, and what repeats it."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from commands import REGIONS, refused, run
from napari_compressed_transcriptomics.cli.command_line import command_parser
from napari_compressed_transcriptomics.cli.decode import _request
from napari_compressed_transcriptomics.io.files.text import DelimitedText
from napari_compressed_transcriptomics.repeat.decoding import decode_again


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, and results that hold latents."""
    folder = tmp_path_factory.mktemp("decode")
    model = folder / "m.safetensors"
    assert run("train", REGIONS, "--codec", "pca", "--latent", "2", "--out", model) == 0
    assert run("encode", REGIONS, "--model", model, "--out", folder / "results") == 0
    return folder


def table(path: Path) -> np.ndarray:
    return np.array(
        [[float(cell) for cell in cells[1:]] for _, cells in DelimitedText(path).rows()]
    )


def test_genes_are_written_as_maps_and_a_table(folder, capsys):
    words = ("decode", folder / "results", "--model", folder / "m.safetensors")
    assert run(*words, "--genes", "SYN0002", "SYN0001", "--out", folder / "some") == 0
    out = capsys.readouterr().out
    assert "no original was seen, and no error is known" in out
    assert (folder / "some" / "decoded_SYN0001.nii.gz").is_file()
    record = json.loads((folder / "some" / "decoding.json").read_text())
    assert record["rmse"] is None
    assert record["genes"] == ["SYN0002", "SYN0001"]
    said = shlex.split(record["command"])
    assert said[1:4] == ["decode", "../results", "--model"]
    # The same again: in Python, and as the record says
    more = ["--genes", "SYN0002", "SYN0001", "--out", "x"]
    arguments = command_parser().parse_args([*map(str, words), *more])
    again = decode_again(_request(arguments), ["SYN0002", "SYN0001"], folder / "python")
    exec(again.python, {"__name__": "__main__"})
    one, other = (table(folder / name / "decoded_genes.csv") for name in ("some", "python"))
    np.testing.assert_array_equal(one, other)


def test_all_genes_are_a_store(folder, capsys):
    words = ("decode", folder / "results", "--model", folder / "m.safetensors", "--all")
    assert run(*words, "--dtype", "float16", "--out", folder / "all") == 0
    assert (folder / "all" / "decoded.zarr").is_dir()
    capsys.readouterr()
    assert "is there already" in refused(capsys, *words, "--out", folder / "all")


def test_what_is_asked_must_make_sense(folder, capsys):
    words = ("decode", folder / "results", "--model", folder / "m.safetensors")
    out = ("--out", folder / "no")
    assert "--genes CALB1 PVALB, or --all" in refused(capsys, *words, *out)
    assert "two numbers for each" in refused(capsys, *words, "--all", "--range", "1", *out)
    assert "has no gene 'NOPE'" in refused(capsys, *words, "--genes", "NOPE", *out)
    assert not (folder / "no").exists()
