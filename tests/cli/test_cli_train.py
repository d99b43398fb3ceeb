"""`train` from end to end: recipes, Ctrl-C, checkpoints."""

import signal

import numpy as np
import pytest

from commands import REGIONS
from napari_compressed_transcriptomics.cli import command_line
from napari_compressed_transcriptomics.codecs.models.model_file import load_model
from napari_compressed_transcriptomics.codecs.training import loop, trainer

pytestmark = pytest.mark.usefixtures("one_thread")


def train(out, *more, recipe=("--codec", "autoencoder"), epochs=8):
    given = ["train", REGIONS, "--latent", 2, "--hidden", "16,8", "--epochs", epochs, "--out", out]
    return command_line.main([str(word) for word in (*given, *recipe, *more)])


def at_step(monkeypatch, number, do):
    """Do something at the start of a step; an epoch of these data has three."""
    step, steps = trainer.Trainer.step, iter(range(1000))

    def spied(self, rows, rate):
        if next(steps) == number:
            do()
        return step(self, rows, rate)

    monkeypatch.setattr(trainer.Trainer, "step", spied)


def interrupt():
    signal.raise_signal(signal.SIGINT)


def test_published_recipe(tmp_path, capsys):
    assert train(tmp_path / "m.safetensors", recipe=("--recipe", "autoencoder")) == 0
    record = load_model(tmp_path / "m.safetensors").training
    assert record["recipe"] == "autoencoder"
    assert record["settings"]["batch_size"] == 54  # all there are of 128
    assert "held-out RMSE" in capsys.readouterr().out


def test_default_recipe(tmp_path):
    assert train(tmp_path / "m.safetensors", "--validation", "blocks", recipe=()) == 0
    assert load_model(tmp_path / "m.safetensors").training["recipe"] == "residual"


def test_ctrl_c_saves_the_best_so_far(tmp_path, monkeypatch, capsys):
    out = tmp_path / "m.safetensors"
    at_step(monkeypatch, 13, interrupt)
    handler = signal.getsignal(signal.SIGINT)
    assert train(out, epochs=100) == 130
    assert signal.getsignal(signal.SIGINT) is handler
    record = load_model(out).training
    assert record["ended"] == "stopped"
    assert record["epochs"] < 10
    said = capsys.readouterr()
    assert str(out) in said.out
    assert "the best epoch" in said.err
    assert said.err.endswith("interrupted\n")


def test_ctrl_c_twice_leaves_at_once(tmp_path, monkeypatch):
    def twice():
        interrupt()
        interrupt()

    at_step(monkeypatch, 13, twice)
    assert train(tmp_path / "m.safetensors") == 130
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_before_the_first_epoch_saves_nothing(tmp_path, monkeypatch):
    at_step(monkeypatch, 0, interrupt)
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_REPORTS", -1)
    assert train(tmp_path / "m.safetensors") == 130
    assert list(tmp_path.iterdir()) == []


def test_resume_after_a_crash(tmp_path, always, monkeypatch, capsys):
    whole, out = tmp_path / "whole.safetensors", tmp_path / "m.safetensors"
    assert train(whole) == 0
    with monkeypatch.context() as patched:
        at_step(patched, 13, lambda: 1 / 0)
        assert train(out) == 70
    files = {f"{out.name}.checkpoint-{slot}" for slot in "AB"}
    assert {path.name for path in tmp_path.iterdir()} == {whole.name, *files}
    capsys.readouterr()
    assert train(out) == 2
    assert "--resume" in capsys.readouterr().err
    assert train(out, "--resume", "--seed", 3) == 2
    assert "seed 0, now 3" in capsys.readouterr().err
    assert train(out, "--resume") == 0
    assert {path.name for path in tmp_path.iterdir()} == {whole.name, out.name}
    one, other = load_model(whole), load_model(out)
    assert one.training == other.training
    for name, tensor in one.tensors().items():
        np.testing.assert_array_equal(tensor, other.tensors()[name], err_msg=name)
    assert train(out, "--resume") == 2
    assert "no checkpoint" in capsys.readouterr().err


def test_checkpoints_elsewhere(tmp_path, always, monkeypatch):
    at_step(monkeypatch, 13, interrupt)
    elsewhere = tmp_path / "elsewhere"
    assert train(tmp_path / "m.safetensors", "--checkpoint", elsewhere) == 130
    assert len(list(elsewhere.iterdir())) == 2


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--recipe", "secret"), "secret"),
        (("--hidden", "8,x"), "'x'"),
        (("--batch", 1), "whole number from 2"),
        (("--learning-rate", 0), "learning rate"),
        (("--learning-rate", "nan"), "learning rate of nan"),
        (("--codec", "autoencoder", "--hidden", "900000,90000"), "choose fewer hidden units"),
        (("--epochs", 10**30), "at most 1,000,000"),
        (("--seed", 10**30), "seed"),
        (("--batch", "٣"), "whole number from 2"),
        (("--validation", "luck"), "luck"),
        (("--resume",), "no checkpoint"),
    ],
)
def test_settings_that_are_none(tmp_path, capsys, more, says):
    try:
        code = train(tmp_path / "m.safetensors", *more)
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
