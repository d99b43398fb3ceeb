"""The command `report`: a page from every folder of results, one sentence for anything else."""

import json
import shutil
from contextlib import suppress
from functools import cache

import numpy as np
import pytest

from commands import files_below, refused, run
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.figures import brain_figures, slices
from napari_compressed_transcriptomics.figures.report import page as report
from napari_compressed_transcriptomics.figures.report.figures import report_figures
from napari_compressed_transcriptomics.figures.report.page import page_of, report_of
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.difference import compare_saved
from phantom import make_phantom
from small import compressed

pytestmark = pytest.mark.usefixtures("small_pictures")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "result")


def contents(folder):
    return {path: path.read_bytes() for path in files_below(folder) if path.is_file()}


def test_a_folder_comes_back_as_it_was_saved(result, saved):
    read = read_results(saved)
    expression = result.expression
    np.testing.assert_array_equal(read.latents, result.latents)
    np.testing.assert_array_equal(read.rmse_genes, result.rmse_genes)
    np.testing.assert_array_equal(read.r2_genes, result.r2_genes)
    np.testing.assert_array_equal(read.samples.rmse, result.rmse_samples)
    np.testing.assert_array_equal(read.samples.r2, result.r2_samples)
    np.testing.assert_allclose(read.samples.centroids, expression.parcellation.centroids)
    np.testing.assert_array_equal(
        read.error_volume, expression.parcellation.paint(result.rmse_samples)
    )
    assert read.density.n_values == expression.values.size
    assert read.density.n_drawn == expression.n_samples
    assert (read.genes, read.samples.names) == (expression.genes, expression.samples)
    assert read.record["methods"].startswith("Expression of 30 genes")


def test_the_page_is_the_same_from_memory_and_from_the_folder(result, saved, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert run("report", saved, "--out", out) == 0
    assert capsys.readouterr().out == f"{out}\n"
    page = out.read_text("utf-8")
    assert page == report_of(result, {"seed": 0})


def test_regions_come_from_an_atlas(saved, tmp_path):
    brain = synthetic_brain(voxel_mm=20, n_genes=2)
    halves = np.zeros(brain.parcellation.labels.shape, np.int32)
    x = brain.parcellation.affine[0, 3] + brain.parcellation.affine[0, 0] * np.arange(len(halves))
    halves[x < 0], halves[x > 0] = 1, 2
    atlas = tmp_path / "halves.nii.gz"
    write_volume(atlas, halves, brain.parcellation.affine, kind="labels", provenance={})
    (tmp_path / "halves_labels.csv").write_text("id,label\n1,left <half>\n2,right half\n")
    out = tmp_path / "report.html"
    assert run("report", saved, "--atlas", atlas, "--out", out) == 0
    page = out.read_text("utf-8")
    assert "left &lt;half&gt;" in page
    assert "Regions with the largest errors" in page
    assert "<half>" not in page


def test_older_folders_say_what_they_lack(folder, capsys):
    for name in ("sample_error.csv", "density.csv"):
        (folder / name).unlink()
    record = json.loads((folder / "summary.json").read_text())
    for key in ("data", "methods", "model_card", "density", "files"):
        del record[key]
    (folder / "summary.json").write_text(json.dumps(record))
    assert run("report", folder) == 0
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("written by an older version") == 3
    assert "whether its files belong together is not recorded" in page
    assert "whether its files belong together is not recorded" in capsys.readouterr().err
    assert "Genes with the largest errors" in page


def cut(name, size):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def without(name):
    return lambda folder: (folder / name).unlink()


def stating(**changes):
    def change(folder):
        path = folder / "summary.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def swapped(folder):
    shutil.copy(folder / "error.nii.gz", folder / "latents.nii.gz")


def rows_of_others(folder):
    lines = (folder / "gene_error.csv").read_text().splitlines()
    (folder / "gene_error.csv").write_text("\n".join(lines[:-3]) + "\n")


def bad_number(folder):
    path = folder / "sample_error.csv"
    lines = path.read_text().splitlines()
    lines[4] = lines[4].rpartition(",")[0] + ",x"
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without("summary.json"), "has no summary.json"),
        (without("gene_error.csv"), "gene_error.csv"),
        (without("error.nii.gz"), "error.nii.gz"),
        (cut("summary.json", 100), "summary.json is not readable as JSON"),
        (cut("latents.nii.gz", 500), "latents.nii.gz is cut short"),
        (cut("error.nii.gz", 0), "error.nii.gz is empty"),
        (cut("latents.csv", 400), "latents.csv"),
        (cut("gene_error.csv", 130), "gene_error.csv"),
        (cut("density.csv", 150), "density.csv"),
        (swapped, "latents.nii.gz has changed since it was written"),
        (rows_of_others, "27 rows where summary.json says 30"),
        (bad_number, "sample_error.csv is damaged in line 5"),
        (stating(latent_size="3"), "does not state latent_size"),
        (stating(latent_size=5), "latents.nii.gz"),
        (stating(rmse="<b>"), "does not state rmse"),
        (stating(rmse=10**400), "does not state rmse"),
        (stating(r2=True), "does not state r2"),
        (stating(filled=5), "does not state filled as a list"),
        (stating(density={"low": 0, "high": 1e308, "n_bins": 5, "n_drawn": 1}), "density.csv"),
        (stating(density={"low": 0, "high": 0, "n_bins": 10**9, "n_drawn": 1}), "density.csv"),
        (stating(density={"low": 0, "high": 0.1, "n_bins": 5, "n_drawn": 1}), "density.csv"),
    ],
)
def test_damaged_folders_are_refused(damage, words, folder, capsys):
    (folder / "report.html").write_text("the report before")
    damage(folder)
    before = contents(folder)
    assert words in refused(capsys, "report", folder)
    assert contents(folder) == before


def test_what_is_no_folder_of_results_is_refused(tmp_path, capsys):
    assert "does not exist" in refused(capsys, "report", tmp_path / "nowhere")
    assert "no summary.json" in refused(capsys, "report", tmp_path)
    (tmp_path / "file").write_text("x")
    assert "not a folder" in refused(capsys, "report", tmp_path / "file")
    assert files_below(tmp_path) == [tmp_path / "file"]


def test_nothing_but_a_report_is_replaced(folder, tmp_path, capsys):
    before = contents(folder)
    sentence = refused(capsys, "report", folder, "--out", folder / "summary.json")
    assert "must end in .html" in sentence
    (tmp_path / "data.html").write_text("these are the data, by an odd name")
    stating(source={"expression": {"path": str(tmp_path / "data.html")}})(folder)
    assert "is an input" in refused(capsys, "report", folder, "--out", tmp_path / "data.html")
    (tmp_path / "taken.html").mkdir()
    assert "is a folder" in refused(capsys, "report", folder, "--out", tmp_path / "taken.html")
    stating(source=json.loads(before[folder / "summary.json"])["source"])(folder)
    assert set(contents(folder)) == set(before)


def test_a_failure_keeps_the_report_before(folder, monkeypatch):
    (folder / "report.html").write_text("the report before")
    before = contents(folder)
    monkeypatch.setattr(report, "inline_svg", lambda *_: 1 / 0)
    assert run("report", folder) == 70
    assert contents(folder) == before


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A result on few voxels: many pages are made of it."""
    phantom = make_phantom(genes=tuple(f"G{i}" for i in range(12)))
    folder = tmp_path_factory.mktemp("tiny") / "result"
    save_results(compressed(phantom, 3), folder, {"seed": 0})
    return folder


ODD = [None, True, -1, 1e308, float("nan"), "\ud800", [], [[]], {}, {"a": {"b": [1]}}, [None, {}]]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_odd_summaries_give_a_page_or_a_sentence(value, tiny, tmp_path, monkeypatch):
    """Each entry of the summary in turn is something odd."""
    folder = shutil.copytree(tiny, tmp_path / "result")
    monkeypatch.setattr(report, "_template", cache(report._template))
    monkeypatch.setattr(report, "inline_svg", lambda *_: "")
    monkeypatch.setattr(report, "report_figures", _undrawn)
    for rows in ("view_rows", "component_rows"):  # of pictures that are not drawn
        monkeypatch.setattr(brain_figures, rows, lambda *_: [])
    good = read_results(folder)
    record = json.loads((folder / "summary.json").read_text())
    del record["files"]
    nested = [
        (key, inner) for key, part in record.items() if isinstance(part, dict) for inner in part
    ]
    for key, *inner in [*((key,) for key in record), *nested]:
        odd = json.loads(json.dumps(record))
        at = odd[key] if inner else odd
        at[inner[0] if inner else key] = value
        (folder / "summary.json").write_text(json.dumps(odd))
        with suppress(UserError):
            read = read_results(folder)
            page_of(read.portable(folder)).encode()
            lines = compare_saved(read, good).lines
            assert all(line.isprintable() for line in lines)


def _undrawn(results):
    return [(name, (lambda: None, words)) for name, (_, words) in report_figures(results)]


def test_a_difference_without_rmse(saved, folder, tmp_path, capsys):
    record = json.loads((folder / "summary.json").read_text())
    del record["files"], record["rmse"]
    (folder / "summary.json").write_text(json.dumps(record))
    assert run("difference", saved, folder, "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "RMSE nan" in said.out
    assert "whether its files belong together is not recorded" in said.err


def test_results_of_the_same_data_elsewhere_compare_by_hashes(saved, folder, tmp_path):
    """Paths are relative to each folder: they differ where the data are the same."""
    for name, path in (("a", "x.csv"), ("b", "../y/x.csv")):
        copy = shutil.copytree(saved, tmp_path / name)
        stating(source={"expression": {"path": path, "sha256": "0" * 64}})(copy)
        lines = (copy / "gene_error.csv").read_text().splitlines()
    (copy / "gene_error.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n")
    record = json.loads((copy / "summary.json").read_text())
    del record["files"]
    (copy / "summary.json").write_text(json.dumps(record))
    two = compare_saved(read_results(tmp_path / "a"), read_results(copy))
    assert not two.difference.any()


def test_torch_is_not_needed(saved, tmp_path):
    from test_layering import loaded_by

    code = f"""
from napari_compressed_transcriptomics.cli import main
from napari_compressed_transcriptomics.figures import slices
slices.PIXELS = {slices.PIXELS}
assert main(["report", {str(saved)!r}, "--out", {str(tmp_path / "r.html")!r}]) == 0
"""
    loaded = loaded_by(code)
    assert "matplotlib" in loaded
    assert not loaded & {"torch", "napari", "qtpy", "sklearn", "pandas"}
