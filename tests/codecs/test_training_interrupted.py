"""Training that is stopped, killed, resumed, or loses its numbers."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_compressed_transcriptomics.codecs.recipes import TrainRequest, train_codec
from napari_compressed_transcriptomics.codecs.training import trainer
from napari_compressed_transcriptomics.codecs.training.checkpoints import (
    checkpoint_files,
    remove_checkpoints,
)
from napari_compressed_transcriptomics.core.progress import Cancelled, Stop, silent, stopping
from napari_compressed_transcriptomics.io.files.safetensors_file import (
    digest,
    read_safetensors,
    write_safetensors,
)
from small import same
from trained import DATA, leave_after, losses, without_files

pytestmark = pytest.mark.usefixtures("one_thread")


def test_stop_keeps_the_best_epoch_so_far(request_):
    whole, _, _ = losses(without_files(request_))
    seen, messages, codec = losses(without_files(request_), lambda seen: 5 in seen)
    record = codec.training
    assert record["ended"] == "stopped"
    assert record["epochs"] == 5
    assert "stopped" in messages[-1]
    best = min(range(1, 6), key=lambda epoch: whole[epoch]["validation"])
    assert record["best_epoch"] == best
    assert record["validation_rmse"] == whole[best]["validation"]
    assert {epoch: seen[epoch] for epoch in range(1, 6)} == {
        epoch: whole[epoch] for epoch in range(1, 6)
    }
    assert np.isfinite(codec.encode(DATA.values)).all()


def test_stop_before_there_is_anything_to_keep_cancels(request_):
    with pytest.raises(Stop):
        train_codec(without_files(request_), stopping(silent, lambda: True))
    with pytest.raises(Stop):  # and work that keeps nothing
        train_codec(TrainRequest(DATA, 2, codec="pca"), stopping(silent, lambda: True))


def test_stop_at_the_very_end_loses_nothing(request_):
    expected = losses(without_files(request_))[2]
    last = []
    report = stopping(last.append, lambda: last[-1].done == 12)
    codec = train_codec(without_files(request_), report)
    same(codec, expected)


@pytest.mark.parametrize("settings", [{}, {"validation": "blocks"}, {"patience": 3}])
def test_resuming_gives_what_would_have_been(request_, always, settings):
    request_ = replace(request_, **settings)
    whole, _, expected = losses(without_files(request_))
    leave_after(request_, 4)
    assert len(checkpoint_files(request_.checkpoint)) == 2
    resumed, messages, codec = losses(replace(request_, resume=True))
    assert resumed == whole  # bit by bit, the epochs before the interruption included
    assert messages == []
    same(codec, expected)
    assert codec.training["best_epoch"] == expected.training["best_epoch"]
    remove_checkpoints(request_.checkpoint)
    assert list(request_.checkpoint.parent.iterdir()) == []


def test_the_default_recipe_stops_and_resumes(request_, always):
    request_ = replace(request_, codec=None, hidden_sizes=None, max_epochs=14)
    whole, _, expected = losses(without_files(request_))
    leave_after(request_, 6)
    resumed, _, codec = losses(replace(request_, resume=True))
    assert 14 in resumed
    assert resumed == {epoch: whole[epoch] for epoch in resumed}
    same(codec, expected)
    stopped = losses(without_files(request_), lambda seen: 6 in seen)[2]
    assert stopped.training["ended"] == "stopped"
    assert stopped.training["epochs"] == 6
    assert codec.training["recipe"] == "residual"


def test_checkpoints_with_the_older_name_of_a_recipe_are_resumed(request_, always):
    request_ = replace(request_, codec=None, hidden_sizes=None)
    leave_after(request_, 3)
    for file in checkpoint_files(request_.checkpoint):
        metadata, arrays = read_safetensors(file)
        assert '"recipe": "residual"' in metadata["about"]
        metadata["about"] = metadata["about"].replace('"recipe": "residual"', '"recipe": "default"')
        metadata["sha256"] = digest(metadata, arrays)
        write_safetensors(file, metadata, arrays)
    resumed, *_ = losses(replace(request_, resume=True))
    assert min(resumed) > 1


def test_resuming_again_and_again(request_, always):
    whole, _, expected = losses(without_files(request_))
    leave_after(request_, 2)
    for epoch in (4, 7, 11):
        leave_after(replace(request_, resume=True), epoch)
    resumed, _, codec = losses(replace(request_, resume=True))
    assert resumed == whole
    same(codec, expected)


SCRIPT = """
import json, os, sys, torch._dynamo
sys.path.insert(0, {tests!r})
torch.set_num_threads(1)
from pathlib import Path
from napari_compressed_transcriptomics.codecs.training import checkpoints
from napari_compressed_transcriptomics.codecs.recipes import TrainRequest, train_codec
from small import small_expression
checkpoints.SECONDS_BETWEEN_SNAPSHOTS, checkpoints.TIME_FOR_SNAPSHOTS = 0, float("inf")
child = os.fork()  # all is loaded once
if child:
    os.waitpid(child, 0)
    print("killed", flush=True)
    last = int(input())
else:
    print(os.getpid(), flush=True)
request = TrainRequest(
    small_expression(n_samples=60, n_genes=40), 2, codec="autoencoder", hidden_sizes=(16, 8),
    max_epochs=4000, patience=3999, checkpoint=Path({model!r}), resume=child > 0,
)
def tell(progress):
    if progress.values:
        print(json.dumps([progress.stage, progress.done, progress.values]), flush=True)
    if progress.stage == "Training" and child and progress.done >= last:
        sys.exit()
train_codec(request, tell)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_killed_without_warning(request_):
    """SIGKILL at any moment, as power loss would; the losses go on as if nothing had been."""
    model = request_.checkpoint
    script = SCRIPT.format(tests=str(Path(__file__).parents[1]), model=str(model))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", script], **pipes, text=True)
    child = int(process.stdout.readline())
    for line in process.stdout:
        if json.loads(line)[1] >= 40 and len(checkpoint_files(model)) == 2:
            break
    time.sleep(0.013)
    os.kill(child, signal.SIGKILL)
    rest = list(iter(process.stdout.readline, "killed\n"))
    reached = json.loads(rest[-2])[1] if len(rest) > 1 else 40  # the last line may be cut
    said, _ = process.communicate(f"{reached + 20}\n")
    assert process.returncode == 0
    lines = [json.loads(line) for line in said.splitlines()]
    resumed = {epoch: values for _, epoch, values in lines}
    before = [epoch for stage, epoch, _ in lines if stage == "Resuming"]
    assert before == list(range(1, len(before) + 1))
    assert len(before) > 10

    whole = {}

    def keep(progress):
        if progress.values:
            whole.setdefault(progress.done, progress.values)
        if progress.done > reached + 20 and progress.stage == "Training":
            raise Cancelled

    with pytest.raises(Cancelled):
        train_codec(replace(without_files(request_), max_epochs=4000, patience=3999), keep)
    assert max(resumed) >= reached + 20 > max(before)
    assert resumed == {epoch: whole[epoch] for epoch in resumed}


def test_a_checkpoint_that_cannot_be_written_does_not_end_training(request_, always, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    seen, messages, _ = losses(request_)
    assert set(range(1, 13)) <= set(seen)
    assert "No checkpoint" in messages[0]
    assert "No space left" in messages[0]
    assert list(request_.checkpoint.parent.iterdir()) == []


def test_an_error_that_is_no_number_keeps_the_last_good_model(request_, monkeypatch):
    whole, _, _ = losses(without_files(request_))
    step = trainer.Trainer.step
    steps = iter(range(1000))

    def spoil(self, rows, rate):
        if next(steps) == 10:  # in epoch 4: 54 rows in batches of 16 are three a step
            self.network.encoder.output.weight.data.fill_(torch.nan)
        return step(self, rows, rate)

    monkeypatch.setattr(trainer.Trainer, "step", spoil)
    _, messages, codec = losses(without_files(request_))
    assert codec.training["ended"] == "no number"
    assert codec.training["epochs"] == 3
    assert "epoch 4" in messages[-1]
    best = codec.training["best_epoch"]
    assert codec.training["validation_rmse"] == whole[best]["validation"]
    assert all(np.isfinite(tensor).all() for tensor in codec.tensors().values())


def test_resumed_training_computes_with_as_many_threads(request_, always):
    whole, _, _ = losses(without_files(request_))
    leave_after(request_, 5)
    torch.set_num_threads(2)  # the fixture puts one back
    used = set()

    def threads(seen):
        used.add(torch.get_num_threads())
        return False

    seen, messages, _ = losses(replace(request_, resume=True), threads)
    assert "goes on with 1 threads, as it began, not with 2" in messages[0]
    assert used - {2} == {1}  # two only before it began
    assert torch.get_num_threads() == 2
    assert {epoch: seen[epoch] for epoch in range(6, 13)} == {
        epoch: whole[epoch] for epoch in range(6, 13)
    }


def test_resumed_elsewhere_is_told(request_, always, monkeypatch):
    from napari_compressed_transcriptomics.codecs.training import checkpoints

    leave_after(request_, 5)
    here = checkpoints.circumstances("cpu")
    monkeypatch.setattr(checkpoints, "circumstances", lambda device: here | {"PyTorch": "9.9"})
    _, messages, _ = losses(replace(request_, resume=True))
    assert "last digits" in messages[0]
    assert f"PyTorch {torch.__version__}, now 9.9" in messages[0]


def test_checkpoints_of_the_same_moment_are_the_same_files(request_, always, tmp_path):
    other = replace(request_, checkpoint=tmp_path / "other.safetensors")
    for request in (request_, other):
        leave_after(request, 3)
    one, two = (
        [file.read_bytes() for file in checkpoint_files(request.checkpoint)]
        for request in (request_, other)
    )
    assert one == two
