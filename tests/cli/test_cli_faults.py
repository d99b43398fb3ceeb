"""What the command line says and leaves where its surroundings fail, or it does itself."""

import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from commands import REGIONS, files_below, refused, run
from napari_compressed_transcriptomics.cli import info, streams
from napari_compressed_transcriptomics.core import fault_report, memory
from napari_compressed_transcriptomics.io.writers.results import RESULT_FILES

ENCODE = ("encode", REGIONS, "--model", "pca", "--latent", 2, "--out")
N_FILES = len(RESULT_FILES)


@pytest.fixture
def fails(monkeypatch, tmp_path):
    """Give a function that lets `info` end with an exception; reports go to ``logs``."""
    monkeypatch.setattr(fault_report, "_folders", lambda: [tmp_path / "logs"])

    def with_(error):
        def broken(*_):
            raise error

        monkeypatch.setattr(info, "run", broken)

    return with_


def test_what_nobody_foresaw_is_one_line_and_a_report(fails, tmp_path, capsys):
    fails(KeyError("a\x1bgene\nof two lines"))
    assert run("info", REGIONS) == 70
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("compressed-transcriptomics: error: unexpected error: KeyError: ")
    assert line.isprintable()
    (report,) = (tmp_path / "logs").iterdir()
    assert line.endswith(f"a full report is in {report}")
    text = report.read_text()
    for part in (
        "Traceback",
        "KeyError",
        "in broken",
        f"arguments: ['info', '{REGIONS}']",
        "numpy",
    ):
        assert part in text


def test_a_report_that_can_be_written_nowhere(fails, monkeypatch, tmp_path, capsys):
    fails(RuntimeError("odd"))
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(fault_report, "_folders", lambda: [tmp_path / "file" / "logs"])
    assert run("info", REGIONS) == 70
    assert capsys.readouterr().err.endswith("odd; a full report could not be written\n")


def test_what_becomes_of_requests_after_the_end_is_not_said(fails, capfd, monkeypatch):
    fails(KeyError("gene"))
    run("info", REGIONS)
    capfd.readouterr()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's
    logging.getLogger("asyncio").error("Task was destroyed but it is pending!")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(36, "File name too long", "/x/yyy"), "/x/yyy cannot be used (File name too long)"),
        (OSError(28, "No space left on device"), "refused (No space left on device)"),
        (MemoryError("Unable to allocate 3.66 GiB"), "memory (Unable to allocate 3.66 GiB)"),
        (MemoryError(), "memory (MemoryError)"),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), "libtorch_cpu"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "memory"),
        (OSError(12, "Cannot allocate memory"), "not enough memory"),
    ],
    ids=str,
)
def test_surroundings_that_fail_are_one_sentence(error, says, fails, tmp_path, capsys):
    fails(error)
    assert says in refused(capsys, "info", REGIONS)
    assert not (tmp_path / "logs").exists()


def test_a_library_that_fails_as_memory_does(fails, capsys):
    error = ImportError("numpy could not be imported")
    error.__cause__ = ImportError("libopenblas.so: failed to map segment from shared object")
    fails(error)
    assert "libopenblas.so" in refused(capsys, "info", REGIONS)


def test_names_that_the_system_cannot_have(fails, monkeypatch, capsys):
    fails(UnicodeEncodeError("ascii", "/x/tàble.csv", 4, 5, "ordinal not in range(128)"))
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    assert "set the environment variable PYTHONUTF8" in refused(capsys, "info", REGIONS)


def test_ctrl_c_that_a_library_turns_into_its_own_error(fails, capsys):
    error = ImportError("initialization failed")
    error.__context__ = KeyboardInterrupt()
    fails(error)
    assert run("info", REGIONS) == 130
    assert capsys.readouterr().err == "compressed-transcriptomics: interrupted\n"


def test_warnings_are_notes_once_each(monkeypatch, tmp_path, capsys):
    def warns(*_):
        for _ in range(3):
            warnings.warn("an overflow\x1b", RuntimeWarning, stacklevel=1)
        raise ValueError("odd")

    monkeypatch.setattr(fault_report, "_folders", lambda: [tmp_path])
    monkeypatch.setattr(info, "run", warns)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run("info", REGIONS) == 70
    first, last = capsys.readouterr().err.splitlines()
    assert first == "note: an overflow\\x1b"
    assert "odd" in last
    assert "RuntimeWarning" in next(tmp_path.iterdir()).read_text()


def test_what_libraries_log_is_a_note(monkeypatch, capsys):
    def logs(*_):
        for _ in range(2):
            logger.warning("no folder for %s", "fonts")

    logger = logging.getLogger("a library")
    monkeypatch.setattr(logger, "propagate", False)  # else pytest listens
    monkeypatch.setattr(info, "run", logs)
    assert run("info", REGIONS) == 0
    assert capsys.readouterr().err == "note: no folder for fonts\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("encode", "--model", "pca", "--seed", 10**30), "--seed: '1000"),
        (("encode", "--model", "pca", "--seed", 2**32), "from 0 to 4,294,967,295"),
        (("encode", "--model", "pca", "--latent", "9" * 9000), "from 1 to 100,000"),
        (("encode", "--model", "pca", "--latent", "²"), "'²' is not"),
        (("encode", "--model", "pca", "--latent", "٣"), "'٣' is not"),
        (("encode", "--model", "pca", "--latent", "1\x1b[2J"), "'1\\x1b[2J' is not"),
        (("compare", "--jobs", 5000), "from 1 to 1,000"),
        (("compare", "--folds", 10**9), "from 2 to 1,000"),
        (("predict", "--targets", "t.csv", "--repeats", 10**9), "from 1 to 1,000"),
        (("predict", "--targets", "t.csv", "--surrogates", 10**12), "from 0 to 1,000,000"),
        (("coherence", "--permutations", 10**12), "from 19 to 1,000,000"),
    ],
    ids=lambda given: str(given)[:60],
)
def test_numbers_have_a_range(options, says, tmp_path, capsys):
    command, *more = options
    said = refused(capsys, command, REGIONS, *more, "--out", tmp_path / "out")
    assert says in said
    assert len(said) < 600


def test_a_working_folder_that_is_gone(tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    try:
        gone.rmdir()
    except OSError:
        pytest.skip("this system keeps folders in use")
    assert "The working folder cannot be used" in refused(capsys, *ENCODE, "out")


def test_an_address_space_that_does_not_hold_the_program(monkeypatch, capsys):
    monkeypatch.setattr(memory, "_address_space", lambda: 700 * 10**6)
    assert "limited to 0.7 GB of address space" in refused(capsys, "info", REGIONS)


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is full")
def test_files_are_complete_where_standard_output_is_full(tmp_path, monkeypatch, capsys):
    with open(FULL, "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run(*ENCODE, tmp_path) == 2
    assert "Standard output cannot be written" in capsys.readouterr().err
    assert len(files_below(tmp_path)) == N_FILES


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is full")
def test_notes_that_cannot_be_said_end_no_work(tmp_path, monkeypatch):
    with open(FULL, "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        streams.say("something")
        assert run(*ENCODE, tmp_path) == 0
    assert len(files_below(tmp_path)) == N_FILES


def test_a_reader_that_went_away_is_nobodys_fault(monkeypatch, capfd):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        assert run("--version") == 141
    assert capfd.readouterr().err == ""


def test_names_that_standard_output_cannot_write(tmp_path, monkeypatch):
    with open(tmp_path / "said", "w", encoding="ascii") as ascii_only:
        monkeypatch.setattr(sys, "stdout", ascii_only)
        assert run(*ENCODE, tmp_path / "äß\udcff") == 0
    assert b"\\xe4\\xdf\\udcff" in (tmp_path / "said").read_bytes()


def started(*arguments, **given):
    """Start a command in a process of its own."""
    command = "import sys; from napari_compressed_transcriptomics.cli import main; sys.exit(main())"
    return subprocess.Popen([sys.executable, "-c", command, *map(str, arguments)], **given)


@pytest.mark.skipif(os.name != "posix", reason="closes streams as a POSIX shell does")
def test_closed_streams_take_no_file_of_the_results(tmp_path):
    def close():
        os.close(1)
        os.close(2)

    assert started("info", REGIONS, preexec_fn=close).wait(200) == 0
    assert started("info", "nowhere.csv", preexec_fn=close).wait(200) == 2


def test_a_closed_stream_is_replaced(monkeypatch):
    """Its number would go to the next file that is opened, and get what is printed."""
    kept = os.dup(1)
    monkeypatch.setattr(sys, "stdout", None)
    try:
        os.close(1)
        streams.make_safe()
        assert sys.stdout.fileno() == 1
        print("to nobody")
        assert streams.output_problem() is None
        sys.stdout.close()
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def test_torch_that_cannot_be_loaded(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    line = refused(capsys, *ENCODE, tmp_path / "out")
    assert "torch is not installed: run pip install torch" in line
    assert not (tmp_path / "out").exists()
