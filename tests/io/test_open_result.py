"""A saved result opened again: all as it was, with the expression, without it, and with another."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from data import TABLES, real_table
from napari_compressed_transcriptomics import open_result, read_expression
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.io.files.csv_style import Style
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.readers.sniffing import sniff
from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress
from napari_compressed_transcriptomics.reconstruction.decoded import decoded
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut
from napari_compressed_transcriptomics.reconstruction.joint_histogram import density_of
from napari_compressed_transcriptomics.reconstruction.results import samples_of
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import elsewhere
from phantom import AFFINES, make_phantom
from small import compressed
from vertices import expression_on_vertices, write_gifti_maps

ARRAYS = (
    "latents", "rmse_samples", "r2_samples", "rmse_genes", "r2_genes", "mean_genes", "sd_genes",
)  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Data and a result of them, each in its folder; and the result as it was."""
    folder = tmp_path_factory.mktemp("work")
    data, file = make_phantom(), folder / "data" / "x.nii.gz"
    file.parent.mkdir()
    volume = data.parcellation.painting(data.values)
    write_volume(file, volume, data.parcellation.affine, kind="expression", provenance={})
    (file.parent / "x.genes.txt").write_text("\n".join(data.genes))
    held_out = HeldOut("random", 2)
    result = compress(
        CompressRequest(read_expression(file), "pca", 2, device="cpu", held_out=held_out)
    )
    save_results(result, folder / "result", {"codec": "pca"}, Style(keep_paths=False))
    return folder, result


@pytest.fixture
def work(saved, tmp_path):
    """The same, to be changed."""
    return shutil.copytree(saved[0], tmp_path / "work")


def same_results(one, other):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    for name in ("rmse", "r2", "in_sample", "device"):
        assert getattr(one, name) == getattr(other, name), name
    told = [(*result.expression.notes, *result.notes) for result in (one, other)]
    assert told[0] == told[1]
    for name in ("genes", "samples", "name", "excluded", "filled"):
        assert getattr(one.expression, name) == getattr(other.expression, name), name
    a, b = one.expression.parcellation, other.expression.parcellation
    np.testing.assert_array_equal(a.labels, b.labels)
    np.testing.assert_allclose(a.affine, b.affine, atol=1e-5)
    np.testing.assert_array_equal(density_of(one).counts, density_of(other).counts)
    np.testing.assert_array_equal(one.novelty.distance, other.novelty.distance)
    gene = one.expression.genes[0]
    np.testing.assert_array_equal(one.gene(gene), other.gene(gene))


def test_it_is_as_it_was(saved):
    folder, result = saved
    found = open_result(folder / "result")
    same_results(found, result)
    assert not found.has_originals  # until they are asked for
    np.testing.assert_array_equal(found.expression.values[:, 1], result.expression.values[:, 1])
    assert found.has_originals
    assert found.held_out.in_words(found.rmse) == result.held_out.in_words(result.rmse)
    assert found.held_out.summary(found.rmse) == result.held_out.summary(result.rmse)
    assert found.gene_table.keys() == result.gene_table.keys()


def test_what_was_opened_is_saved_the_same(saved, tmp_path):
    """With no look at the expression, and opened from there again."""
    folder, result = saved
    again = folder / "again"
    save_results(open_result(folder / "result"), again, {"codec": "pca"})
    for name in ("latents.csv", "gene_error.csv", "density.csv", "model.safetensors"):
        assert (again / name).read_bytes() == (folder / "result" / name).read_bytes(), name
    found = open_result(again)
    same_results(found, result)
    np.testing.assert_array_equal(found.expression.values[:, 1], result.expression.values[:, 1])
    shutil.rmtree(again)


def test_a_fresh_process_opens_it(saved):
    folder, result = saved
    code = (
        "import sys\n"
        "from napari_compressed_transcriptomics import open_result\n"
        "found = open_result(sys.argv[1])\n"
        "assert 'napari' not in sys.modules\n"
        "print(found.gene('TP53').sum(), found.expression.values[:, 0].sum())\n"
    )
    run = [sys.executable, "-c", code, str(folder / "result")]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    wanted = [result.gene("TP53").sum(), result.expression.values[:, 0].sum()]
    np.testing.assert_allclose(np.array(told, float), wanted)


def test_without_its_expression_it_says_so(work):
    shutil.move(work / "data", work / "elsewhere")
    found = open_result(work / "result")
    assert np.isfinite(found.gene("TP53")).all()
    with pytest.raises(UserError, match=r"is not where it was \(\.\./data/x\.nii\.gz\): Locate"):
        found.expression.values[0]
    whole = elsewhere(found.expression).fetch(work / "elsewhere" / "x.nii.gz")
    assert whole.parcellation is found.expression.parcellation
    assert found.has_originals


def changed(work, where):
    """Write data that differ in one value."""
    data = make_phantom()
    values = data.values.copy()
    values[3, 1] += 0.01
    path = work / where / "x.nii.gz"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.with_name("x.json").unlink(missing_ok=True)
    volume = data.parcellation.painting(values)
    write_volume(path, volume, data.parcellation.affine, kind="expression", provenance={})
    (path.parent / "x.genes.txt").write_text("\n".join(data.genes))
    return path


def test_changed_data_are_told_and_not_mixed(work):
    changed(work, "data")
    found = open_result(work / "result")
    with pytest.raises(UserError, match=r"x\.nii\.gz has changed since x was encoded"):
        found.expression.values[0]
    assert not found.has_originals


def test_other_data_are_refused_where_they_are_located(work):
    path = changed(work, "other")
    shutil.rmtree(work / "data")
    found = open_result(work / "result")
    with pytest.raises(UserError, match="is of other data than x was encoded from"):
        elsewhere(found.expression).fetch(path)


# Other kinds of data


def opened_as_saved(data, folder, codec="pca", k=3):
    """Save a result of data, open it, and read its expression."""
    result = compress(CompressRequest(data, codec, k, device="cpu"))
    save_results(result, folder)
    found = open_result(folder)
    same_results(found, result)
    gene = data.genes[-1]
    column = result.expression.column(gene)
    assert not found.has_originals
    np.testing.assert_array_equal(
        found.expression.values[:, column], result.expression.values[:, column]
    )
    return found


def test_a_real_table_with_its_atlas(tmp_path):
    opened_as_saved(
        read_expression(real_table(tmp_path, *TABLES["ahba_schaefer100"])), tmp_path / "r"
    )


def test_a_table_whose_atlas_is_gone(tmp_path, capsys):
    path = tmp_path / "table.csv"
    rng = np.random.default_rng(0)
    rows = [f"r{i}," + ",".join(map(str, rng.random(4).round(3))) for i in range(1, 7)]
    path.write_text("region,A1BG,NAT1,TP53,SOX2\n" + "\n".join(rows) + "\n")
    labels = np.zeros((4, 4, 4), np.int32)
    labels[:3, 1, 1:3] = np.arange(1, 7).reshape(3, 2)
    atlas = tmp_path / "table_atlas.nii.gz"
    write_volume(atlas, labels, AFFINES["LAS"], kind="labels", provenance={})
    names = "\n".join(f"{i},r{i}" for i in range(1, 7))
    (tmp_path / "table_labels.csv").write_text(f"id,label\n{names}\n")
    result = compress(CompressRequest(read_expression(path), "pca", 2, device="cpu"))
    save_results(result, tmp_path / "r")
    for file in tmp_path.glob("table_*"):
        file.unlink()
    found = open_result(tmp_path / "r")
    np.testing.assert_array_equal(found.expression.values[:, 0], result.expression.values[:, 0])


def test_a_store(work):
    store = work / "data" / "x.zarr"
    convert(read_expression(work / "data" / "x.nii.gz"), store)
    opened_as_saved(read_expression(store), work / "of_store", k=2)


def test_maps_of_genes_read_in_a_certain_way(tmp_path):
    data = make_phantom(genes=("TP53", "SOX2", "A1BG"))
    (tmp_path / "maps").mkdir()
    for gene, values in zip(data.genes, data.values.T, strict=True):
        for variant in ("mRNA", "mirr_mRNA"):
            path = tmp_path / "maps" / f"{gene}_{variant}.nii"
            image = np.nan_to_num(data.parcellation.paint(values))
            nib.save(nib.Nifti1Image(image, data.parcellation.affine), path)
    found = read_expression(tmp_path / "maps", variant="mirrored", impute="drop_genes")
    opened_as_saved(found, tmp_path / "r", k=2)


def test_vertices(tmp_path):
    maps = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    found = opened_as_saved(read_expression(maps), tmp_path / "r", k=2)
    assert found.expression.parcellation.places_known


def test_the_sample_that_is_made(tmp_path):
    opened_as_saved(synthetic_regions(synthetic_brain(n_genes=8)), tmp_path / "r")


def test_regions_without_data_are_known_again(tmp_path):
    """So that layers, figures and reports of a saved result are hatched as its own."""
    data, folder = make_phantom(AFFINES["LAS"]), tmp_path / "r"
    lacking = np.zeros(data.parcellation.labels.shape, bool)
    lacking[:2, 0] = data.parcellation.labels[:2, 0] == 0
    assert lacking.any()
    place = replace(data.parcellation, lacking=lacking)
    result = compressed(replace(data, parcellation=place))
    save_results(result, folder)
    for found in (
        open_result(folder).expression.parcellation,
        samples_of(read_results(folder)),
        read_inputs([str(folder)])[0].map("component:1"),
    ):
        np.testing.assert_array_equal(found.lacking, lacking)
    (folder / "lacking.nii.gz").rename(tmp_path / "taken.nii.gz")
    with pytest.raises(UserError, match=r"lacking\.nii\.gz"):
        open_result(folder)
    (tmp_path / "taken.nii.gz").rename(folder / "lacking.nii.gz")
    save_results(compressed(data), folder)  # of a whole atlas, into the same folder
    assert not list(folder.glob("lacking*"))
    assert open_result(folder).expression.parcellation.lacking is None


def test_decoded_latents_are_opened_as_such(tmp_path):
    """With no error claimed, and no expression looked for."""
    made = compressed(make_phantom(), 3)
    of = made.expression
    alone = decoded(made.codec, made.latents, of.parcellation, of.samples, name="published")
    save_results(made, tmp_path)  # of which nothing stays
    save_results(alone, tmp_path)
    record = json.loads((tmp_path / "summary.json").read_text())
    assert record["rmse"] is record["density"] is record["data_sha256"] is None
    found = open_result(tmp_path)
    assert not found.has_errors
    assert not found.in_sample
    assert found.density is None
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(alone, name), name)
    np.testing.assert_array_equal(found.gene("TP53"), made.gene("TP53"))
    np.testing.assert_array_equal(found.novelty.distance, alone.novelty.distance)
    assert not found.has_originals
    with pytest.raises(UserError, match="published are latents without their expression"):
        found.expression.values[0]
    save_results(found, tmp_path / "again")
    assert not open_result(tmp_path / "again").has_errors
    with pytest.raises(UserError, match="holds decoded latents"):
        read_results(tmp_path)


# Folders that are not whole


def test_a_renamed_and_moved_folder_opens(work):
    shutil.move(work / "result", work / "data" / "renamed")
    found = open_result(work / "data" / "renamed")
    assert np.isfinite(found.latents).all()
    with pytest.raises(UserError, match="is not where it was"):
        found.expression.values[0]


@pytest.mark.parametrize("name", ["model.safetensors", "latents.nii.gz", "summary.json"])
def test_a_folder_that_lacks_a_file_is_still_claimed_and_says_so(work, name):
    (work / "result" / name).unlink()
    assert sniff(work / "result") == "result"
    with pytest.raises(UserError, match=rf"result has no {name}, .*; (save|give)"):
        open_result(work / "result")


def test_a_newer_version(work):
    summary = work / "result" / "summary.json"
    record = json.loads(summary.read_text()) | {"format_version": 3}
    summary.write_text(json.dumps(record))
    with pytest.raises(UserError, match="has format 3, this program reads up to 2; update"):
        open_result(work / "result")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A result of other data, genes and place."""
    folder = tmp_path_factory.mktemp("other")
    data = make_phantom(AFFINES["RAS"], ("A1BG", "NA", "NAT1", "ABCA6", "SOX2"))
    data = replace(data, values=data.values[::-1].copy())
    save_results(compress(CompressRequest(data, "pca", 3, device="cpu")), folder)
    return folder


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("model.safetensors", "is not the model that"),
        ("samples.nii.gz", "has changed since it was written"),
        ("latents.nii.gz", "has changed since it was written"),
        ("latents.csv", "does not belong"),
        ("gene_error.csv", "has other genes than model|has no column"),
        ("sample_error.csv", "does not belong|has no column"),
    ],
)
def test_files_of_another_result_are_told(work, other, name, match):
    shutil.copy(other / name, work / "result" / name)
    with pytest.raises(UserError, match=match):
        open_result(work / "result")


@pytest.mark.parametrize("name", ["latents.nii.gz", "sample_error.csv", "model.safetensors"])
def test_half_written_files_are_told(work, name):
    path = work / "result" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError):
        open_result(work / "result")


def test_no_folder_of_results(tmp_path):
    with pytest.raises(UserError, match=r"has no summary\.json"):
        open_result(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        open_result(tmp_path / "x")
