"""Readers and model files meet 2,000 damaged, odd and hostile files; `make fuzz` runs more."""

import mmap
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fuzz import cases, workers
from fuzz.__main__ import main
from fuzz.brain import regions
from fuzz.cases import Case, changed
from fuzz.change import VALUES, Change
from fuzz.kinds import KINDS
from fuzz.oracle import Outcome, judge
from fuzz.reading import of_expression
from fuzz.seeds import make_seeds
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation


def test_every_reader_refuses_tells_or_reads_what_is_there(monkeypatch, capfd):
    """In a process of their own, as some files could end it."""
    monkeypatch.setattr(sys, "argv", ["fuzz", "2000", "--jobs", "1"])
    code = main()
    told = capfd.readouterr()
    assert code == 0, told.out[-8000:] + told.err[-2000:]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    make_seeds(folder)
    return folder


def contents(folder):
    """Return what every plain file of a folder holds."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.resolve() != Path("/dev/zero")
    }


def test_seeds_and_cases_are_the_same_wherever_they_are_made(seeds, tmp_path):
    make_seeds(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(seeds)
    for name, number in (("csv", 3), ("nifti-gz", 8), ("pca", 5), ("labels", 2), ("h5ad-csr", 1)):
        made = []
        for where in ("one", "other"):
            folder = cases.fresh(name, seeds, tmp_path / where)
            made.append((changed(Case(name, number), folder)[1], contents(folder)))
        assert made[0] == made[1]


def test_more_cases_begin_with_the_same_ones():
    few, many = set(cases.cases(500)), set(cases.cases(1000))
    assert few < many
    assert not many & set(cases.cases(1000, seed=1))
    assert {case.kind for case in few} == set(KINDS)


def outcome_of(read, change=None):
    return judge(read, of_expression(regions()), change or Change(""), frozenset())


def raises(error):
    def read():
        raise error

    return read


def swapped_rows():
    """Return the expression with the values of two regions exchanged: a brain silently wrong."""
    expression = regions()
    return replace(expression, values=expression.values[[1, 0, *range(2, 8)]])


def moved(expression):
    """Return the expression with two regions in each other's place."""
    lookup = np.array([0, 2, 1, *range(3, 9)], np.int32)
    labels = lookup[expression.parcellation.labels]
    return replace(expression, parcellation=Parcellation(labels, expression.parcellation.affine))


def renamed(expression, old, new):
    genes = tuple(new if gene == old else gene for gene in expression.genes)
    return replace(expression, genes=genes)


@pytest.mark.parametrize(
    ("read", "change", "name"),
    [
        (lambda: of_expression(regions()), Change(""), "equal"),
        (lambda: of_expression(regions()), Change("", must="refuse"), "wrong"),
        (raises(UserError("t.csv is empty; get it again")), Change(""), "refused"),
        (raises(UserError("t.csv is empty; get it again")), Change("", must="equal"), "wrong"),
        (raises(UserError("")), Change(""), "unclear"),
        (raises(UserError("<Reader object at 0x7f00> failed")), Change(""), "unclear"),
        (raises(KeyError("X")), Change(""), "exception"),
        (lambda: of_expression(swapped_rows()), Change(""), "silent"),
        (lambda: of_expression(swapped_rows()), Change("", VALUES, most=1), "silent"),
        (lambda: of_expression(swapped_rows()), Change("", VALUES), "unseen"),
        (lambda: of_expression(moved(regions())), Change("", VALUES), "silent"),
        (lambda: of_expression(renamed(regions(), "SST", "X")), Change("", renames=True), "unseen"),
        (lambda: of_expression(renamed(regions(), "SST", "X")), Change(""), "silent"),
        (
            lambda: of_expression(replace(swapped_rows(), notes=("Two rows are doubtful",))),
            Change(""),
            "told",
        ),
        (
            lambda: of_expression(replace(swapped_rows(), notes=("t.csv is UTF-16 text",))),
            Change(""),
            "silent",
        ),
    ],
)
def test_what_is_allowed(read, change, name):
    assert outcome_of(read, change).name == name


def test_an_exception_is_told_with_its_place():
    outcome = outcome_of(lambda: regions().paint_all())
    assert outcome.name == "exception"
    assert outcome.where.startswith("AttributeError at ")


def test_time_and_memory_are_bounded(monkeypatch):
    def busy():
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return of_expression(regions())

    def large():
        with mmap.mmap(-1, 100_000_000) as new:  # NumPy may be given memory that is there already
            new[:: mmap.PAGESIZE] = bytes(len(range(0, len(new), mmap.PAGESIZE)))
        return of_expression(regions())

    monkeypatch.setattr("fuzz.oracle.SECONDS", 0.01)
    assert outcome_of(busy).name == "slow"
    monkeypatch.setattr("fuzz.oracle.SECONDS", 60)
    monkeypatch.setattr("fuzz.oracle.BYTES", 50e6)
    if sys.platform == "linux":
        assert outcome_of(large).name == "large"


def die(connection, seeds, work):
    """Do as a worker whose reader ends the process, hangs, or reads."""
    connection.send("ready")
    while True:
        case = connection.recv()
        if case.number == 1:
            os._exit(11)
        while case.number == 2:
            (work / "hangs").touch()
            time.sleep(1)
        connection.send(Outcome("equal"))


@pytest.mark.skipif(sys.platform != "linux", reason="processes start slowly")
def test_a_crash_or_a_hang_is_named_and_the_rest_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_serve", die)
    monkeypatch.setattr(workers, "_PRELOADED", ())
    hangs = tmp_path / "work" / "0" / "hangs"
    clock = SimpleNamespace(monotonic=lambda: 61.0 if hangs.exists() else 0.0)
    monkeypatch.setattr(workers, "time", clock)
    asked = [Case("csv", number) for number in range(5)]
    found = dict(workers.outcomes(asked, tmp_path, tmp_path / "work", 1, tmp_path / "kept"))
    assert [found[case].name for case in asked] == ["equal", "crash", "hang", "equal", "equal"]
    assert "exit code 11" in found[asked[1]].said
