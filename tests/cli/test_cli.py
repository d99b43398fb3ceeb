"""The command line from end to end, on the sample files."""

import json
import re
from functools import partial

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import gene_maps
from commands import BRAIN, REGIONS, SAMPLES, files_below, refused, run
from data import TABLES, real_data
from napari_compressed_transcriptomics import __version__
from napari_compressed_transcriptomics.cli import encode
from napari_compressed_transcriptomics.cli.demo import window
from napari_compressed_transcriptomics.core import synthetic
from napari_compressed_transcriptomics.io.writers import store
from napari_compressed_transcriptomics.reconstruction import compress


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    assert run("train", REGIONS, "--latent", 2, "--max-epochs", 2, "--out", path) == 0
    return path


def test_version(capsys):
    assert run("--version") == 0
    assert __version__ in capsys.readouterr().out


def test_info_for_people(capsys):
    assert run("info", BRAIN) == 0
    out = capsys.readouterr().out
    assert "3,612 voxels x 128 genes" in out
    assert "8 x 8 x 8 mm" in out


def test_info_for_programs(capsys):
    assert run("info", REGIONS, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["n_samples"] == 60
    assert facts["n_genes"] == 128
    assert facts["shape"] == [24, 29, 24]
    assert facts["affine"] == [[-8, 0, 0, 90], [0, 8, 0, -126], [0, 0, 8, -72], [0, 0, 0, 1]]
    assert len(facts["source"]["atlas"]["sha256"]) == 64


def test_train_then_encode(model, tmp_path, capsys):
    out = tmp_path / "results"
    capsys.readouterr()
    assert run("encode", REGIONS, "--model", model, "--out", out) == 0
    printed = capsys.readouterr().out
    assert ", k = 2: RMSE" in printed
    assert all(line.startswith(str(out)) for line in printed.splitlines()[1:])
    latents = nib.load(out / "latents.nii.gz")
    atlas = nib.load(SAMPLES / "synthetic_regions_atlas.nii.gz")
    assert latents.shape == (24, 29, 24, 2)
    np.testing.assert_array_equal(latents.affine, atlas.affine)
    outside = np.asarray(atlas.dataobj) == 0
    np.testing.assert_array_equal(np.isnan(latents.get_fdata()[..., 1]), outside)

    table = pd.read_csv(out / "latents.csv", index_col=0)
    right = np.asarray(atlas.dataobj) == 103
    assert table.shape == (60, 2)
    np.testing.assert_allclose(
        latents.get_fdata()[right][0], table.loc["R_region_03"].to_numpy(), rtol=1e-6
    )
    errors = pd.read_csv(out / "gene_error.csv")
    assert list(errors.columns) == ["gene", "rmse", "r2", "mean", "sd"]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["rmse"] == pytest.approx(np.sqrt((errors["rmse"] ** 2).mean()), rel=1e-4)
    assert (summary["n_samples"], summary["n_genes"], summary["latent_size"]) == (60, 128, 2)
    assert printed.startswith(f"{summary['codec']}, k = ")


def test_same_seed_same_latents(model, tmp_path):
    again = tmp_path / "again.safetensors"
    assert run("train", REGIONS, "--latent", 2, "--max-epochs", 2, "--out", again) == 0
    for path, out in ((model, "a"), (again, "b")):
        assert run("encode", REGIONS, "--model", path, "--out", tmp_path / out) == 0
    first, second = ((tmp_path / out / "latents.csv").read_text() for out in "ab")
    assert first == second


def test_pca_of_voxels(tmp_path):
    assert run("encode", BRAIN, "--model", "pca", "--latent", 4, "--out", tmp_path) == 0
    assert json.loads((tmp_path / "summary.json").read_text())["n_samples"] == 3612
    error = nib.load(tmp_path / "error.nii.gz").get_fdata()
    assert 0 < np.nanmean(error) < 0.1


def test_genes_of_components(tmp_path, capsys):
    given = ("encode", REGIONS, "--model", "pca", "--latent", 2, "--component-genes")
    assert run(*given, "--out", tmp_path) == 0
    assert str(tmp_path / "component_genes.csv") in capsys.readouterr().out.splitlines()
    table = pd.read_csv(tmp_path / "component_genes.csv", index_col="gene")
    latents = pd.read_csv(tmp_path / "latents.csv", index_col=0)
    np.testing.assert_allclose(  # loadings: eigenvectors times the deviation of the scores
        np.linalg.norm(table, axis=0), latents.std(ddof=0), rtol=1e-5
    )
    record = json.loads((tmp_path / "component_genes.csv.json").read_text())
    assert record["latent_sd"] == pytest.approx(list(latents.std(ddof=0)))
    notebook = ("--model", "published", "--latent", 2, "--notebook-mode", "--component-genes")
    said = refused(capsys, "encode", REGIONS, *notebook, "--out", tmp_path / "no")
    assert "no --notebook-mode" in said


@pytest.mark.parametrize("more", [["--no-viewer"], []])
def test_demo_with_and_without_its_window(tmp_path, monkeypatch, capsys, more):
    shown = []
    monkeypatch.setattr(window, "show", lambda *given: shown.append(given))
    monkeypatch.setattr(synthetic, "synthetic_brain", lambda: _brain(voxel_mm=16, n_genes=12))
    quick = partial(compress.CompressRequest, max_epochs=3)
    monkeypatch.setattr(compress, "CompressRequest", quick)
    assert run("demo", *more, "--out", tmp_path / "demo") == 0
    printed = capsys.readouterr().out
    assert "residual, k = 8" in printed
    assert "pca, k = 8" in printed
    assert (tmp_path / "demo" / "summary.json").exists()
    if more:
        assert not shown
    else:
        ((result, folder),) = shown
        assert (result.codec.id, folder) == ("residual", tmp_path / "demo")


_brain = synthetic.synthetic_brain


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "COMMAND"),
        (("squash", REGIONS), "squash"),
        (("info", "nowhere.csv"), "nowhere.csv"),
        (("info", SAMPLES / "README.md"), "README.md"),
        (("info", REGIONS, "--atlas", "nowhere.nii.gz"), "nowhere.nii.gz"),
        (("info", REGIONS, "--atlas", BRAIN), "synthetic_brain.nii.gz"),
        (("info", SAMPLES / "synthetic_regions_labels.csv"), "synthetic_regions_labels.csv"),
        (("train", REGIONS, "--latent", 0, "--out", "m.safetensors"), "--latent"),
        (("train", REGIONS, "--latent", "two", "--out", "m.safetensors"), "two"),
        (("train", REGIONS, "--latent", 256, "--out", "m.safetensors"), "256 components"),
        (("train", REGIONS, "--latent", 2, "--out", "m.pt"), ".safetensors"),
        (("train", REGIONS, "--latent", 2, "--max-epochs", 0, "--out", "m.safetensors"), "epochs"),
        (("encode", REGIONS, "--model", "pca", "--out", "out"), "--latent K"),
        (("encode", REGIONS, "--model", "no.safetensors", "--out", "out"), "no.safetensors"),
        (("encode", REGIONS, "--model", REGIONS, "--out", "out"), "synthetic_regions.csv"),
        (("encode", REGIONS, "--model", "pca", "--latent", 128, "--out", "out"), "128 components"),
        (("encode", REGIONS, "--model", "pca", "--latent", 2, "--device", "abacus"), "abacus"),
    ],
    ids=str,
)
def test_bad_input(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert says in refused(capsys, *arguments)
    assert files_below(tmp_path) == []


def test_latent_size_must_agree_with_the_model(model, tmp_path, capsys):
    capsys.readouterr()
    before = files_below(tmp_path)
    said = refused(
        capsys, "encode", REGIONS, "--model", model, "--latent", 4, "--out", tmp_path / "out"
    )
    assert re.search(r"2 components, not 4", said)
    assert files_below(tmp_path) == before


def test_genes_must_be_the_models(model, tmp_path, capsys):
    table = pd.read_csv(REGIONS, index_col=0)
    for path in SAMPLES.glob("synthetic_regions_*"):
        (tmp_path / path.name.replace("synthetic_regions", "fewer")).write_bytes(path.read_bytes())
    table.iloc[:, 60:].to_csv(tmp_path / "fewer.csv")
    capsys.readouterr()
    said = refused(
        capsys, "encode", tmp_path / "fewer.csv", "--model", model, "--out", tmp_path / "out"
    )
    assert "60" in said
    assert "SYN0001" in said
    assert not (tmp_path / "out").exists()


def test_inputs_are_not_overwritten(tmp_path, capsys):
    for path in SAMPLES.glob("synthetic_regions*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    table = (tmp_path / "synthetic_regions.csv").rename(tmp_path / "latents.csv")
    (tmp_path / "synthetic_regions.json").rename(tmp_path / "latents.json")
    content = table.read_bytes()
    said = refused(capsys, "encode", table, "--model", "pca", "--latent", 2, "--out", tmp_path)
    assert "latents" in said
    assert table.read_bytes() == content


def test_read_only_folder_is_refused_before_the_work(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    monkeypatch.setattr(encode, "compress_and_tell", lambda request: pytest.fail("worked first"))
    try:
        said = refused(
            capsys, "encode", REGIONS, "--model", "pca", "--latent", 2, "--out", folder / "out"
        )
    finally:
        folder.chmod(0o755)
    assert "read-only" in said
    assert files_below(folder) == []


def test_interrupted(tmp_path, monkeypatch, capsys):
    def interrupt(request):
        raise KeyboardInterrupt

    monkeypatch.setattr(encode, "compress_and_tell", interrupt)
    out = tmp_path / "out"
    assert run("encode", REGIONS, "--model", "pca", "--latent", 2, "--out", out) == 130
    assert capsys.readouterr().err == "compressed-transcriptomics: interrupted\n"
    assert not out.exists()


def test_an_interrupted_conversion_says_what_is_kept(tmp_path, monkeypatch, capsys):
    def interrupt(*given):
        store.partial_of(out).mkdir()
        raise KeyboardInterrupt

    out = tmp_path / "brain.zarr"
    monkeypatch.setattr(store, "convert", interrupt)
    assert run("convert", BRAIN, "--out", out) == 130
    kept = store.partial_of(out).name
    said = f"note: What is done is kept in {kept}; convert again to go on"
    assert said in capsys.readouterr().err.splitlines()


def test_progress_is_one_line_on_a_terminal(monkeypatch, capsys):
    from napari_compressed_transcriptomics.cli.terminal import Report
    from napari_compressed_transcriptomics.core.progress import Progress

    report = Report()
    report(Progress("Encoding", 1, 4, message="Smaller blocks"))
    assert capsys.readouterr().err == "note: Smaller blocks\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    report(Progress("Encoding", 2, 4))
    err = capsys.readouterr().err
    assert "Encoding 2/4" in err
    assert "\n" not in err


@pytest.mark.parametrize(("name", "n_samples"), [("ahba_dk82", 80), ("ahba_schaefer100", 114)])
def test_real_data(name, n_samples, tmp_path, capsys):
    table, atlas, labels = map(real_data, TABLES[name])
    given = (table, "--atlas", atlas, "--labels", labels)
    model = tmp_path / "m.safetensors"
    assert run("info", *given, "--json") == 0
    assert json.loads(capsys.readouterr().out)["n_samples"] == n_samples
    assert run("train", *given, "--latent", 4, "--max-epochs", 3, "--out", model) == 0
    assert run("encode", *given, "--model", model, "--out", tmp_path / "out") == 0
    names = pd.read_csv(tmp_path / "out" / "latents.csv", index_col=0).index
    assert len(names) == n_samples
    shape = nib.load(atlas).shape
    assert nib.load(tmp_path / "out" / "error.nii.gz").shape == shape


def test_folders_and_several_files_of_one_volume_a_gene(tmp_path, capsys):
    phantom = gene_maps.log_phantom()
    folder = gene_maps.flat(tmp_path / "maps", phantom)
    assert run("info", folder) == 0
    assert f"maps: {phantom.n_samples} voxels x 6 genes" in capsys.readouterr().out
    files = sorted(folder.iterdir())[:4]
    out = tmp_path / "out"
    assert run("encode", *files, "--model", "pca", "--latent", 2, "--out", out) == 0
    assert json.loads((out / "summary.json").read_text())["n_genes"] == 4
    capsys.readouterr()
    into = ("--model", "pca", "--latent", 2, "--out", folder / "out")
    assert "among the files of its own input" in refused(capsys, "encode", folder, *into)
    assert "no measured maps" in refused(capsys, "info", folder, "--variant", "measured")
    image = nib.load(files[0])
    gene_maps.save(files[0], image.get_fdata() * np.nan, image.affine)
    assert f"990001: {phantom.n_samples} without data" in refused(capsys, "info", folder)
    assert run("info", folder, "--impute", "drop_genes") == 0


def test_a_model_that_is_not_there_is_said_before_all_data_are_read(monkeypatch, tmp_path, capsys):
    read = []
    monkeypatch.setattr(encode, "read", lambda *_, **__: read.append(1))
    for model in ("resdual", tmp_path / "none.safetensors"):
        said = refused(capsys, "encode", REGIONS, "--model", model, "--out", tmp_path / "no")
        assert f"There is no model file {model}; give the path of one, or residual," in said
    assert not read


def test_a_saved_result_is_no_expression(tmp_path, capsys):
    run("encode", REGIONS, "--model", "pca", "--latent", 2, "--out", tmp_path / "saved")
    capsys.readouterr()
    said = refused(capsys, "info", tmp_path / "saved")
    assert f"{tmp_path / 'saved'} is a saved result; give the expression it was made of" in said
    assert "report, page or figure" in said
