"""The residual autoencoder: begins as PCA, and leaves it only for something better."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from napari_compressed_transcriptomics.core import residual_settings, residual_training
from napari_compressed_transcriptomics.core.codec import codec_class, fit_codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Stop, finish
from napari_compressed_transcriptomics.core.reconstruction import reconstruct
from napari_compressed_transcriptomics.core.residual_network import ResidualNetwork
from napari_compressed_transcriptomics.core.residual_settings import ResidualSettings
from small import named, small_expression

DATA = small_expression()


def curved(n_samples=120, n_genes=30, seed=0):
    """Samples on a parabola, which no line comes close to, and a little noise."""
    rng = np.random.default_rng(seed)
    first, second = np.linalg.qr(rng.normal(size=(n_genes, 2)))[0].T
    along = rng.uniform(-1, 1, (n_samples, 1))
    noise = 0.01 * rng.normal(size=(n_samples, n_genes))
    return named(3 + along * first + (along**2 - 1 / 3) * second + noise)


def noise_only(seed=0):
    return named(np.random.default_rng(seed).normal(size=(50, 30)))


def trained(data, size, **settings):
    return finish(codec_class("residual").fit_steps(data, size, device="cpu", **settings))


@pytest.mark.parametrize("size", [1, 4, 16])
def test_without_training_it_is_pca(size):
    ours = trained(DATA, size, max_epochs=0)
    pca = fit_codec("pca", DATA, size)
    latents = ours.encode(DATA.values)
    assert_allclose(latents, pca.encode(DATA.values), atol=1e-5)
    assert_allclose(ours.decode(latents), pca.decode(latents), atol=1e-5)
    other = small_expression(n_samples=9, seed=8)
    assert_allclose(ours.encode(other.values), pca.encode(other.values), atol=1e-5)
    assert ours.training["validation_rmse"] == ours.training["validation_rmse_pca"]


@pytest.mark.parametrize("data", [DATA, noise_only(), curved()], ids=["small", "noise", "curved"])
def test_never_worse_than_pca_on_its_validation_rows(data):
    record = trained(data, 3, max_epochs=40).training
    assert record["validation_rmse"] <= record["validation_rmse_pca"]


def test_noise_stays_pca():
    ours, pca = trained(noise_only(), 3, max_epochs=60), fit_codec("pca", noise_only(), 3)
    other = noise_only(seed=1)
    assert reconstruct(ours, other).rmse <= reconstruct(pca, other).rmse * 1.01


def test_bends_where_pca_cannot():
    codec = trained(curved(), 1, max_epochs=150)
    other = curved(n_samples=400)  # of the same curve, other places on it
    ours, pca = reconstruct(codec, other), reconstruct(fit_codec("pca", curved(), 1), other)
    assert ours.rmse < 0.5 * pca.rmse
    assert codec.training["validation_rmse"] == pytest.approx(ours.rmse, rel=0.25)


def test_any_scale_of_data():
    data = curved()
    big = named(data.values * 1000 - 500)
    ratio = [
        codec.training["validation_rmse"] / codec.training["validation_rmse_pca"]
        for codec in (trained(data, 1, max_epochs=20), trained(big, 1, max_epochs=20))
    ]
    assert ratio[0] == pytest.approx(ratio[1], rel=0.02)


def test_projection_finds_the_nearest_point():
    codec = trained(curved(), 1, max_epochs=60)
    values = curved().values[:5]
    latents = codec.encode(values)

    def error(latents):
        return np.square(codec.decode(latents.astype(np.float32)) - values).sum(axis=1)

    for shift in np.linspace(-0.5, 0.5, 101):
        assert (error(latents) <= error(latents + shift) + 1e-5).all()


def test_slopes_are_the_derivatives():
    generator = torch.Generator().manual_seed(0)
    network = ResidualNetwork(2, 7, 3, (5, 4))
    network.start(torch.randn(2, 3, 7, generator=generator), generator)
    torch.nn.init.normal_(network.to_columns, generator=generator)
    latents = torch.randn(2, 1, 3, generator=generator)
    decoded, slopes = network.decode_with_slopes(latents)
    assert torch.allclose(decoded, network.decode(latents), atol=1e-6)
    jacobian = torch.autograd.functional.jacobian(network.decode, latents)
    for member in range(2):
        expected = jacobian[member, 0, :, member, 0].T
        assert torch.allclose(slopes[member, 0], expected, atol=1e-5)


def test_members_do_not_touch_each_other(monkeypatch):
    """The network for all rows comes out the same whatever the others learn from."""
    alone = trained(DATA, 2, max_epochs=5)
    monkeypatch.setattr(
        residual_training._Run,
        "measure",
        lambda run: {"train": 1.0, "validation": 1.0 / (1 + run.epoch)},
    )
    always_last = trained(DATA, 2, max_epochs=5)
    assert always_last.training["best_epoch"] == 5
    assert alone.training["n_train"] == always_last.training["n_train"] == 60


@pytest.fixture
def sixty_are_many(monkeypatch):
    for module in (residual_training, residual_settings):
        monkeypatch.setattr(module, "MANY_ROWS", 50)


def test_many_rows_hold_one_part_out(sixty_are_many):
    record = trained(DATA, 2, max_epochs=3).training
    assert (record["n_train"], record["n_validation"]) == (54, 6)
    assert record["settings"]["drop"] < 0.01
    assert ResidualSettings.for_data(40, 2).drop > 0


def test_validation_rmse_is_that_of_the_rows_held_out(monkeypatch, sixty_are_many):
    """Even where the columns do not hold all of a sample."""
    monkeypatch.setattr("napari_compressed_transcriptomics.core.residual.COLUMNS_BEYOND", 3)
    codec = trained(DATA, 2, max_epochs=3)
    assert codec.config()["n_columns"] == 5
    whole = reconstruct(codec, DATA).rmse
    record = codec.training
    parts = (54 * record["train_rmse"] ** 2 + 6 * record["validation_rmse"] ** 2) / 60
    assert whole == pytest.approx(parts**0.5, rel=0.02)


def test_early_epochs_are_measured_too():
    """Who stops early gets the best of the steepest part."""
    seen, last = [], None
    for progress in codec_class("residual").fit_steps(DATA, 2, max_epochs=160):
        if progress.stage == "Training" and progress.values != last:
            seen.append(progress.done)
            last = progress.values
    assert seen[:4] == [1, 4, 10, 20]


def test_stop_keeps_the_best_so_far():
    steps = codec_class("residual").fit_steps(DATA, 2, max_epochs=10_000)
    for progress in steps:
        if progress.stage == "Training" and progress.done >= 3:
            break
    steps.throw(Stop())
    codec = finish(steps)
    assert codec.training["ended"] == "stopped"
    assert np.isfinite(reconstruct(codec, DATA).rmse)


def test_an_error_that_is_no_number_keeps_the_best():
    reports = []
    steps = codec_class("residual").fit_steps(DATA, 2, max_epochs=50, learning_rate=1e30)
    codec = finish(steps, reports.append)
    assert codec.training["ended"] == "no number"
    assert any("no longer a number" in progress.message for progress in reports)
    assert np.isfinite(reconstruct(codec, DATA).rmse)


def test_constant_data_and_constant_genes():
    same = named(np.full((20, 8), 0.5))
    assert reconstruct(trained(same, 2, max_epochs=3), same).rmse < 1e-5
    values = DATA.values.copy()
    values[:, 5] = 0.25
    assert np.isfinite(reconstruct(trained(named(values), 2, max_epochs=3), named(values)).rmse)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden_sizes": (500, 250, 125)}, "two hidden layers"),
        ({"validation": "hemispheres"}, "random or blocks"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"batch_size": 0}, "batch"),
    ],
)
def test_settings_that_cannot_be(settings, said):
    with pytest.raises(UserError, match=said):
        trained(DATA, 2, **settings)


def test_validation_by_blocks():
    assert trained(DATA, 2, max_epochs=2, validation="blocks").training["n_validation"] == 60
