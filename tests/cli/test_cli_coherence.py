"""The command coherence from end to end, and what it refuses."""

import json
import signal
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from commands import BRAIN, REGIONS, SAMPLES, files_below, refused, run
from data import real_data
from napari_compressed_transcriptomics.io import read_expression

ATLAS = SAMPLES / "synthetic_regions_atlas.nii.gz"
QUICK = ("--permutations", 19, "--methods", "pca")


@pytest.fixture
def lobes(tmp_path):
    """Four blocks that hold many regions each."""
    image = nib.load(ATLAS)
    x, y, _ = np.indices(image.shape)
    labels = (1 + (x > image.shape[0] // 2) + 2 * (y > image.shape[1] // 2)).astype(np.int16)
    nib.save(nib.Nifti1Image(labels, image.affine), tmp_path / "lobes.nii.gz")
    return tmp_path / "lobes.nii.gz"


@pytest.fixture
def few_samples(monkeypatch, fewer_fitted):
    """Measure 400 samples: surrogates of thousands take seconds."""
    monkeypatch.setattr("napari_compressed_transcriptomics.study.coherence.MAX_SAMPLES", 400)


def test_regions_table_labels_and_all_files(lobes, tmp_path, capsys):
    out = tmp_path / "out"
    options = (*QUICK, "kernel-pca", "--latent", 2, 3, "--labels-volume", lobes, "--out", out)
    assert run("coherence", REGIONS, *options) == 0
    captured = capsys.readouterr()
    assert "19 surrogates take about" in captured.err
    assert "synthetic_regions does not tell cortex from subcortex" in captured.err
    assert "component(s) beyond smooth symmetric maps (p <= 0.05)" in captured.out
    moran = next(line for line in captured.out.splitlines() if "moran" in line)
    assert "beyond" not in moran
    table = pd.read_csv(out / "coherence.csv")
    assert list(table) == ["method", "latent_size", "component", "measure", "value", "p"]
    assert len(table) == 2 * (3 * 2 + 1 + 3 * 3 + 1)
    assert table.loc[table["measure"] == "regions", "p"].between(0.05, 1).all()
    assert table.loc[table["measure"] != "regions", "p"].isna().all()
    record = json.loads((out / "coherence.json").read_text())
    assert record["parameters"]["regions"] == "lobes.nii.gz"
    assert record["complete"] is True
    assert {"expression", "atlas", "labels_volume"} <= set(record["source"])
    assert set(record["latents"]) == {"pca 2", "pca 3", "kernel-pca 2", "kernel-pca 3"}
    assert (out / "coherence.png").stat().st_size > 10_000
    assert not list(out.glob(".unfinished*"))


def test_the_rows_are_regions_of_images_only(few_samples, tmp_path, capsys):
    brain = read_expression(BRAIN)
    values = np.linspace(0.1, 0.9, brain.n_samples)[:, None] + brain.values[:, :1]
    volume = np.nan_to_num(brain.parcellation.paint(values[:, 0]), nan=0.25)
    image = tmp_path / "my_pca0_8mm.nii.gz"
    nib.save(nib.Nifti1Image(volume, brain.parcellation.affine), image)
    options = (*QUICK, "--images", image, "--out", tmp_path / "out")
    assert run("coherence", REGIONS, *options) == 0
    assert "holds more than one of the samples" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "out" / "coherence.csv")
    of = table[table["measure"] == "regions"]
    assert set(of["method"]) == {"my_pca_8mm"}
    record = json.loads((tmp_path / "out" / "coherence.json").read_text())
    assert record["source"]["my_pca0_8mm.nii.gz"]["sha256"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--methods", "magic"), "'magic'"),
        (("--latent", 0), "--latent"),
        (("--latent", 200), "200 components"),
        (("--permutations", 5), "from 19 to"),
        (("--permutations", "many"), "many"),
        (("--labels-volume", "nowhere.nii"), "nowhere.nii"),
        (("--labels-volume", BRAIN), "where an atlas is 3-D"),
        (("--images", "nowhere_pca0.nii"), "nowhere_pca0.nii"),
        (("--images", ATLAS), "holds labels"),
        (("--images", REGIONS), "not a latent image"),
    ],
    ids=str,
)
def test_bad_input(options, says, tmp_path, capsys):
    out = ("--methods", "pca", *options, "--out", tmp_path / "out")
    assert says in refused(capsys, "coherence", REGIONS, *out)
    assert files_below(tmp_path) == []


def test_a_mirrored_atlas_and_one_elsewhere_are_refused(tmp_path, capsys):
    image = nib.load(ATLAS)
    names = (SAMPLES / "synthetic_regions_labels.csv").read_text()
    for name, data, affine, says in (
        ("flipped", np.asarray(image.dataobj)[::-1], image.affine, "mirrored"),
        ("far", np.asarray(image.dataobj), image.affine + 900 * np.eye(4, k=3), "overlap"),
    ):
        path = tmp_path / f"{name}.nii.gz"
        nib.save(nib.Nifti1Image(data, affine), path)
        if name == "flipped":
            (tmp_path / "flipped_labels.csv").write_text(names)
        options = (*QUICK, "--labels-volume", path, "--out", tmp_path / "out")
        assert says in refused(capsys, "coherence", BRAIN, *options)
        assert not (tmp_path / "out").exists()


def test_inputs_are_not_overwritten(lobes, tmp_path, capsys):
    before = Path(REGIONS).read_bytes()
    (tmp_path / "coherence.csv").write_bytes(before)
    data = (tmp_path / "coherence.csv", "--atlas", ATLAS)
    labels = ("--labels", SAMPLES / "synthetic_regions_labels.csv", "--labels-volume", lobes)
    said = refused(capsys, "coherence", *data, *labels, *QUICK, "--out", tmp_path)
    assert "input of this result" in said
    assert (tmp_path / "coherence.csv").read_bytes() == before


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch):
    from napari_compressed_transcriptomics.cli import terminal

    class Interrupts(terminal.Report):
        def __call__(self, progress):
            if progress.stage.startswith("kernel PCA:"):
                signal.raise_signal(signal.SIGINT)
            super().__call__(progress)

    monkeypatch.setattr("napari_compressed_transcriptomics.cli.terminal.Report", Interrupts)
    options = (*QUICK, "kernel-pca", "--out", tmp_path / "out")
    assert run("coherence", REGIONS, *options) == 130
    assert set(pd.read_csv(tmp_path / "out" / "coherence.csv")["method"]) == {"pca"}
    assert json.loads((tmp_path / "out" / "coherence.json").read_text())["complete"] is False


def test_real_published_latents_in_real_regions(few_samples, tmp_path):
    """The published latents know the atlas's regions, and are symmetric."""
    data = (
        real_data("expr/ahba_schaefer100_r0.6.csv"),
        "--atlas",
        real_data("atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz"),
    )
    images = [real_data(f"latents/abagen_pca{i}_8mm.nii.gz") for i in (0, 1)]
    options = (*QUICK, "--images", *images, "--out", tmp_path)
    assert run("coherence", *data, *options) == 0
    table = pd.read_csv(tmp_path / "coherence.csv").set_index(["method", "component", "measure"])
    assert table.loc[("abagen_pca_8mm", "all", "regions"), "value"].item() > 0.3
    assert table.loc[("abagen_pca_8mm", "1", "symmetry"), "value"].item() > 0.5
    assert table.loc[("pca", "1", "symmetry"), "value"].item() > 0.5
