import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from data import real_data
from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder, clip_limits
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.training.loop import train
from napari_compressed_transcriptomics.codecs.training.settings import TrainingSettings
from napari_compressed_transcriptomics.codecs.training.trainer import optimizer_for
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.spatial.splits import batches, split_rows
from small import named, small_expression

DATA = small_expression(n_samples=120, n_genes=60)


pytestmark = pytest.mark.usefixtures("one_thread")


def test_learns_far_more_than_the_mean():
    codec = fit_codec("autoencoder", DATA, 2, max_epochs=60)
    result = reconstruct(codec, DATA)
    assert result.r2 > 0.85
    assert codec.training["validation_rmse"] < 1.5 * codec.training["train_rmse"]


def test_learns_real_data():
    import pandas as pd

    table = pd.read_csv(real_data("expr/ahba_schaefer100_r0.6.csv"), index_col=0)
    data = named(table.dropna(how="all").to_numpy())
    result = reconstruct(fit_codec("autoencoder", data, 8, max_epochs=60), data)
    assert result.rmse < 0.4 * data.values.std(axis=0).mean()


def test_learns_the_synthetic_brain():
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain

    data = synthetic_brain(n_genes=128)
    result = reconstruct(fit_codec("autoencoder", data, 8, max_epochs=8), data)
    assert result.rmse < 0.5 * data.values.std(axis=0).mean()


def test_linear_network_approaches_pca():
    values = small_expression(n_samples=256, n_genes=12, noise=0.03)
    pca = reconstruct(fit_codec("pca", values, 2), values).rmse
    generator = torch.Generator().manual_seed(0)
    linear = torch.nn.Sequential(torch.nn.Linear(12, 2), torch.nn.Linear(2, 12))
    with torch.no_grad():
        for parameter in linear.parameters():
            torch.nn.init.uniform_(parameter, -0.3, 0.3, generator=generator)
    settings = TrainingSettings(max_epochs=200, learning_rate=3e-2, patience=200)
    train(linear, values.values, settings, generator=generator)
    rows = torch.from_numpy(values.values)
    with torch.no_grad():
        reached = float((linear(rows) - rows).square().mean()) ** 0.5
    assert pca * 0.999 < reached < pca * 1.02


def test_stops_early_and_keeps_the_best_epoch():
    # noise alone: nothing that holds for the rows held out can be learned for long
    noise = named(np.random.default_rng(0).uniform(0.3, 0.7, (60, 80)))
    seen = []
    codec = Autoencoder.fit(
        noise, 8, max_epochs=300, patience=10, report=lambda p: seen.append((p.done, p.values))
    )
    record = codec.training
    assert record["epochs"] < 300
    assert record["epochs"] == record["best_epoch"] + 10
    errors = {done: values["validation"] for done, values in seen if values and 0 < done < 300}
    assert min(errors.values()) == pytest.approx(record["validation_rmse"])
    # the codec that is returned is that epoch's, in evaluation mode, BatchNorm folded
    generator = torch.Generator().manual_seed(0)
    Autoencoder_rows = split_rows_after_weights(generator, 80)
    held_out = np.clip(noise.values[Autoencoder_rows], *codec.clip)
    error = codec.decode(codec.encode(held_out)) - held_out
    assert np.sqrt(np.mean(error**2)) == pytest.approx(record["validation_rmse"], rel=1e-3)


def split_rows_after_weights(generator, n_genes):
    """Rows that a fit holds out: its generator makes the weights first."""
    from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import (
        HIDDEN_SIZES,
        AutoencoderNetwork,
    )

    AutoencoderNetwork.seeded(n_genes, 8, HIDDEN_SIZES, generator)
    return split_rows(60, 0.1, generator)[1].numpy()


def test_a_seed_is_all_there_is_to_chance():
    before = torch.random.get_rng_state()
    np_before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = fit_codec("autoencoder", DATA, 4, seed=5, max_epochs=3)
    torch.manual_seed(99)
    same = fit_codec("autoencoder", DATA, 4, seed=5, max_epochs=3)
    other = fit_codec("autoencoder", DATA, 4, seed=6, max_epochs=3)
    torch.random.set_rng_state(before)
    for name, tensor in one.tensors().items():
        assert_array_equal(tensor, same.tensors()[name], err_msg=name)
    assert not np.array_equal(one.encode(DATA.values), other.encode(DATA.values))
    assert_array_equal(np.random.get_state()[1], np_before)  # noqa: NPY002


def test_progress_tells_errors_of_each_epoch():
    seen = []
    fit_codec("autoencoder", DATA, 2, max_epochs=3, report=seen.append)
    epochs = {p.done: p.values for p in seen if p.stage == "Training" and p.done and p.values}
    assert set(epochs) == {1, 2, 3}
    assert all(set(values) == {"train", "validation"} for values in epochs.values())
    assert seen[-1].done == seen[-1].total


def test_an_error_that_is_no_number_ends_training_at_the_best():
    values = DATA.values.copy()
    network = torch.nn.Sequential(torch.nn.Linear(60, 4), torch.nn.Linear(4, 60))
    settings = TrainingSettings(max_epochs=5, learning_rate=1e30)
    messages = []
    record = train(
        network,
        values,
        settings,
        generator=torch.Generator().manual_seed(0),
        report=lambda p: messages.append(p.message),
    )
    assert record["best_epoch"] == 0
    assert "epoch 1" in messages[-1]
    assert all(torch.isfinite(p).all() for p in network.parameters())


def test_weight_decay_is_the_published_loss():
    network = torch.nn.Linear(6, 5)
    expected = torch.nn.Linear(6, 5)
    expected.load_state_dict(network.state_dict())
    adam = torch.optim.Adam(expected.parameters(), lr=0.1)
    ours = optimizer_for(network, learning_rate=0.1, weight_decay=0.5)
    values = torch.rand(4, 6)
    for _ in range(3):
        for model, optimizer, decay in ((network, ours, 0), (expected, adam, 0.5)):
            optimizer.zero_grad()
            (model(values).square().sum() + decay * model.weight.square().mean()).backward()
            optimizer.step()
    torch.testing.assert_close(network.weight, expected.weight)
    torch.testing.assert_close(network.bias, expected.bias)


@pytest.mark.parametrize("n_rows", [2, 3, 4, 17, 33, 72, 103, 129, 1025, 3303])
def test_every_row_is_used_and_none_alone(n_rows):
    size = TrainingSettings().batch_for(n_rows)
    parts = batches(torch.arange(n_rows), size)
    assert torch.equal(torch.cat(parts), torch.arange(n_rows))
    assert all(len(part) >= 2 for part in parts)
    assert max(len(part) for part in parts) <= 1.5 * size


def test_the_split_keeps_a_row_for_each_side():
    for n in (3, 5, 50):
        training, held_out = split_rows(n, 0.1, torch.Generator().manual_seed(0))
        assert len(held_out) >= 1
        assert len(training) >= 2
        assert sorted([*training.tolist(), *held_out.tolist()]) == list(range(n))


def test_clipping_limits_are_of_the_whole_matrix_and_travel():
    values = DATA.values.copy()
    values[3, 4], values[5, 6] = 0.0, 1.0
    data = named(values)
    codec = fit_codec("autoencoder", data, 2, max_epochs=1)
    assert codec.clip == pytest.approx(np.percentile(values, [0.1, 99.9]), abs=1e-6)
    assert clip_limits(values) == codec.clip
    inside = values.copy()
    inside[3, 4], inside[5, 6] = codec.clip
    np.testing.assert_allclose(codec.encode(values), codec.encode(inside), atol=1e-6)
    # errors are of the values as they are, not as they are clipped
    error = codec.decode(codec.encode(values)) - values
    assert reconstruct(codec, data).rmse == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
