"""A comparison that was made without a folder, and is put into one later."""

import errno
import itertools
import json
import os
import shutil
from contextlib import suppress

import pandas as pd
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Cancelled, Stop
from napari_compressed_transcriptomics.io.files.belonging import fingerprints
from napari_compressed_transcriptomics.io.writers.comparison import (
    compare_into_folder,
    save_comparison,
)
from napari_compressed_transcriptomics.io.writers.comparison_resumed import COMPARISON_FILES
from napari_compressed_transcriptomics.study.compare import CompareProgress, compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from small import small_expression

DATA = small_expression()


def asked(**settings):
    usual = {"methods": ("pca",), "latent_sizes": (2,), "splits": ("random",), "n_folds": 3}
    return CompareRequest(DATA, **(usual | {"n_jobs": 1} | settings))


def measured(request, *where):
    """Return how many fits were made, and the comparison."""
    seen = []
    comparison = compare_into_folder(request, *where, report=seen.append)
    return sum(isinstance(p, CompareProgress) and p.score is not None for p in seen), comparison


def test_what_is_saved_is_gone_on_with(tmp_path):
    request = asked()
    comparison = compare_methods(request)
    save_comparison(comparison, tmp_path)
    assert (tmp_path / "comparison.png").stat().st_size > 5000
    assert json.loads((tmp_path / "comparison.json").read_text())["complete"] is True
    assert measured(request, tmp_path)[0] == 0

    more = compare_methods(asked(methods=("kernel-pca",)), {s.fit: s for s in comparison.scores})
    save_comparison(more, tmp_path)  # with scores of a method that was not asked for this time
    both = asked(methods=("pca", "kernel-pca"))
    assert measured(both, tmp_path)[0] == 0
    assert len(pd.read_csv(tmp_path / "comparison.csv")) == 6


def test_scores_that_are_known_are_kept_in_a_folder_given_later(tmp_path):
    known = compare_methods(asked()).scores
    request = asked(methods=("pca", "kernel-pca"))
    n_fits, comparison = measured(request, tmp_path, known)
    assert n_fits == 3
    assert set(known) < set(comparison.scores)
    assert len(pd.read_csv(tmp_path / "comparison.csv")) == 6


def test_scores_there_already_are_told_at_the_beginning(tmp_path):
    comparison = compare_methods(asked())
    save_comparison(comparison, tmp_path)
    seen = []
    compare_into_folder(asked(methods=("pca", "kernel-pca")), tmp_path, report=seen.append)
    told = [p.known for p in seen if isinstance(p, CompareProgress) and p.known]
    assert [len(known) for known in told] == [3]


def test_a_folder_of_something_else_stays_as_it_is(tmp_path):
    save_comparison(compare_methods(asked()), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    other = compare_methods(asked(seed=1))
    with pytest.raises(UserError, match="another seed"):
        save_comparison(other, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_comparison_with_another_buffer_is_another(tmp_path):
    """A table that mixes them would compare methods on different folds."""
    blocks = {"splits": ("blocks",)}
    compare_into_folder(asked(**blocks), tmp_path)
    table = pd.read_csv(tmp_path / "comparison.csv")
    assert (table["distance_min_mm"] >= table["buffer_mm"]).all()
    assert (table["buffer_mm"] > 0).all()
    with pytest.raises(UserError, match="another buffer"):
        compare_into_folder(asked(**blocks, buffer=1.0), tmp_path)
    path = tmp_path / "comparison.json"
    record = json.loads(path.read_text())
    del record["buffer_mm"]
    path.write_text(json.dumps(record))
    with pytest.raises(UserError, match="of an older version, whose blocks had no buffer"):
        compare_into_folder(asked(**blocks), tmp_path)


def test_a_table_with_older_names_of_methods_is_gone_on_with(tmp_path):
    compare_into_folder(asked(methods=("kernel-pca",)), tmp_path)
    table, sidecar = (tmp_path / name for name in COMPARISON_FILES[:2])
    table.write_text(table.read_text().replace("kernel-pca", "kpca"))
    record = json.loads(sidecar.read_text())
    record["methods"]["kpca"] = record["methods"].pop("kernel-pca")
    sidecar.write_text(json.dumps(record | {"files": fingerprints(tmp_path)}))
    n_fits, comparison = measured(asked(methods=("kpca", "pca")), tmp_path)
    assert n_fits == 3  # those of PCA
    assert {score.method for score in comparison.scores} == {"kernel-pca", "pca"}
    assert "kpca" not in table.read_text()
    assert set(json.loads(sidecar.read_text())["methods"]) == {"kernel-pca", "pca"}


def test_only_one_at_a_time_compares_into_a_folder(tmp_path):
    other, tried = compare_methods(asked()), []

    def others_try(progress):
        with pytest.raises(UserError, match=rf"is being written by process {os.getpid()} on"):
            compare_into_folder(asked(methods=("kernel-pca",)), tmp_path)
        with pytest.raises(UserError, match="is being written"):
            save_comparison(other, tmp_path)
        tried.append(progress.done)

    compare_into_folder(asked(), tmp_path, report=others_try)
    assert tried[0] == 0
    assert tried[-1] == 300
    _, comparison = measured(asked(methods=("kernel-pca",)), tmp_path)
    assert len(comparison.scores) == 6
    assert len(pd.read_csv(tmp_path / "comparison.csv")) == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(COMPARISON_FILES)


@pytest.mark.parametrize("raised", [Cancelled, Stop, KeyboardInterrupt])
def test_a_comparison_that_is_given_up_lets_the_folder_go(raised, tmp_path):
    def give_up(progress):
        raise raised

    with pytest.raises(raised):
        compare_into_folder(asked(), tmp_path / "out", report=give_up)
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match="no method"):
        compare_into_folder(asked(methods=("magic",)), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_killed_after_the_table_and_before_its_record(tmp_path):
    """The rows that the record knows are followed by one that it does not: none is lost."""
    compare_into_folder(asked(), tmp_path)
    before = (tmp_path / "comparison.json").read_bytes()
    compare_into_folder(asked(methods=("pca", "kernel-pca")), tmp_path)
    (tmp_path / "comparison.json").write_bytes(before)
    n_fits, comparison = measured(asked(methods=("kernel-pca",)), tmp_path)
    assert n_fits == 3  # its settings are not recorded, so they are fitted again
    assert len(comparison.scores) == 6


class Killed(BaseException):
    """Stands in for the end of the process: nothing is written after it."""


@pytest.mark.parametrize("call", range(1, 6))
def test_killed_while_it_grows(call, saved, monkeypatch):
    """No figure of another table, and no word that all is there, is left."""
    before = pd.read_csv(saved / "comparison.csv")
    real, calls = os.replace, itertools.count(1)

    def replaces(*paths):
        if next(calls) == call:
            raise Killed
        real(*paths)

    monkeypatch.setattr(os, "replace", replaces)
    more = asked(methods=("pca", "kernel-pca"))
    with pytest.raises(Killed):
        compare_into_folder(more, saved)
    monkeypatch.undo()
    record = json.loads((saved / "comparison.json").read_text())
    assert not (saved / "comparison.png").exists()
    if call > 2:  # a record was written since
        assert len(pd.read_csv(saved / "comparison.csv")) > len(before)
        assert record["complete"] is False
        assert record["parameters"]["methods"] == ["pca", "kernel-pca"]
    _, comparison = measured(more, saved)
    assert comparison.complete
    assert (saved / "comparison.png").exists()


def test_a_table_that_cannot_be_written_keeps_its_figure(saved, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="is full"):
        compare_into_folder(asked(methods=("pca", "kernel-pca")), saved)
    assert (saved / "comparison.png").exists()


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    compare_into_folder(asked(), folder)
    return folder


@pytest.fixture
def saved(compared, tmp_path):
    return shutil.copytree(compared, tmp_path, dirs_exist_ok=True)


def test_a_changed_table_is_refused(saved):
    table = saved / "comparison.csv"
    table.write_text(table.read_text().replace("0.0", "0.1", 1))
    with pytest.raises(UserError, match=r"comparison\.csv does not belong to the comparison\.json"):
        compare_into_folder(asked(), saved)
    table.unlink()
    with pytest.raises(UserError, match=r"comparison\.csv is missing"):
        compare_into_folder(asked(), saved)


def test_folders_of_older_versions_are_gone_on_with(saved):
    path = saved / "comparison.json"
    record = json.loads(path.read_text())
    del record["files"]
    path.write_text(json.dumps(record))
    seen = []
    compare_into_folder(asked(), saved, report=seen.append)
    assert any("whether its files belong together is not recorded" in p.message for p in seen)
    assert "files" in json.loads(path.read_text())


class Enough(Exception):
    """Nothing was refused."""


def enough(progress):
    raise Enough


ODD = [None, True, -1, 1e308, "", "\ud800", [], [[]], {}, {"pca": []}, {"a": {"b": 1}}, [None]]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("hashed", [True, False])
def test_odd_records_are_refused_or_gone_on_with(value, hashed, saved):
    path = saved / "comparison.json"
    record = json.loads(path.read_text())
    for key in record:
        odd = record | {key: value}
        if not hashed:
            odd.pop("files")
        path.write_text(json.dumps(odd))
        with suppress(UserError, Enough):
            compare_into_folder(asked(), saved, report=enough)


@pytest.mark.parametrize(
    "row",
    [
        "pca,2,random,1,0.1,0.5,1,40,0,8",
        "pca,two,random,1,0.1,0.5,1,40,0,8,8",
        "pca,2,halves,1,0.1,0.5,1,40,0,8,8",
        "pca,0,random,1,0.1,0.5,1,40,0,8,8",
        "pca,2,random,-1,0.1,0.5,1,40,0,8,8",
        "pca,2,random,1,nan,0.5,1,40,0,8,8",
        "pca,2,random,1,-1,0.5,1,40,0,8,8",
        "pca,2,random,1,0.1,0.5,1,inf,0,8,8",
        '"pca,2,random,1,0.1,0.5,1,40,0,8,8',
        "pca," + "9" * 5000 + ",random,1,0.1,0.5,1,40,0,8,8",
        "p\0,2,random,1,0.1,0.5,1,40,0,8,8",
    ],
    ids=lambda row: row[:12],
)
def test_rows_that_no_fit_gives_are_refused(row, saved):
    path = saved / "comparison.json"
    record = json.loads(path.read_text())
    del record["files"]
    path.write_text(json.dumps(record))
    with open(saved / "comparison.csv", "a") as file:
        file.write(row + "\n")
    if "\0" in row:
        with pytest.raises(Enough):  # the scores of an unknown method go
            compare_into_folder(asked(), saved, report=enough)
    else:
        with pytest.raises(UserError, match=r"comparison\.csv is damaged"):
            compare_into_folder(asked(), saved)
