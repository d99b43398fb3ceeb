"""Training in lower precision, and on devices that fail or run out of memory."""

import numpy as np
import pytest
import torch

from napari_compressed_transcriptomics.codecs.codec import Fitting
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.training import loop, trainer
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Cancelled, silent
from small import same, small_expression

DATA = small_expression(n_samples=60, n_genes=40)


pytestmark = pytest.mark.usefixtures("one_thread")


def fit(**settings):
    from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder

    messages = []
    device = settings.pop("device", "cpu")

    def report(progress):
        if progress.message:
            messages.append(progress.message)

    fitting = Fitting(DATA, 2, device=device, max_epochs=12, report=report)
    codec = Autoencoder._fit(fitting, hidden_sizes=(16, 8), **settings)
    return codec, messages


def test_lower_precision_learns_as_well():
    full, _ = fit()
    lower, messages = fit(precision="bfloat16")
    assert messages == []
    assert lower.training["precision"] == "bfloat16"
    assert lower.training["validation_rmse"] == pytest.approx(
        full.training["validation_rmse"], rel=0.1
    )
    assert all(tensor.dtype != np.float16 for tensor in lower.tensors().values())


def test_overflow_in_lower_precision_goes_on_in_float32(monkeypatch):
    full, _ = fit()
    step = trainer.Trainer.step

    def overflow(self, rows, rate):
        error = step(self, rows, rate)
        return error * torch.inf if self.precision != "float32" else error

    monkeypatch.setattr(trainer.Trainer, "step", overflow)
    codec, messages = fit(precision="bfloat16")
    assert len(messages) == 1
    assert "went on in float32" in messages[0]
    assert codec.training["precision"] == "float32"
    assert codec.training["ended"] == "epochs"
    same(codec, full)  # from the start: nothing of the spoilt epoch is left


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "memory ran out"),
        (RuntimeError("device-side assert\ntriggered"), "device-side assert"),
    ],
)
def test_a_device_that_fails_hands_over_to_the_cpu(monkeypatch, error, says):
    full, _ = fit()
    step = trainer.Trainer.step
    steps = iter(range(1000))

    def fail(self, rows, rate):
        if next(steps) == 10:
            raise error
        return step(self, rows, rate)

    monkeypatch.setattr(trainer.Trainer, "step", fail)
    codec, messages = fit(device="cpu:0")  # counts as another device, computes like the CPU
    assert len(messages) == 1
    assert says in messages[0]
    assert "went on with the CPU" in messages[0]
    same(codec, full)


def test_a_device_that_cannot_be_used_at_all(monkeypatch):
    full, _ = fit()
    place = trainer.Trainer.place

    def fail(self, device, *more):
        if device != "cpu":
            raise RuntimeError("no kernel image is available")
        place(self, device, *more)

    monkeypatch.setattr(trainer.Trainer, "place", fail)
    codec, messages = fit(device="cpu:0")
    assert "no kernel image" in messages[0]
    same(codec, full)


def test_data_leaves_a_device_that_is_short_of_memory(monkeypatch):
    from napari_compressed_transcriptomics.codecs.training import rows

    monkeypatch.setattr(rows, "free_bytes", lambda device: 10**9)
    full, _ = fit()
    step = trainer.Trainer.step
    steps, resides = iter(range(1000)), []

    def fail(self, rows, rate):
        resides.append(self.data_resides)
        if next(steps) == 10:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step(self, rows, rate)

    monkeypatch.setattr(trainer.Trainer, "step", fail)
    codec, messages = fit(device="cpu:0")
    assert "with the data outside it" in messages[0]
    assert all(resides[:11])
    assert not any(resides[11:])
    assert codec.training["device"] == "cpu:0"
    same(codec, full)


def test_memory_that_runs_out_on_the_cpu_is_told(monkeypatch):
    def fail(self, rows, rate):
        raise MemoryError

    monkeypatch.setattr(trainer.Trainer, "step", fail)
    with pytest.raises(UserError, match=r"are available; choose fewer hidden units, smaller batch"):
        fit_codec("autoencoder", DATA, 2, device="cpu", max_epochs=2)


@pytest.mark.parametrize("said", ["CUDA out of memory", "no kernel image\nmore"])
def test_the_residual_autoencoder_trains_on_the_cpu_where_a_device_fails(monkeypatch, said):
    from napari_compressed_transcriptomics.codecs import residual

    def fit(device, report=silent):
        return residual.ResidualAutoencoder._fit(Fitting(DATA, 2, 0, device, 3, report))

    expected = fit("cpu")
    train = residual.train_residual

    def fails_once(*more, **settings):
        monkeypatch.setattr(residual, "train_residual", train)
        raise RuntimeError(said)

    monkeypatch.setattr(residual, "train_residual", fails_once)
    messages = []
    codec = fit("cpu:0", lambda progress: messages.append(progress.message))
    assert any("CPU:0" in message and "trains on the CPU" in message for message in messages)
    same(codec, expected)


def test_nothing_is_left_behind_when_training_is_left():
    from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import (
        AutoencoderNetwork,
    )
    from napari_compressed_transcriptomics.codecs.training.settings import TrainingSettings

    network = AutoencoderNetwork(40, 2, (16, 8))

    def leave(progress):
        assert any(parameter.grad is not None for parameter in network.parameters())
        raise Cancelled

    generator = torch.Generator().manual_seed(0)
    with pytest.raises(Cancelled):
        loop.train(network, DATA.values, TrainingSettings(), generator=generator, report=leave)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_dropout_follows_from_the_seed_and_leaves_the_global_state():
    from napari_compressed_transcriptomics.codecs.training.settings import TrainingSettings

    def network():
        network = torch.nn.Sequential(
            torch.nn.Linear(40, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 40)
        )
        for parameter in network.parameters():
            torch.nn.init.constant_(parameter, 0.1)
        return network

    def train(network):
        generator = torch.Generator().manual_seed(0)
        settings = TrainingSettings(max_epochs=3)
        loop.train(network, DATA.values, settings, generator=generator)
        return network[0].weight

    one, other = network(), network()
    before = torch.get_rng_state()
    train(one)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    assert torch.equal(train(other), one[0].weight)
    assert not torch.equal(one[0].weight[0], one[0].weight[1])  # dropout told units apart
