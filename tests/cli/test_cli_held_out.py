"""`encode --held-out`: the held-out error, from the command line to files and layers."""

import json

import numpy as np
import pandas as pd
import pytest

from commands import REGIONS, refused, run
from napari_compressed_transcriptomics.io import read_volume
from napari_compressed_transcriptomics.viewer.layer_content import METADATA_KEY
from napari_compressed_transcriptomics.viewer.layers import volume_layer

PCA = ("encode", REGIONS, "--model", "pca", "--latent", 4, "--seed", 2)


def test_it_is_measured_told_and_saved(tmp_path, capsys):
    assert run(*PCA, "--held-out", "--folds", 4, "--buffer", 12, "--out", tmp_path) == 0
    said = capsys.readouterr()
    told = json.loads((tmp_path / "summary.json").read_text())["held_out"]
    assert "takes about 4 times the fit" in said.err
    assert "Blocks have a buffer of 12.0 mm, as asked for" in said.err
    assert said.out.splitlines()[1] == (
        f"held-out RMSE {told['rmse']:.4f}, {told['ratio']:.2f} times the fitted (4 folds, blocks, "
        "buffer 12 mm)"
    )
    assert told["ratio"] > 1
    assert (told["seed"], told["n_folds"], told["split"]) == (2, 4, "blocks")
    genes = pd.read_csv(tmp_path / "gene_error.csv")
    assert np.sqrt((genes["held_out_rmse"] ** 2).mean()) == pytest.approx(told["rmse"])
    samples = pd.read_csv(tmp_path / "sample_error.csv")["held_out_rmse"]
    volume = read_volume(tmp_path / "held_out_error.nii.gz")
    assert set(np.unique(volume.data[np.isfinite(volume.data)])) == set(np.float32(samples))
    _, attributes, _ = volume_layer(volume)
    assert attributes["metadata"][METADATA_KEY].kind == "held_out_rmse"
    assert attributes["colormap"] == "inferno"
    assert attributes["contrast_limits"][0] == 0
    assert run("compare", REGIONS, "--methods", "pca", "--latent", 4, "--folds", 4, "--buffer", 12,
               "--seed", 2, "--jobs", 1, "--out", tmp_path / "compare") == 0  # fmt: skip
    scores = pd.read_csv(tmp_path / "compare" / "comparison.csv")["rmse"]
    np.testing.assert_allclose(scores, told["rmse_folds"], rtol=1e-5)


def test_random_samples_are_held_out_where_asked(tmp_path, capsys):
    assert run(*PCA, "--held-out", "--split", "random", "--out", tmp_path) == 0
    said = capsys.readouterr()
    assert "(5 folds, random)" in said.out
    assert "Blocks" not in said.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--split", "random"), "--split goes with --held-out"),
        (("--buffer", 3), "--buffer goes with --held-out"),
        (("--folds", 3), "--folds goes with --held-out"),
        (("--held-out", "--model", "published"), "cannot be repeated here"),
        (("--held-out", "--model", "some.safetensors"), "cannot be repeated here"),
        (("--held-out", "--buffer", 400), "leaves 0 samples"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(options, says, tmp_path, capsys):
    assert says in refused(capsys, *PCA, *options, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
