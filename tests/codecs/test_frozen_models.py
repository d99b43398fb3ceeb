"""Model files of every format version must load and give the same latents for ever.

`fixtures/CODEC_vVERSION.safetensors` are never written again; beside each lies what went in and
came out, from version 2 on with the distances to the training data, too. Whoever adds a codec or
a version adds a file.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_compressed_transcriptomics.codecs.models.model_file import FORMAT_VERSION, load_model
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import named

FOLDER = Path(__file__).parent / "fixtures"
FILES = sorted(FOLDER.glob("*.safetensors"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_gives_the_same_latents(path):
    codec = load_model(path)
    frozen = json.loads(path.with_suffix(".json").read_text())
    values = np.array(frozen["values"], np.float32)
    assert codec.id == path.stem.rsplit("_v", 1)[0]
    assert_allclose(codec.encode(values), frozen["latents"], rtol=1e-4, atol=1e-5)
    latents = np.array(frozen["latents"], np.float32)
    assert_allclose(codec.decode(latents), frozen["decoded"], rtol=1e-4, atol=1e-5)
    assert codec.genes[0] == "GENE0"
    assert codec.training["seed"] == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_gives_the_same_distances(path):
    frozen = json.loads(path.with_suffix(".json").read_text())
    result = reconstruct(load_model(path), named(np.array(frozen["values"])))
    if path.stem.endswith("_v1"):
        assert result.novelty is None
    else:
        assert_allclose(result.novelty.distance, frozen["distances"], rtol=1e-3)


@pytest.mark.parametrize("codec_id", ["autoencoder", "kernel-pca", "nmf", "pca", "residual"])
@pytest.mark.parametrize("version", range(1, FORMAT_VERSION + 1))
def test_every_version_is_frozen(codec_id, version):
    assert FOLDER / f"{codec_id}_v{version}.safetensors" in FILES
