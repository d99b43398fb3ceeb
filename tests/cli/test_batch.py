"""Work that nobody watches: settings in a file, many inputs, progress as JSON, completion."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from commands import REGIONS, refused, run
from napari_compressed_transcriptomics.cli import encode
from napari_compressed_transcriptomics.cli.batch.settings_file import save_config, words_of
from napari_compressed_transcriptomics.cli.command_line import command_parser
from napari_compressed_transcriptomics.repeat.command import Command

PCA = ("--model", "pca", "--latent", "2")


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """Two tables with their atlas in the working folder."""
    monkeypatch.chdir(tmp_path)
    for path in Path(REGIONS).parent.glob("synthetic_regions*"):
        shutil.copy(path, tmp_path)
        if path.suffix in (".csv", ".json") and "labels" not in path.name:
            shutil.copy(path, tmp_path / path.name.replace("synthetic", "other"))
    return ["other_regions.csv", "synthetic_regions.csv"]


# Settings in a file


def test_settings_are_written_and_done(tables, tmp_path, capsys):
    words = ("encode", tables[0], *PCA, "--out", "out", "--held-out", "--folds", "3")
    assert run(*words, "--save-config", "settings.toml") == 0
    assert not Path("out").exists()
    written = tomllib.loads(Path("settings.toml").read_text())
    assert written["command"] == "encode"
    assert written["input"] == [tables[0]]
    assert (written["held-out"], written["folds"], written["fill-missing"]) == (True, 3, False)
    assert "json" not in written
    assert run("run", "settings.toml") == 0
    record = json.loads(Path("out/summary.json").read_text())
    assert record["parameters"]["held_out"]["n_folds"] == 3
    assert record["latent_size"] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("train", "x.csv", "--latent", "2", "--out", "m.safetensors", "--hidden", "8,4"),
        ("compare", "x.csv", "--methods", "pca", "nmf", "--latent", "2", "4", "--out", "d"),
        ("figure", "r", "--what", "rmse", "--mm", "-20", "5.5", "--low", "-0.5", "--no-letters",
         "--no-template", "--own-scales", "--out", "f.svg"),
        ("predict", "-x.csv", "--targets", "t.nii", "--out", "d"),
        ("difference", "a", "b", "--out", "d"),
    ],
)  # fmt: skip
def test_every_command_comes_back_from_its_file(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [words[0], "--save-config", "s.toml", *words[2:], "--", words[1]] if (
        words[1].startswith("-")
    ) else [*words, "--save-config", "s.toml"]  # fmt: skip
    asked = command_parser().parse_args(words)
    save_config(asked)
    again = command_parser().parse_args(words_of(Path("s.toml"), command_parser()))
    different = {
        key
        for key, value in vars(asked).items()
        if key not in ("save_config", "parser") and getattr(again, key) != value
    }
    assert different <= ({"input"} if "-x.csv" in words else set())


def test_the_files_that_docks_write_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = Command(
        "encode",
        (Path('a "b" \\c.csv'), "https://example.org/x.zarr"),
        {
            "model": "pca",
            "latent": 2,
            "held-out": True,
            "buffer": 2.5,
            "seed": None,
            "out": Path("é"),
        },
    )
    Path("s.toml").write_text(command.toml(), "utf-8")
    arguments = command_parser().parse_args(words_of(Path("s.toml"), command_parser()))
    assert arguments.input == ['a "b" \\c.csv', "https://example.org/x.zarr"]
    assert (arguments.buffer, arguments.held_out, arguments.out) == (2.5, True, Path("é"))
    assert vars(arguments) == vars(command_parser().parse_args(command.arguments())) | {
        "parser": arguments.parser
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'command = "encode"\nlatnet = 2',
            "'latnet', which encode does not have; did you mean latent",
        ),
        ('command = "encode"\nheld_out = true', "did you mean held-out?"),
        ('command = "enocde"', "names a command 'enocde'; did you mean encode?"),
        ("command = [1]", "names a command [1]; "),
        ('command = "run"', "names a command 'run'; "),
        ("latent = 2", 'begin it with command = "encode"'),
        ("command = encode", "is not valid TOML"),
        ('command = "encode"\nlatent = "two"', "bad.toml: argument --latent: 'two' is not"),
        ('command = "encode"\nheld-out = "yes"', "held-out is 'yes'; write true or false"),
        ('command = "encode"\nlatent = {k = 2}', "bad.toml: latent cannot be"),
        ('command = "encode"\ninput = ["x.csv"]', "bad.toml: the following arguments are required"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text(text)
    assert says in refused(capsys, "run", "bad.toml")


def test_settings_are_written_to_toml_only(capsys):
    words = ("encode", REGIONS, *PCA, "--out", "d", "--save-config", "x.yaml")
    assert "must end in .toml" in refused(capsys, *words)


# Many inputs


def test_each_input_is_a_piece_of_work(tables, capsys):
    assert run("encode", "*_regions.csv", *PCA, "--out", "results/{name}") == 0
    for table in tables:
        record = json.loads(Path("results", Path(table).stem, "summary.json").read_text())
        assert record["data"] == Path(table).stem
    assert "note: 2 of 2: synthetic_regions.csv" in capsys.readouterr().err


def test_what_cannot_be_is_said_before_any_work(tables, tmp_path, capsys):
    words = (*PCA, "--out", "results/{name}")
    assert "No file matches nothing*.csv" in refused(capsys, "encode", "nothing*.csv", *words)
    (tmp_path / "below").mkdir()
    other = shutil.copy(tables[0], tmp_path / "below")
    assert "are both called other_regions" in refused(capsys, "encode", tables[0], other, *words)
    assert "say {name} in --out" in refused(capsys, "encode", *tables, *PCA, "--out", "results")
    assert not Path("results").exists()


# For programs


def test_progress_notes_and_errors_are_json(tables, capsys):
    assert run("encode", *tables, *PCA, "--out", "r/{name}", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {line["event"] for line in lines} == {"note", "progress"}
    first = next(line for line in lines if line["event"] == "progress")
    assert set(first) == {"event", "stage", "done", "total", "left", "values"}
    assert run("encode", "no.csv", *PCA, "--out", "r", "--json") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["code"] == 2
    assert "no.csv" in json.loads(line)["text"]
    assert "error: " in refused(capsys, "encode", "no.csv", *PCA, "--out", "r")  # for people again


def test_an_end_from_outside_is_json_too(tables, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(encode, "run", interrupted)
    assert run("encode", tables[0], *PCA, "--out", "r", "--json") == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert json.loads(last) == {"event": "end", "text": "interrupted", "code": 130}


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_shells_complete_commands_and_options(shell, capsys):
    assert run("completion", shell) == 0
    script = capsys.readouterr().out
    assert "held-out" in script
    assert "coherence" in script
    if shell == "bash" and shutil.which("bash"):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


# The page on pipelines


def blocks(language: str) -> list[str]:
    """The pieces of the page that are in a language."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "pipelines.md").read_text()
    return [block.removeprefix(language + "\n") for block in page.split("```")[1::2]
            if block.startswith(language + "\n")]  # fmt: skip


def as_on_the_page(table):
    """Move a table, its atlas and its names to where the page has them."""
    Path("tables").mkdir()
    shutil.move(table, "tables")
    shutil.move("synthetic_regions_atlas.nii.gz", "atlas.nii.gz")
    shutil.move("synthetic_regions_labels.csv", "labels.csv")


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_the_pages_make_file_runs(tables):
    as_on_the_page(tables[0])
    (makefile,) = blocks("make")
    Path("Makefile").write_text(makefile)
    dry = ["make", "--dry-run", "--no-print-directory", "CT=ct"]  # this may run within make
    asked = subprocess.run(dry, capture_output=True, text=True)
    for line in asked.stdout.replace("\\\n", "").splitlines():
        program, *words = shlex.split(line)
        assert program == "ct"  # and nothing is removed
        assert run(*words) == 0
    assert Path("results/other_regions/report.html").stat().st_size > 10_000
    assert Path("results/other_regions/summary.json").exists()
    again = subprocess.run(["make", "CT=false"], capture_output=True, text=True)
    assert "Nothing to be done" in again.stdout


@pytest.mark.skipif(shutil.which("snakemake") is None, reason="Snakemake is not installed")
def test_the_pages_snakefile_runs(tables, tmp_path, monkeypatch):
    as_on_the_page(tables[0])
    (snakefile,) = blocks("python")
    Path("Snakefile").write_text(snakefile)
    program = tmp_path / "bin" / "compressed-transcriptomics"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m napari_compressed_transcriptomics.cli "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    snakemake = ["snakemake", "--cores", "1", "--nocolor"]
    done = subprocess.run(snakemake, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path("results/other_regions/report.html").stat().st_size > 10_000
    again = subprocess.run(snakemake, capture_output=True, text=True)
    assert "Nothing to be done" in again.stderr + again.stdout


def test_the_pages_settings_are_those_of_the_command(tmp_path):
    (settings,) = blocks("toml")
    path = tmp_path / "s.toml"
    path.write_text(settings)
    arguments = command_parser().parse_args(words_of(path, command_parser()))
    assert (arguments.model, arguments.latent, arguments.held_out) == ("pca", 8, True)
