"""The residual autoencoder: begins as PCA, and leaves it only for something better."""

import numpy as np
import pytest
import torch
from benchmarks.linear import ratio
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans

from napari_compressed_transcriptomics.codecs import residual
from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.networks.residual_network import ResidualNetwork
from napari_compressed_transcriptomics.codecs.training import (
    residual_settings,
    residual_training,
    residual_validation,
)
from napari_compressed_transcriptomics.codecs.training.residual_settings import ResidualSettings
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import stopping
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import curved, named, small_expression

DATA = small_expression()


def noise_only(seed=0):
    return named(np.random.default_rng(seed).normal(size=(50, 30)))


def trained(data, size, **settings):
    return codec_class("residual").fit(data, size, device="cpu", **settings)


@pytest.fixture(scope="module")
def bent():
    """A codec of a curve; nobody may change it."""
    return trained(curved(), 1, max_epochs=150)


@pytest.fixture(scope="module")
def of_noise():
    """A codec of noise, and what its training reported."""
    reports = []
    return trained(noise_only(), 3, max_epochs=60, report=reports.append), reports


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


@pytest.mark.parametrize("data", [DATA, curved()], ids=["small", "curved"])
def test_never_worse_than_pca_on_its_validation_rows(data):
    record = trained(data, 3, max_epochs=40).training
    assert record["validation_rmse"] <= record["validation_rmse_pca"]


def test_noise_stays_pca(of_noise):
    (ours, reports), pca = of_noise, fit_codec("pca", noise_only(), 3)
    assert ours.training["validation_rmse"] <= ours.training["validation_rmse_pca"]
    assert any("It stays PCA" in progress.message for progress in reports)
    other = noise_only(seed=1)
    assert reconstruct(ours, other).rmse <= reconstruct(pca, other).rmse * 1.01


def test_gains_of_few_rows_do_not_count():
    """A mean above zero tells nothing where it is owed to a tenth of the rows."""
    few = np.full(50, -0.02)
    few[:4] = 1.0
    rng = np.random.default_rng(0)
    every = 0.02 + 0.05 * rng.normal(size=50)
    assert few.mean() > 0.05
    assert not residual_validation.surely_above_zero(few)
    assert residual_validation.surely_above_zero(every)
    assert not residual_validation.surely_above_zero(every - every.mean())
    assert not residual_validation.surely_above_zero(np.zeros(50))
    assert not residual_validation.surely_above_zero(np.ones(1))


@pytest.mark.parametrize("seed", [129, 168])
def test_stays_pca_where_more_is_chance(seed):
    """Linear-Gaussian samples, whose lowest error alone ends above PCA's on new ones."""
    worse, codec = ratio(seed, 2, steps=300, hidden_sizes=(32, 16))
    assert worse < 1.01
    assert codec.training["best_epoch"] == 0


def test_bends_where_pca_cannot(bent):
    other = curved(n_samples=400)  # of the same curve, other places on it
    ours, pca = reconstruct(bent, other), reconstruct(fit_codec("pca", curved(), 1), other)
    assert ours.rmse < 0.5 * pca.rmse
    assert bent.training["validation_rmse"] == pytest.approx(ours.rmse, rel=0.25)


def test_any_scale_of_data():
    data = curved()
    big = named(data.values * 1000 - 500)
    ratio = [
        codec.training["validation_rmse"] / codec.training["validation_rmse_pca"]
        for codec in (trained(data, 1, max_epochs=8), trained(big, 1, max_epochs=8))
    ]
    assert ratio[0] == pytest.approx(ratio[1], rel=0.02)


def test_projection_finds_the_nearest_point(bent):
    values = curved().values[:5]
    latents = bent.encode(values)

    def error(latents):
        return np.square(bent.decode(latents.astype(np.float32)) - values).sum(axis=1)

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
        "measured_rmse",
        lambda run, errors: {"train": 1.0, "validation": 1.0 / (1 + run.epoch)},
    )
    monkeypatch.setattr(residual_training._Run, "_surely_better", lambda *_: True)
    always_last = trained(DATA, 2, max_epochs=5)
    assert always_last.training["best_epoch"] == 5
    assert alone.training["n_train"] == always_last.training["n_train"] == 60


@pytest.fixture
def sixty_are_many(monkeypatch):
    for module in (residual_validation, residual_settings, residual):
        monkeypatch.setattr(module, "MANY_ROWS", 50)


def test_many_rows_hold_one_part_out(sixty_are_many):
    record = trained(DATA, 2, max_epochs=3).training
    assert (record["n_train"], record["n_validation"]) == (54, 6)
    assert record["settings"]["drop"] < 0.01
    assert ResidualSettings.for_data(40, 2).drop > 0


def test_validation_rmse_is_that_of_the_rows_held_out(monkeypatch, sixty_are_many):
    """Even where the columns do not hold all of a sample."""
    monkeypatch.setattr("napari_compressed_transcriptomics.codecs.residual.COLUMNS_BEYOND", 3)
    codec = trained(DATA, 2, max_epochs=3)
    assert codec.config()["n_columns"] == 5
    whole = reconstruct(codec, DATA).rmse
    record = codec.training
    parts = (54 * record["train_rmse"] ** 2 + 6 * record["validation_rmse"] ** 2) / 60
    assert whole == pytest.approx(parts**0.5, rel=0.02)


def test_early_epochs_are_measured_too():
    """Who stops early gets the best of the steepest part."""
    seen, last = [], None

    def report(progress):
        nonlocal last
        if progress.stage == "Training" and progress.values != last:
            seen.append(progress.done)
            last = progress.values

    stop = stopping(report, lambda: len(seen) == 4)
    codec_class("residual").fit(DATA, 2, max_epochs=160, report=stop)
    assert seen == [1, 4, 10, 20]


def test_stop_keeps_the_best_so_far():
    reports = []
    report = stopping(
        reports.append, lambda: reports[-1].stage == "Training" and reports[-1].done >= 3
    )
    codec = codec_class("residual").fit(DATA, 2, max_epochs=10_000, report=report)
    assert codec.training["ended"] == "stopped"
    assert codec.training["epochs"] == 3
    assert np.isfinite(reconstruct(codec, DATA).rmse)


def test_an_error_that_is_no_number_keeps_the_best():
    reports = []
    settings = {"max_epochs": 50, "learning_rate": 1e30}
    codec = codec_class("residual").fit(DATA, 2, report=reports.append, **settings)
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


def brain_run(monkeypatch, validation, seed=0):
    """Return a training of 4,000 rows, as voxels in file order have them: from right to left."""
    monkeypatch.setattr(residual_validation, "MAX_MEASURED", 64)
    places = np.stack(np.meshgrid(*map(np.arange, (40, 10, 10)), indexing="ij"), -1)
    places = 4.0 * places.reshape(-1, 3)
    run = residual_training._Run(
        torch.randn(4000, 3, generator=torch.Generator().manual_seed(1)),
        1,
        ResidualSettings(hidden_sizes=(4, 2), validation=validation),
        torch.Generator().manual_seed(seed),
        float,
        places if validation == "blocks" else None,
    )
    return run, places


@pytest.mark.parametrize("validation", ["random", "blocks"])
def test_rows_measured_are_drawn_from_all_of_the_brain(monkeypatch, validation):
    """The first of a part in file order would be those of one side."""
    run, places = brain_run(monkeypatch, validation)
    for some, part in zip(run.measured, [*run.held_out, run.learned[-1]], strict=True):
        assert len(set(some.tolist())) == 64
        assert set(some.tolist()) <= set(part.tolist())
        for axis in range(3):
            measured, every = places[some, axis], places[part, axis]
            width = every.max() - every.min()
            assert measured.min() < every.min() + 0.15 * width
            assert measured.max() > every.max() - 0.15 * width
            assert abs(measured.mean() - every.mean()) < 0.15 * width


def test_every_block_held_out_has_its_share_of_rows_measured(monkeypatch):
    run, places = brain_run(monkeypatch, "blocks")
    (part,) = run.held_out
    block = torch.from_numpy(KMeans(5, random_state=0).fit_predict(places[part]))
    measured = torch.isin(part, run.measured[0])
    for number in range(5):
        share = float(measured[block == number].double().mean())
        assert share == pytest.approx(64 / len(part), rel=0.5)


def test_rows_measured_are_the_same_again_and_disturb_nothing(monkeypatch):
    run, _ = brain_run(monkeypatch, "random")
    again, _ = brain_run(monkeypatch, "random")
    other, _ = brain_run(monkeypatch, "random", seed=5)
    assert torch.equal(run.measured[1], again.measured[1])
    assert not torch.equal(run.measured[1], other.measured[1])
    monkeypatch.undo()
    monkeypatch.setattr(residual_validation, "drawn_evenly", lambda rows, most, generator: rows)
    whole, _ = brain_run(monkeypatch, "random")
    assert torch.equal(whole.generator.get_state(), run.generator.get_state())


def test_validation_by_blocks():
    assert trained(DATA, 2, max_epochs=2, validation="blocks").training["n_validation"] == 60
