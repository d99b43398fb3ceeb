"""Writing: exact geometry, complete records, and nothing lost whatever goes wrong."""

import csv
import errno
import json
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from folders import files
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, read_volume, sniff
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from napari_compressed_transcriptomics.io.writers.results import (
    RESULT_FILES,
    save_results,
    write_sample_csv,
)
from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction
from phantom import make_phantom
from small import compressed


def stand_in(expression, k=2, seed=1):
    """What a reconstruction holds, without torch."""
    rng = np.random.default_rng(seed)
    n, g = expression.values.shape
    codec = SimpleNamespace(
        id="pca",
        latent_size=k,
        genes=expression.genes,
        tensors=lambda: {"mean": np.zeros(g)},
        config=lambda: {"latent_size": k},
        describe=lambda: "a stand-in",
        decode=lambda latents: np.full((len(latents), g), 0.5, np.float32),
        training={"seed": 0},
        training_distribution=None,
    )
    return Reconstruction(
        codec=codec,
        expression=expression,
        latents=rng.normal(size=(n, k)).astype(np.float32),
        rmse_samples=rng.uniform(size=n),
        r2_samples=rng.uniform(size=n),
        rmse_genes=rng.uniform(size=g),
        r2_genes=np.r_[np.nan, rng.uniform(size=g - 1)],
        mean_genes=rng.uniform(size=g),
        sd_genes=rng.uniform(size=g),
        rmse=0.0123,
        r2=float("nan"),
        device="cpu",
        seconds=0.5,
        notes=("Smaller blocks.",),
    )


# NIfTI


@pytest.mark.parametrize("ending", [".nii.gz", ".nii"])
@pytest.mark.parametrize("kind", ["latents", "rmse", "labels"])
def test_volume_comes_back_exactly(phantom, kind, ending, tmp_path):
    parcellation = phantom.parcellation
    volume = {
        "latents": parcellation.paint(phantom.values[:, :3]),
        "rmse": parcellation.paint(phantom.values[:, 0]),
        "labels": parcellation.labels,
    }[kind]
    paths = write_volume(
        tmp_path / f"v{ending}", volume, parcellation.affine, kind=kind, provenance={"rmse": 0.1}
    )
    assert [p.name for p in paths] == [f"v{ending}", "v.json"]
    read = read_volume(paths[0])
    assert read.kind == {"rmse": "image"}.get(kind, kind)
    assert read.intent == kind
    assert sniff(paths[0]) == ("latents" if kind == "latents" else "volume")
    assert read.data.dtype == (np.int32 if kind == "labels" else np.float32)
    np.testing.assert_array_equal(read.data, volume)
    np.testing.assert_array_equal(read.affine, parcellation.affine)
    # And as any other program reads it.
    image = nib.load(paths[0])
    np.testing.assert_array_equal(image.affine, parcellation.affine)
    np.testing.assert_array_equal(np.asarray(image.dataobj), volume)
    assert image.header.get_xyzt_units()[0] == "mm"
    if image.header["qform_code"]:
        np.testing.assert_allclose(image.get_qform(), parcellation.affine, atol=1e-4)
    record = json.loads(paths[1].read_text())
    assert record["kind"] == kind
    assert record["rmse"] == 0.1
    np.testing.assert_array_equal(record["affine"], parcellation.affine)


def test_single_component_stays_latents(las, tmp_path):
    volume = las.parcellation.paint(las.values[:, :1])
    path, _ = write_volume(
        tmp_path / "one.nii.gz", volume, las.parcellation.affine, kind="latents", provenance={}
    )
    assert sniff(path) == "latents"
    np.testing.assert_array_equal(read_volume(path).data, volume)


def test_the_same_volume_gives_the_same_bytes(las, tmp_path):
    arguments = las.parcellation.paint(las.values), las.parcellation.affine
    for name in "ab":
        (tmp_path / name).mkdir()
        write_volume(tmp_path / name / "v.nii.gz", *arguments, kind="rmse", provenance={})
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_wrong_endings_and_own_source_are_refused(las, tmp_path):
    volume, affine = las.parcellation.paint(las.values), las.parcellation.affine
    with pytest.raises(UserError, match=r"must end in \.nii\.gz"):
        write_volume(tmp_path / "v.png", volume, affine, kind="rmse", provenance={})
    path, _ = write_volume(tmp_path / "v.nii.gz", volume, affine, kind="expression", provenance={})
    read = read_expression(path)
    before = files(tmp_path)
    with pytest.raises(UserError, match="input"):
        write_volume(path, volume, affine, kind="rmse", provenance={"source": read.source})
    assert files(tmp_path) == before


# Results


def test_result_folder(phantom, tmp_path):
    reconstruction = stand_in(phantom)
    paths = save_results(reconstruction, tmp_path / "new" / "out", {"seed": 0})
    out = tmp_path / "new" / "out"
    assert paths == [out / name for name in RESULT_FILES]
    assert sorted(files(out)) == sorted(RESULT_FILES)
    assert {"latents.nii.gz", "error.nii.gz", "latents.csv", "gene_error.csv"} < set(RESULT_FILES)

    latents, error = nib.load(out / "latents.nii.gz"), nib.load(out / "error.nii.gz")
    outside = phantom.parcellation.labels == 0
    for image, values in ((latents, reconstruction.latents), (error, reconstruction.rmse_samples)):
        data = image.get_fdata(dtype=np.float32)
        np.testing.assert_array_equal(image.affine, phantom.parcellation.affine)
        assert np.isnan(data[outside]).all()
        expected = np.asarray(values, np.float32)[phantom.parcellation.labels[~outside] - 1]
        np.testing.assert_array_equal(data[~outside], expected)

    rows = list(csv.reader((out / "latents.csv").read_text().splitlines()))
    assert rows[0] == ["sample", "component_1", "component_2"]
    assert [row[0] for row in rows[1:]] == list(phantom.samples)
    numbers = np.float32([[float(x) for x in row[1:]] for row in rows[1:]])
    np.testing.assert_array_equal(numbers, reconstruction.latents)
    rows = list(csv.reader((out / "gene_error.csv").read_text().splitlines()))
    assert rows[0] == ["gene", "rmse", "r2", "mean", "sd"]
    assert [row[0] for row in rows[1:]] == list(phantom.genes)
    numbers = np.array([[float(x) for x in row[1:]] for row in rows[1:]])
    np.testing.assert_array_equal(numbers[:, 0], reconstruction.rmse_genes)
    np.testing.assert_array_equal(numbers[:, 1], reconstruction.r2_genes)
    np.testing.assert_array_equal(numbers[:, 2], reconstruction.mean_genes)
    np.testing.assert_array_equal(numbers[:, 3], reconstruction.sd_genes)

    summary = json.loads((out / "summary.json").read_text(), parse_constant=pytest.fail)
    assert summary["rmse"] == 0.0123
    assert summary["r2"] is None
    assert summary["n_samples"] == phantom.n_samples
    assert summary["n_genes"] == phantom.n_genes
    assert (summary["latent_size"], summary["codec"], summary["device"]) == (2, "pca", "cpu")
    assert {"seconds", "versions", "source", "model_sha256", "parameters"} <= set(summary)
    for sidecar in ("latents.json", "error.json"):
        assert json.loads((out / sidecar).read_text())["model_sha256"] == summary["model_sha256"]
    assert sniff(out / "latents.csv") is None


def test_a_failure_leaves_the_old_results(las, tmp_path, monkeypatch):
    from napari_compressed_transcriptomics.io.writers import results

    save_results(stand_in(las), tmp_path)
    before = files(tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results, "write_gene_error_csv", full)
    with pytest.raises(UserError, match=r"full.*bytes are needed.*are kept"):
        save_results(stand_in(make_phantom(), k=3), tmp_path)
    assert files(tmp_path) == before
    with pytest.raises(UserError, match="full"):
        save_results(stand_in(las), tmp_path / "made" / "here")
    assert not (tmp_path / "made").exists()


def test_results_do_not_replace_their_input(las, tmp_path):
    volume, affine = las.parcellation.paint(las.values), las.parcellation.affine
    write_volume(tmp_path / "latents.nii.gz", volume, affine, kind="expression", provenance={})
    read = read_expression(tmp_path / "latents.nii.gz")
    before = files(tmp_path)
    with pytest.raises(UserError, match=r"latents\.nii\.gz is an input"):
        save_results(stand_in(read), tmp_path)
    with pytest.raises(UserError, match="input"):
        write_sample_csv(tmp_path / "latents.nii.gz", read, {})
    assert files(tmp_path) == before


def test_sample_csv_with_its_sidecar(las, tmp_path):
    values = las.values[:, 0]
    paths = write_sample_csv(tmp_path / "x.csv", las, {"rmse": values}, provenance={"codec": "pca"})
    assert [p.name for p in paths] == ["x.csv", "x.csv.json"]
    assert paths[0].read_text().splitlines()[:2] == ["sample,rmse", "1_1_1,0.55003816"]
    assert json.loads(paths[1].read_text())["codec"] == "pca"


def test_sidecar_of_another_is_not_replaced(las, tmp_path):
    """A table's sidecar names its atlas; a volume saved under the table's name would take it."""
    (tmp_path / "regions.json").write_text('{"atlas": "a.nii.gz"}')
    before = files(tmp_path)
    volume, affine = las.parcellation.paint(las.values), las.parcellation.affine
    with pytest.raises(UserError, match=r"regions\.json was not written by this program"):
        write_volume(tmp_path / "regions.nii.gz", volume, affine, kind="rmse", provenance={})
    assert files(tmp_path) == before
    for kind in ("rmse", "gene"):  # our own is
        write_volume(tmp_path / "v.nii.gz", volume, affine, kind=kind, provenance={})
    assert json.loads((tmp_path / "v.json").read_text())["kind"] == "gene"


# AnnData


def test_anndata_holds_latents_and_errors(phantom, tmp_path):
    import anndata

    reconstruction = stand_in(phantom)
    (path,) = write_h5ad(tmp_path / "r.h5ad", phantom, reconstruction)
    data = anndata.read_h5ad(path)
    np.testing.assert_array_equal(data.X, phantom.values)
    np.testing.assert_array_equal(data.obsm["X_latent"], reconstruction.latents)
    np.testing.assert_array_equal(data.obs["rmse"], reconstruction.rmse_samples)
    np.testing.assert_array_equal(data.obs["r2"], reconstruction.r2_samples)
    np.testing.assert_array_equal(data.var["rmse"], reconstruction.rmse_genes)
    np.testing.assert_array_equal(data.var["r2"], reconstruction.r2_genes)
    assert list(data.var_names) == list(phantom.genes)
    assert json.loads(data.uns["provenance"])["codec"] == "pca"
    np.testing.assert_array_equal(data.uns["parcellation"]["affine"], phantom.parcellation.affine)


def test_anndata_with_a_gene_that_the_model_lacks(las, tmp_path):
    import anndata

    fewer = las.aligned_to(("TP53", "A1BG"))
    (path,) = write_h5ad(tmp_path / "r.h5ad", las, stand_in(fewer))
    rmse = anndata.read_h5ad(path).var["rmse"]
    assert list(rmse.index[rmse.notna()]) == ["A1BG", "TP53"]
    assert rmse["TP53"] == stand_in(fewer).rmse_genes[0]


def test_anndata_is_not_written_over_its_source(las, tmp_path):
    (path,) = write_h5ad(tmp_path / "r.h5ad", las)
    with pytest.raises(UserError, match="input"):
        write_h5ad(path, read_expression(path))
    with pytest.raises(UserError, match=r"\.h5ad"):
        write_h5ad(tmp_path / "r.csv", las)


def test_a_real_reconstruction(las, tmp_path):
    result = compressed(las)
    save_results(result, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["rmse"] == pytest.approx(result.rmse)
    assert len(summary["model_sha256"]) == 64
    (path,) = write_h5ad(tmp_path / "r.h5ad", result.expression, result)
    np.testing.assert_array_equal(read_expression(path).values, las.values)
