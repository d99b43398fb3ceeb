"""Ctrl-C, SIGTERM and SIGHUP: what is done is kept, and commands end, with their exit code."""

import os
import signal
import subprocess
import sys

import pytest

from commands import REGIONS, files_below, run
from napari_compressed_transcriptomics.cli import encode, signals
from napari_compressed_transcriptomics.io.writers.results import RESULT_FILES

ENCODE = ("encode", REGIONS, "--model", "pca", "--latent", 2, "--out")
N_FILES = len(RESULT_FILES)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_other_signals_end_as_ctrl_c_does(name, code, tmp_path, monkeypatch, capsys):
    def ended(request):
        (tmp_path / "unfinished").write_text("")
        try:
            signal.raise_signal(getattr(signal, name))
        finally:
            (tmp_path / "unfinished").unlink()

    monkeypatch.setattr(encode, "compress_and_tell", ended)
    before = signal.getsignal(getattr(signal, name))
    signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        assert run(*ENCODE, tmp_path / "out") == code
        assert signal.getsignal(getattr(signal, name)) == signal.SIG_DFL
    finally:
        signal.signal(getattr(signal, name), before)
    assert capsys.readouterr().err == f"compressed-transcriptomics: ended by {name}\n"
    assert files_below(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_sigterm_lets_the_work_at_hand_be_saved(monkeypatch, capfd):
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with signals.all_interrupt(), signals.first_interrupt() as asked:
            assert not asked()
            signal.raise_signal(signal.SIGTERM)
            assert asked()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert signals.how_ended() == (143, "ended by SIGTERM")
    assert "saving the best so far" in capfd.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_the_exit_code_of_an_end_within_code_that_is_text(name, code, tmp_path):
    """As named tuples and dataclasses are made of: Python would end by SIGINT, whatever it was."""
    (tmp_path / "struck.py").write_text(
        "import signal\n"
        "from napari_compressed_transcriptomics.cli import command_line, info\n"
        "def struck(*_):\n"
        f"    exec('signal.raise_signal(signal.{name})', {{'signal': signal}})\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "info.run = struck\n"
        f"raise SystemExit(command_line.main(['info', {str(REGIONS)!r}]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "struck"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == code
    assert len(ended.stderr.splitlines()) == 1


def test_a_thread_that_waits_for_a_server_does_not_hold_up_the_end(tmp_path):
    (tmp_path / "held_up.py").write_text(
        "import sys, threading\n"
        "from napari_compressed_transcriptomics.cli import info, main, signals\n"
        "def wait(arguments):\n"
        "    threading.Thread(target=threading.Event().wait).start()\n"
        "    raise KeyboardInterrupt\n"
        "info.run, signals.SECONDS_TO_END = wait, 0.1\n"
        f"sys.argv[1:] = ['info', {str(REGIONS)!r}]\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, tmp_path / "held_up.py"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (130, 1)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("setting", ["handler", "default"])
def test_a_signal_while_its_handler_is_set_and_set_back(setting, monkeypatch, capsys):
    real, usual = signal.signal, signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def struck(number, handler):
        if setting == "handler" and callable(handler):
            real(number, handler)
        if callable(handler) == (setting == "handler") and number == signal.SIGTERM:
            monkeypatch.undo()
            signal.raise_signal(number)
        return real(number, handler)

    monkeypatch.setattr(signal, "signal", struck)
    try:
        assert run("info", REGIONS) == 143
    finally:
        signal.signal(signal.SIGTERM, usual)
    assert capsys.readouterr().err == "compressed-transcriptomics: ended by SIGTERM\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_signals_wait_for_the_end_of_an_import(name, code):
    """C++ code of PyTorch ends Python by SIGABRT where an exception comes out of its import."""
    before, imported = signal.signal(signal.SIGTERM, signal.SIG_DFL), []

    def import_meanwhile():
        with signals.all_interrupt(), signals.held_back():
            signal.raise_signal(getattr(signal, name))
            imported.append("torch")

    try:
        with pytest.raises(KeyboardInterrupt):
            import_meanwhile()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert imported == ["torch"]
    assert signals.how_ended()[0] == code
