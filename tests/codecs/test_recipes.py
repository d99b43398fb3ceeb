import numpy as np
import pytest
import torch

from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder
from napari_compressed_transcriptomics.codecs.codec import Fitting
from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import (
    HIDDEN_SIZES,
    AutoencoderNetwork,
)
from napari_compressed_transcriptomics.codecs.recipes import (
    TrainRequest,
    recipe_settings,
    train_codec,
)
from napari_compressed_transcriptomics.codecs.training.settings import TrainingSettings
from napari_compressed_transcriptomics.codecs.training.trainer import Trainer
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.spatial.splits import (
    batches,
    fold_blocks,
    fold_rows,
    split_blocks,
    split_rows,
)
from small import named, small_expression

DATA = small_expression(n_samples=60, n_genes=40)


def train(**settings):
    messages = []
    request = TrainRequest(**{"expression": DATA, "latent_size": 2, **settings})
    codec = train_codec(request, lambda p: messages.append(p.message))
    return codec, [message for message in messages if message]


def test_the_recipe_travels_with_the_model(tmp_path):
    codec, _ = train(recipe="autoencoder", max_epochs=2)
    assert codec.id == "autoencoder"
    assert codec.hidden_sizes == HIDDEN_SIZES
    loaded = load_model(save_model(codec, tmp_path / "m.safetensors"))
    assert loaded.training["recipe"] == "autoencoder"
    assert loaded.training["settings"]["loss"] == "sum"
    assert train(max_epochs=2)[0].training["recipe"] == "residual"
    with pytest.raises(UserError, match=r"'secret'.*residual, autoencoder"):
        train(recipe="secret")


def test_published_recipe_is_the_published_training():
    """Two epochs against a loop written from the description."""
    data = small_expression(n_samples=300, n_genes=30)
    _, settings = recipe_settings("autoencoder")
    assert settings.pop("max_epochs") == 50_000
    codec = Autoencoder._fit(Fitting(data, 2, max_epochs=2), hidden_sizes=(16, 8), **settings)
    assert codec.training["settings"]["patience"] == 300

    generator = torch.Generator().manual_seed(0)
    network = AutoencoderNetwork.seeded(30, 2, (16, 8), generator)
    training, held_out = split_rows(300, 0.1, generator)
    values = torch.from_numpy(data.values).clamp(*codec.clip)
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    errors = []
    for _ in range(2):
        network.train()
        order = training[torch.randperm(270, generator=generator)]
        for rows in (order[:128], order[128:256]):  # the last 14 are dropped
            torch.randint(2**62, (), generator=generator)  # what a step may use for dropout
            error = (network(values[rows]) - values[rows]).square().sum()
            matrices = [p for p in network.parameters() if p.ndim == 2]
            loss = error + 1e-4 * sum(matrix.square().mean() for matrix in matrices)
            adam.zero_grad()
            loss.backward()
            adam.step()
        network.eval()
        with torch.no_grad():
            error = network(values[held_out]) - values[held_out]
        errors.append(float(error.square().mean().sqrt()))
    assert codec.training["validation_rmse"] == pytest.approx(min(errors), rel=3e-3)
    assert codec.training["n_validation"] == 30


def test_a_single_incomplete_batch_is_not_dropped():
    assert [len(part) for part in batches(torch.arange(72), 128, drop_last=True)] == [72]
    assert [len(part) for part in batches(torch.arange(300), 128, drop_last=True)] == [128, 128]


def test_settings_reach_the_training():
    codec, _ = train(
        codec="autoencoder",
        hidden_sizes=(9,),
        max_epochs=3,
        batch_size=7,
        learning_rate=0.01,
        patience=2,
        validation="blocks",
    )
    assert codec.hidden_sizes == (9,)
    used = codec.training["settings"]
    assert used["batch_size"] == 7
    assert used["learning_rate"] == 0.01
    assert used["validation"] == "blocks"


def test_settings_that_are_none():
    for settings, says in (
        ({"validation": "chance"}, "validation 'chance'.*random, blocks"),
        ({"learning_rate": -1.0}, "learning rate of -1"),
        ({"learning_rate": float("nan")}, "learning rate of nan"),
        ({"learning_rate": float("inf")}, "learning rate of inf"),
        ({"max_epochs": 10**30}, "at most 1,000,000"),
        ({"codec": "residual", "max_epochs": 10**30}, "at most 1,000,000"),
        ({"codec": "residual", "learning_rate": float("nan")}, "learning rate of nan"),
        ({"seed": 10**30}, "from 0 to 4,294,967,295"),
        ({"batch_size": 1}, "batch_size 1"),
        ({"max_epochs": 0}, "max_epochs 0"),
        ({"codec": "pca", "patience": 3}, "pca is computed.*leave out patience"),
        ({"expression": named(DATA.values[:2]), "latent_size": 1}, "2 samples are too few"),
        ({"expression": named(DATA.values * 12)}, "0 to 1"),
    ):
        with pytest.raises(UserError, match=says):
            train(**{"codec": "autoencoder", **settings})


def test_recipes_go_by_their_old_names_too():
    for old, name in (("default", "residual"), ("published", "autoencoder")):
        assert recipe_settings(old) == recipe_settings(name)
    assert train(recipe="default", max_epochs=2)[0].training["recipe"] == "residual"


def test_as_many_components_as_samples_are_warned_of():
    few = named(DATA.values[:12])
    codec, messages = train(expression=few, codec="autoencoder", latent_size=12, max_epochs=2)
    assert codec.latent_size == 12
    assert messages[0].startswith("12 components for 12 samples")
    _, messages = train(expression=few, codec="autoencoder", latent_size=11, max_epochs=2)
    assert messages == []
    with pytest.raises(UserError, match="12 samples"):
        train(expression=few, codec="pca", latent_size=13)


def test_constant_gene():
    values = DATA.values.copy()
    values[:, 5] = 0.5
    codec, messages = train(expression=named(values), codec="autoencoder", max_epochs=3)
    assert messages == []
    assert np.isfinite(codec.training["validation_rmse"])


@pytest.mark.parametrize("n", [3, 4, 11, 80, 700])
def test_blocks_hold_out_about_the_fraction(n):
    positions = np.random.default_rng(n).uniform(-70, 70, (n, 3))
    training, held_out = split_blocks(positions, 0.1, torch.Generator().manual_seed(1))
    assert sorted([*training.tolist(), *held_out.tolist()]) == list(range(n))
    assert len(training) >= 2
    assert 1 <= len(held_out) <= max(1, 0.35 * n)


def test_blocks_of_one_place():
    training, held_out = split_blocks(np.zeros((8, 3)), 0.1, torch.Generator().manual_seed(1))
    assert len(training) + len(held_out) == 8
    assert len(training) >= 2


@pytest.mark.parametrize("n", [6, 80, 700])
def test_folds_by_blocks(n):
    positions = np.random.default_rng(n).uniform(-70, 70, (n, 3))
    folds = fold_blocks(positions, 5, torch.Generator().manual_seed(1))
    assert sorted(torch.cat(folds).tolist()) == list(range(n))
    assert max(map(len, folds)) <= max(2, 0.3 * n)
    rows = fold_rows(n, 5, torch.Generator().manual_seed(1))
    assert sorted(torch.cat(rows).tolist()) == list(range(n))
    if n == 700:  # nearest neighbours share a fold far more often than by chance

        def shared(parts):
            fold = np.zeros(n, int)
            for number, part in enumerate(parts):
                fold[part.numpy()] = number
            apart = ((positions[:, None] - positions) ** 2).sum(axis=2) + 1e9 * np.eye(n)
            return np.mean(fold == fold[apart.argmin(axis=1)])

        assert shared(folds) > 0.7
        assert shared(rows) < 0.3


def test_neighbours_of_blocks_do_not_leak():
    brain = synthetic_brain(n_genes=2)
    positions = brain.parcellation.centroids

    def surrounded(split):
        """Part of the held-out voxels whose six neighbours are not trained on."""
        training, _ = split
        trained = {tuple(position) for position in positions[training.numpy()]}
        steps = 8 * np.concatenate([np.eye(3), -np.eye(3)])
        held_out = positions[split[1].numpy()]
        return np.mean([not any(tuple(p + s) in trained for s in steps) for p in held_out])

    generator = torch.Generator().manual_seed(0)
    assert surrounded(split_blocks(positions, 0.1, generator)) > 0.3
    assert surrounded(split_rows(len(positions), 0.1, generator)) < 0.01
    one, same = (split_blocks(positions, 0.1, torch.Generator().manual_seed(4)) for _ in "ab")
    other = split_blocks(positions, 0.1, torch.Generator().manual_seed(5))
    assert torch.equal(one[1], same[1])
    assert set(one[1].tolist()) != set(other[1].tolist())


def test_data_on_the_device_and_sent_there_are_the_same(monkeypatch):
    from napari_compressed_transcriptomics.codecs.training import rows

    values = DATA.values.copy()
    here = rows.DeviceRows(values, (0.4, 0.6), "cpu")
    monkeypatch.setattr(rows, "free_bytes", lambda device: 2 * values.nbytes)
    there = rows.DeviceRows(values, (0.4, 0.6), "cpu")
    assert (here.resident, there.resident is None) == (None, False)
    chosen = torch.tensor([5, 1, 59])
    assert torch.equal(here(chosen), there(chosen))
    here(chosen).zero_()
    np.testing.assert_array_equal(values, DATA.values)
    monkeypatch.setattr(rows, "free_bytes", lambda device: 2 * values.nbytes - 1)
    assert rows.DeviceRows(values, (0.4, 0.6), "cpu").resident is None


def test_half_precision_is_scaled_so_that_small_gradients_last():
    network = torch.nn.Linear(40, 40)
    generator = torch.Generator().manual_seed(0)
    learner = Trainer(network, DATA.values, (0, 1), generator)
    learner.place("cpu", "float16")
    assert "scale" in learner.take_snapshot({}, {}).state["scaler"]
    assert TrainingSettings().precision == "auto"
