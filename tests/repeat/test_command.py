"""Commands as text: what shells and TOML must not mistake, and what has no command."""

import json
import shlex
import tomllib
from pathlib import Path

import pytest

from commands import REGIONS
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest
from napari_compressed_transcriptomics.repeat.command import Command, toml_value
from napari_compressed_transcriptomics.repeat.compression import compress_again
from small import compressed, small_expression

ODD = ("it's", 'a "b"', "$(rm x)", "ä 日", "back\\slash", "tab\there", "\x7f", "#", "a = b")


@pytest.mark.parametrize("name", ODD)
def test_odd_names_come_through_shells_and_files(name):
    command = Command("encode", (Path(name),), {"out": Path(name), "held-out": True, "ids": None})
    words = shlex.split(command.shell())
    assert words == ["compressed-transcriptomics", "encode", name, "--out", name, "--held-out"]
    assert tomllib.loads(command.toml()) == {
        "command": "encode", "input": [name], "out": name, "held-out": True,
    }  # fmt: skip


@pytest.mark.parametrize("value", [True, 3, -0.5, 1e-300, "x", ["a", "b"], [1, 2.5]])
def test_values_are_toml(value):
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


def test_names_that_look_like_options_are_none():
    assert Command("encode", (Path("-x.csv"),)).arguments() == ["encode", "./-x.csv"]


def test_a_model_of_the_window_is_that_of_the_result(tmp_path):
    """In no file while it is compressed with, but saved with the result."""
    data = read_expression(REGIONS)
    made = compressed(data, 2)
    request = CompressRequest(data, "fitted", None, fitted=made.codec)
    with pytest.raises(UserError, match="in no file; save it"):
        compress_again(request, tmp_path)
    save_results(made, tmp_path / "out", request.parameters())
    said = json.loads((tmp_path / "out" / "summary.json").read_text())["command"]
    assert "--model model.safetensors" in said


def test_data_of_no_file_have_no_command(tmp_path):
    made = compressed(small_expression(), 2)
    save_results(made, tmp_path, CompressRequest(made.expression, "pca", 2).parameters())
    assert json.loads((tmp_path / "summary.json").read_text())["command"] is None
