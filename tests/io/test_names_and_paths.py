"""Names that a spreadsheet would take for formulas, and paths that would tell of a user."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from test_writing import stand_in

from napari_compressed_transcriptomics.core.provenance import json_safe, portable
from napari_compressed_transcriptomics.figures.report.page import report_of
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.csv_style import Style, as_named
from napari_compressed_transcriptomics.io.files.file_names import LONGEST_STEM, distinct_stems
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.files.text import DelimitedText
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.io.writers.results import save_results, write_sample_csv
from phantom import make_phantom

FORMULAS = ("=1+1", "+cmd", "-2+3", "@SUM(1)", "\t=1", "'=1", "''+x", "=cmd|' /C calc'!A0")
HARMLESS = ("TP53", "-2", "+1.5", "-1e-3", "-inf", "'x", "a=b", "2-Sep", "", "HLA-A")


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_are_written_as_text_and_read_as_they_were(name):
    written = Style().cell(name)
    assert written == f"'{name}"
    assert as_named(written) == name
    assert Style(raw_names=True).cell(name) == name


@pytest.mark.parametrize("name", HARMLESS)
def test_other_cells_are_left_alone(name):
    assert Style().cell(name) == as_named(name) == name


@pytest.fixture
def formulas():
    return make_phantom(genes=("=1+1", "'=1", "-2", "@SUM(1)", "TP53"))


@pytest.mark.parametrize("raw", [False, True])
def test_results_come_back_with_their_names(formulas, raw, tmp_path):
    save_results(stand_in(formulas), tmp_path, style=Style(raw_names=raw))
    rows = list(csv.reader((tmp_path / "gene_error.csv").read_text().splitlines()))
    written = [row[0] for row in rows[1:]]
    assert written == (list(formulas.genes) if raw else ["'=1+1", "''=1", "-2", "'@SUM(1)", "TP53"])
    if not raw:
        assert read_results(tmp_path).genes == formulas.genes


def test_names_of_rows_and_columns_are_read_back(formulas, tmp_path):
    path, *_ = write_sample_csv(tmp_path / "x.csv", formulas, {"=rmse": formulas.values[:, 0]})
    assert path.read_text().startswith("sample,'=rmse\n")
    assert DelimitedText(path).header == ["sample", "=rmse"]
    path.write_text("region,v\n'=x,1\ny,'=z\n")
    assert [cells for _, cells in DelimitedText(path).rows()] == [["=x", "1"], ["y", "'=z"]]


# Paths


@pytest.fixture
def home(tmp_path, monkeypatch):
    home = tmp_path / "users" / "ada"
    (home / "data").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return home


def test_paths_become_relative_to_the_output(home, tmp_path):
    file = home / "data" / "x.csv"

    def told(folder):
        record = {"source": {"expression": {"path": str(file), "sha256": "0"}}}
        return portable(record, folder)["source"]["expression"]["path"]

    assert told(home / "data") == "x.csv"
    assert told(home / "out") == "../data/x.csv"
    assert told(home / "data" / "out" / "a") == "../../x.csv"
    assert told(tmp_path / "out") == "x.csv"  # the way there leads through the user's name
    assert told(Path("/out")) == told(None) == "x.csv"


def test_paths_of_other_machines_are_names(home):
    windows = {"path": r"C:\Users\ada\x.csv"}
    assert portable(windows, home / "out") == {"path": "x.csv"}
    assert portable({"path": "/users/grace/x.csv"}, home / "out") == {"path": "x.csv"}
    assert portable({"path": "data/x.csv"}, home / "out") == {"path": "data/x.csv"}


def test_the_home_folder_is_not_told_in_sentences(home):
    notes = {"notes": [f"{home}/x.csv is odd", f"{home}-lovelace", str(home)]}
    assert portable(notes) == {"notes": ["~/x.csv is odd", f"{home}-lovelace", "~"]}


def test_json_holds_no_nan():
    assert json_safe({"a": [float("nan"), 1.5, (np.float64("inf"),)]}) == {"a": [None, 1.5, [None]]}


@pytest.fixture
def of_a_file(home):
    data = make_phantom()
    volume = data.parcellation.painting(data.values)
    path = home / "data" / "x.nii.gz"
    write_volume(path, volume, data.parcellation.affine, kind="expression", provenance={})
    (home / "data" / "x.genes.txt").write_text("\n".join(data.genes))
    return read_expression(path)


def test_no_file_of_a_result_tells_of_the_user(of_a_file, home, tmp_path):
    assert str(home) in json.dumps(of_a_file.source)  # in memory inputs are known, to be kept
    result = stand_in(of_a_file)
    parameters = {"model": str(home / "m.safetensors")}
    save_results(result, tmp_path / "out", parameters)
    for path in (tmp_path / "out").glob("*.json"):  # "ada" alone may stand in a hash
        text = path.read_text()
        assert str(home) not in text, path
        assert "/ada" not in text, path
    save_results(result, home / "out", parameters)
    record = json.loads((home / "out" / "summary.json").read_text())
    assert record["source"]["expression"]["path"] == "../data/x.nii.gz"
    assert record["parameters"]["model"] == "../m.safetensors"
    read = read_results(home / "out")
    assert read.record["source"]["expression"]["path"] == str(home / "data" / "x.nii.gz")
    save_results(result, home / "out", parameters, Style(keep_paths=True))
    record = json.loads((home / "out" / "summary.json").read_text())
    assert record["source"] == of_a_file.source
    assert record["parameters"] == parameters


def test_reports_from_memory_hold_names_of_files_only(of_a_file, home, small_pictures):
    from small import compressed

    page = report_of(compressed(of_a_file), {"model": str(home / "m.safetensors")})
    assert "x.nii.gz" in page
    assert str(home) not in page


# Names of files


def test_long_names_are_cut_between_characters_and_stay_distinct():
    names = ["é" * 300, "é" * 301, "日" * 100, "a" * 260, "a" * 259]
    stems = distinct_stems(names)
    assert len({stem.casefold() for stem in stems}) == len(names)
    assert all(len(stem.encode()) <= LONGEST_STEM for stem in stems)
    assert all(name.startswith(stem.rstrip("-2")) for name, stem in zip(names, stems, strict=True))


def test_names_that_only_look_different_get_numbers():
    assert distinct_stems(["e\u0301", "\u00e9", "É", "x", "X"]) == ["é", "é-2", "É-3", "x", "X-2"]
