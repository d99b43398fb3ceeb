"""Two results on the same data: differences by sample, gene and region; other data is refused."""

import csv
import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.cli.command_line import main
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.pca import PCA
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.io.writers.difference import write_difference_csv
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.difference import compare_results
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import compressed, named, small_expression

DATA = small_expression()
K2, K8 = (compressed(DATA, k) for k in (2, 8))
ODD_AND_EVEN = Regions(np.array([3, 9]), ("even", "odd"), np.arange(60) % 2)


def test_below_0_is_where_b_is_better():
    two = compare_results(K2, K8)
    assert_array_equal(two.difference, K8.rmse_samples - K2.rmse_samples)
    assert two.rmse == (K2.rmse, K8.rmse)
    assert two.better[1] == (K8.rmse_samples < K2.rmse_samples).mean() > 0.9
    assert two.layer_name == "blue: PCA k=8 better than PCA k=2 (in-sample RMSE)"
    assert two.lines[0].startswith(f"A PCA k=2: RMSE {K2.rmse:.4f}, lower in ")
    back = compare_results(K8, K2)
    assert_array_equal(back.difference, -two.difference)
    assert back.better == two.better[::-1]


def test_errors_of_data_fitted_to_are_said_with_those_of_samples_held_out():
    *_, caution = compare_results(K2, K8).lines
    assert caution == (
        "Both errors are on the data fitted to, which flatters flexible methods: "
        "Compare methods measures both on samples held out."
    )
    two = replace(compare_results(K2, K8), held_out=(0.05, 0.0432))
    assert two.lines[-1].endswith("on samples held out they are 0.0500 (A) and 0.0432 (B).")
    one = replace(two, in_sample=(False, True), held_out=(None, None))
    assert one.lines[-1].startswith("The error of B is on the data fitted to")
    neither = replace(two, in_sample=(False, False))
    assert neither.layer_name == "blue: PCA k=8 better than PCA k=2 (RMSE)"
    assert len(neither.lines) == 2


def test_the_error_of_a_region_is_that_of_all_its_values():
    table = compare_results(K2, K8).region_table(ODD_AND_EVEN)
    assert_array_equal(table["n_samples"], [30, 30])
    for result, name in ((K2, "rmse_a"), (K8, "rmse_b")):
        error = DATA.values - result.codec.decode(result.latents)
        expected = [np.sqrt(np.square(error[start::2]).mean()) for start in (0, 1)]
        assert_allclose(table[name], expected, rtol=1e-4)
    assert_allclose(table["difference"], table["rmse_b"] - table["rmse_a"])


def test_genes_in_another_order_are_matched_by_symbol():
    order = np.random.default_rng(0).permutation(40)
    genes = tuple(DATA.genes[i] for i in order)
    shuffled = PCA(K8.codec.components[:, order], genes, K8.codec.gene_means[order])
    two = compare_results(K2, reconstruct(shuffled, DATA))
    straight = compare_results(K2, K8)
    assert_allclose(two.gene_table["rmse_b"], straight.gene_table["rmse_b"], rtol=1e-4)
    assert_allclose(two.difference, straight.difference, atol=1e-6)


def test_what_does_not_compare_is_refused_with_the_reason():
    with pytest.raises(UserError, match="same result"):
        compare_results(K2, K2)
    other = replace(named(DATA.values), name="other")
    with pytest.raises(UserError, match=r"A is of small and B of other data \(other\)"):
        compare_results(K2, reconstruct(K8.codec, other))
    smoothed = replace(DATA, values=DATA.values * 0.9)  # the same places
    with pytest.raises(UserError, match="other data"):
        compare_results(K2, reconstruct(K8.codec, smoothed))
    fewer = DATA.aligned_to(DATA.genes[1:])
    with pytest.raises(UserError, match=r"1 genes \(GENE0"):
        compare_results(K2, reconstruct(fit_codec("pca", fewer, 2), DATA))
    with pytest.raises(UserError, match=r"1 genes \(GENE0"):
        compare_results(K2, reconstruct(K8.codec, fewer, fill_missing=True))


def test_tables_as_csv(tmp_path):
    two = compare_results(K2, K8)
    write_difference_csv(tmp_path / "regions.csv", two, ODD_AND_EVEN, {})
    with open(tmp_path / "regions.csv") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["region", "rmse_a", "rmse_b", "difference", "n_samples"]
    assert [row["region"] for row in rows] == ["even", "odd"]
    assert_allclose(
        [float(row["difference"]) for row in rows], two.region_table(ODD_AND_EVEN)["difference"]
    )
    write_difference_csv(tmp_path / "genes.csv", two, None, {})
    assert (tmp_path / "genes.csv").read_text().splitlines()[1].startswith("GENE0,")
    source = {"table": {"path": str(tmp_path / "genes.csv")}}
    with pytest.raises(UserError, match="input"):
        write_difference_csv(tmp_path / "genes.csv", two, None, source)


def test_regions_of_the_same_name_stay_apart():
    twins = Regions(np.array([3, 9]), ("area", "area"), np.arange(60) % 2)
    assert twins.unique_names == ("area (3)", "area (9)")
    assert ODD_AND_EVEN.unique_names == ODD_AND_EVEN.names


def test_on_the_command_line(brain, tmp_path, capsys):
    results = [compressed(brain, k) for k in (2, 8)]
    for result, name in zip(results, "ab", strict=True):
        save_results(result, tmp_path / name)
    halves = np.where(brain.parcellation.labels > 0, 1, 0).astype(np.int16)
    halves[:6][halves[:6] > 0] = 2
    nib.save(nib.Nifti1Image(halves, brain.parcellation.affine), tmp_path / "halves.nii.gz")
    folders = [str(tmp_path / name) for name in ("a", "b")]
    out = tmp_path / "out"
    assert main(["difference", *folders, "--out", str(out), "--atlas",
                 str(tmp_path / "halves.nii.gz")]) == 0  # fmt: skip
    said = capsys.readouterr().out
    two = compare_results(*results)
    assert two.lines[0] in said
    assert two.lines[1] in said
    volume = nib.load(out / "difference.nii.gz").get_fdata()
    assert_allclose(volume, brain.parcellation.paint(two.difference), atol=1e-6)
    assert json.loads((out / "difference.json").read_text())["a"]["latent_size"] == 2
    hashes = json.loads((out / "difference.json").read_text())["files"]
    assert {"sample_difference.csv", "gene_difference.csv"} <= set(hashes)
    assert len((out / "region_difference.csv").read_text().splitlines()) == 3
    assert len((out / "gene_difference.csv").read_text().splitlines()) == 1 + brain.n_genes

    other = replace(brain, values=brain.values * 0.9, name="other")
    save_results(compressed(other), tmp_path / "c")
    assert main(["difference", folders[0], str(tmp_path / "c"), "--out", str(out)]) == 2
    assert "other data" in capsys.readouterr().err
