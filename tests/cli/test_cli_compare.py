"""The command compare from end to end, and what it refuses."""

import json
import signal

import pandas as pd
import pytest

from commands import BRAIN, REGIONS, files_below, refused, run
from napari_compressed_transcriptomics.cli import terminal
from napari_compressed_transcriptomics.core import fault_report
from napari_compressed_transcriptomics.study.compare_score import COLUMNS

QUICK = ("--methods", "pca", "kernel-pca", "--latent", 2, 4, "--folds", 3, "--jobs", 1)


def table(out):
    return pd.read_csv(out / "comparison.csv")


def test_table_figure_and_record(tmp_path, capsys):
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    said = capsys.readouterr()
    found = table(tmp_path)
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 2 * 2 * 3
    assert found["r2"].between(0.1, 1).all()
    assert "neighbours" in said.err
    assert "Blocks have a buffer of" in said.err
    assert (found["distance_min_mm"] >= found["buffer_mm"]).all()
    assert (found["n_train"] >= 30).all()  # of 60
    assert said.out.splitlines()[3].startswith("blocks: nearest training sample ")
    assert "12 fits in 1 process(es), about 0." in said.err
    rows = said.out.splitlines()
    mean = found[(found["method"] == "pca") & (found["latent_size"] == 2)]["rmse"].mean()
    assert rows[1].split()[:3] == ["pca,", "blocks", f"{mean:.4f}"]
    assert rows[1].endswith(" s")
    record = json.loads((tmp_path / "comparison.json").read_text())
    assert record["complete"] is True
    assert record["methods"]["kernel-pca"]["codec"] == "kernel-pca"
    assert record["parameters"]["n_folds"] == 3
    assert len(record["data_sha256"]) == 64
    assert record["versions"][0]["torch"]
    assert (tmp_path / "comparison.png").stat().st_size > 10_000
    assert len(files_below(tmp_path)) == 3


def test_more_is_added_and_nothing_is_fitted_twice(tmp_path, capsys):
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    before = table(tmp_path)
    more = ("--methods", "pca", "nmf", "--latent", 2, "--folds", 3, "--jobs", 1)
    assert run("compare", REGIONS, *more, "--split", "random", "blocks", "--out", tmp_path) == 0
    after = table(tmp_path)
    pd.testing.assert_frame_equal(after[: len(before)], before)
    assert len(after) == len(before) + 3 + 2 * 3
    out = capsys.readouterr().out
    assert "nmf, random" in out
    assert "kernel-pca, blocks" in out
    written = (tmp_path / "comparison.csv").read_bytes()
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    assert (tmp_path / "comparison.csv").read_bytes() == written


def test_buffer_is_taken_and_odd_ones_are_refused(tmp_path, capsys):
    asked = (*QUICK, "--methods", "pca", "--latent", 2, "--buffer")
    assert run("compare", REGIONS, *asked, "18.5", "--out", tmp_path) == 0
    assert "Blocks have a buffer of 18.5 mm, as asked for: " in capsys.readouterr().err
    assert (table(tmp_path)["buffer_mm"] == 18.5).all()
    assert json.loads((tmp_path / "comparison.json").read_text())["parameters"]["buffer"] == 18.5
    for odd in ("wide", "-1", "inf", "nan"):
        message = refused(capsys, "compare", REGIONS, *asked, odd, "--out", tmp_path / "x")
        assert "not a distance in mm" in message
    message = refused(capsys, "compare", REGIONS, *asked, "300", "--out", tmp_path / "x")
    assert "A buffer of 300 mm leaves 0 samples to train on" in message


def test_ctrl_c_keeps_what_is_done_and_the_next_run_goes_on(tmp_path, capsys, monkeypatch):
    class Interrupts(terminal.Report):
        def __call__(self, progress):
            if progress.done == 500:
                signal.raise_signal(signal.SIGINT)
            super().__call__(progress)

    monkeypatch.setattr("napari_compressed_transcriptomics.cli.terminal.Report", Interrupts)
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 130
    part = table(tmp_path)
    assert len(part) == 5
    record = json.loads((tmp_path / "comparison.json").read_text())
    assert record["complete"] is False
    assert "after 5 of 12" in capsys.readouterr().err
    monkeypatch.undo()
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    pd.testing.assert_frame_equal(table(tmp_path)[:5], part)
    assert len(table(tmp_path)) == 12
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path / "whole") == 0
    both = [table(out).sort_values(list(COLUMNS[:4])) for out in (tmp_path, tmp_path / "whole")]
    pd.testing.assert_frame_equal(
        *(found.drop(columns="seconds").reset_index(drop=True) for found in both)
    )


def test_a_crash_loses_one_fit_at_most(tmp_path, monkeypatch, capsys):
    class Crashes(terminal.Report):
        def __call__(self, progress):
            if progress.done == 500:
                raise RuntimeError("the computer")

    monkeypatch.setattr("napari_compressed_transcriptomics.cli.terminal.Report", Crashes)
    monkeypatch.setattr(fault_report, "_folders", lambda: [tmp_path / "logs"])
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 70
    assert "unexpected error: RuntimeError: the computer" in capsys.readouterr().err
    assert len(table(tmp_path)) == 5
    assert json.loads((tmp_path / "comparison.json").read_text())["complete"] is False


def test_scores_of_other_settings_are_dropped(tmp_path, capsys):
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    path = tmp_path / "comparison.json"
    record = json.loads(path.read_text())
    record["methods"]["kernel-pca"]["package_version"] = "0.0.1"
    path.write_text(json.dumps(record))
    capsys.readouterr()
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    assert "6 scores of kernel-pca are of another version" in capsys.readouterr().err
    assert len(table(tmp_path)) == 12


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--methods", "magic"), "'magic'"),
        (("--latent", 0), "--latent"),
        (("--methods", "pca", "--latent", 64), "64 components"),
        (("--split", "halves"), "'halves'"),
        (("--folds", 1), "from 2 to 1,000"),
        (("--folds", 100), "from 2 to 30"),
        (("--jobs", 0), "--jobs"),
        (("--methods", "tsne"), "t-SNE only places samples"),
        (("--atlas", "nowhere.nii"), "nowhere.nii"),
    ],
    ids=str,
)
def test_bad_input(options, says, tmp_path, capsys):
    out = ("--out", tmp_path / "out")
    assert says in refused(capsys, "compare", REGIONS, *options, *out)
    assert files_below(tmp_path) == []


def test_folders_of_something_else_are_left_alone(tmp_path, capsys):
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    before = {path: path.read_bytes() for path in files_below(tmp_path)}
    capsys.readouterr()
    assert "other data" in refused(capsys, "compare", BRAIN, *QUICK, "--out", tmp_path)
    seed = ("--seed", 1, "--out", tmp_path)
    assert "another seed" in refused(capsys, "compare", REGIONS, *QUICK, *seed)
    folds = ("--folds", 4, "--out", tmp_path)
    assert "number of folds" in refused(capsys, "compare", REGIONS, *QUICK, *folds)
    assert {path: path.read_bytes() for path in files_below(tmp_path)} == before
    (tmp_path / "comparison.json").unlink()
    assert "has no comparison.json" in refused(
        capsys, "compare", REGIONS, *QUICK, "--out", tmp_path
    )


def test_damaged_table_is_told(tmp_path, capsys):
    assert run("compare", REGIONS, *QUICK, "--out", tmp_path) == 0
    path = tmp_path / "comparison.csv"
    path.write_text(path.read_text().replace("pca", "pca,extra", 1))
    capsys.readouterr()
    sentence = refused(capsys, "compare", REGIONS, *QUICK, "--out", tmp_path)
    assert "comparison.csv does not belong to the comparison.json next to it" in sentence
