"""Checkpoints that are damaged, of other training, or written by someone else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from napari_compressed_transcriptomics.codecs.training.checkpoints import checkpoint_files
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.safetensors_file import (
    digest,
    read_safetensors,
    write_safetensors,
)
from small import named, same
from trained import DATA, leave_after, losses, newest_and_other, without_files

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_newest_checkpoint_falls_back_by_one(request_, always, damage):
    whole, _, expected = losses(without_files(request_))
    leave_after(request_, 6)
    newest, _ = newest_and_other(request_)
    content = bytearray(newest.read_bytes())
    content[-100] ^= 1
    damaged = {"flip": content, "cut": content[:-500], "empty": b""}[damage]
    newest.write_bytes(damaged)
    resumed, messages, codec = losses(replace(request_, resume=True))
    assert resumed == whole
    same(codec, expected)
    assert len(messages) == 1
    assert newest.name in messages[0]
    assert "went on from epoch 5" in messages[0]


def test_only_damaged_checkpoints(request_, always):
    leave_after(request_, 6)
    for file in checkpoint_files(request_.checkpoint):
        file.write_bytes(b"x" * 100)
    with pytest.raises(UserError, match=r"delete model\.safetensors\.checkpoint-A and"):
        losses(replace(request_, resume=True))


def test_other_training_is_refused_and_named(request_, always):
    leave_after(request_, 3)
    before = {file: file.read_bytes() for file in checkpoint_files(request_.checkpoint)}
    again = replace(request_, resume=True)
    values = DATA.values.copy()
    values[3, 4] += 1e-4
    renamed = replace(DATA, genes=(*DATA.genes[:-1], "OTHER"))
    for other, says in (
        (replace(again, expression=named(values)), "other data"),
        (replace(again, expression=renamed), "other genes"),
        (replace(again, latent_size=3), "latent size 2, now 3"),
        (replace(again, seed=1), "seed 0, now 1"),
        (replace(again, learning_rate=0.1), "learning_rate None, now 0.1"),
        (request_, "unfinished training"),  # and it is not overwritten either
        (replace(again, checkpoint=Path("nowhere/m.safetensors")), "no checkpoint"),
    ):
        with pytest.raises(UserError, match=says):
            losses(other)
    assert before == {file: file.read_bytes() for file in checkpoint_files(request_.checkpoint)}


def cut(tensors, name):
    return tensors | {name: tensors[name].flatten()[:-1]}


@pytest.mark.parametrize("codec", ["autoencoder", "residual"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tensors, state: (cut(tensors, "optimizer.1.exp_avg"), state), "optimiser"),
        (lambda tensors, state: (cut(tensors, "random"), state), "random state"),
        (lambda tensors, state: (tensors | {"best.other": torch.zeros(1)}, state), "network"),
        (lambda tensors, state: (tensors, {"epoch": state["epoch"]}), "how far"),
        (
            lambda tensors, state: (
                tensors,
                {
                    name: value if name == "epoch" else "<script>"
                    for name, value in (state | {"network": ""}).items()
                },
            ),
            "how far",
        ),
    ],
    ids=["moment cut", "random state cut", "weights too many", "state missing", "state of text"],
)
def test_whole_checkpoints_that_make_no_sense(request_, always, codec, change, words):
    """Their hash is right. PyTorch would write beyond a moment that is cut short."""
    request_ = replace(request_, codec=codec, hidden_sizes=(16, 8))
    leave_after(request_, 4)
    settings = replace(request_, resume=True)
    for file in checkpoint_files(request_.checkpoint):
        metadata, arrays = read_safetensors(file)
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        tensors, state = change(tensors, json.loads(metadata["state"]))
        changed = {name: tensor.numpy() for name, tensor in tensors.items()}
        metadata |= {"state": json.dumps(state)}
        del metadata["sha256"]
        metadata["sha256"] = digest(metadata, changed)
        write_safetensors(file, metadata, changed)
    with pytest.raises(UserError, match=words):
        losses(settings)


def test_checkpoints_hold_no_pickle(request_, always):
    from safetensors import safe_open

    leave_after(request_, 3)
    for file in checkpoint_files(request_.checkpoint):
        with safe_open(file, "numpy") as opened:
            assert "random" in opened.keys()  # noqa: SIM118
