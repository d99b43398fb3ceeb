"""How the residual autoencoder finds latents: few steps, by the method that the model names."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.codecs.networks import residual_projection
from napari_compressed_transcriptomics.codecs.networks.residual_network import ResidualNetwork
from napari_compressed_transcriptomics.codecs.networks.residual_projection import (
    MOST_STEPS,
    Projection,
    mean_curvature,
    nearest,
    project,
    project_by_slopes,
    steps_enough,
)
from napari_compressed_transcriptomics.codecs.residual import ResidualAutoencoder
from napari_compressed_transcriptomics.core.errors import UserError
from small import curved

N_COLUMNS, SIZE = 12, 3


def bent(strength=1.0, members=1):
    """A network whose decoder is far from linear."""
    generator = torch.Generator().manual_seed(0)
    network = ResidualNetwork(members, N_COLUMNS, SIZE, (32, 16))
    components = torch.linalg.qr(torch.randn(members, N_COLUMNS, SIZE, generator=generator))[0]
    network.start(components.transpose(1, 2), generator)
    torch.nn.init.normal_(network.to_columns, 0, 0.2 * strength, generator=generator)
    torch.nn.init.normal_(network.bias, 0, 0.1, generator=generator)
    return network.requires_grad_(False)


def rows(network, n=200, seed=1, spread=0.6):
    """Columns near what the network decodes."""
    generator = torch.Generator().manual_seed(seed)
    latents = spread * torch.randn(1, n, SIZE, generator=generator)
    noise = 0.05 * torch.randn(1, n, N_COLUMNS, generator=generator)
    return network.decode(latents) + noise


def left(network, values, latents):
    return (values - network.decode(latents)).square().sum(-1)


@pytest.fixture
def case():
    network = bent()
    values = rows(network)
    return network, values, Projection(MOST_STEPS, mean_curvature(network, values[:, :50]))


def test_gradient_is_that_of_the_decoder():
    network = bent(members=2)
    latents = torch.randn(2, 5, SIZE, generator=torch.Generator().manual_seed(2))
    weights = torch.randn(2, 5, network.decoder_branch.width)
    layers = network.decoder_branch.layers(latents)
    assert torch.allclose(torch.cat(layers, -1), network.decoder_branch(latents), atol=1e-6)
    latents.requires_grad_()
    (network.decoder_branch(latents) * weights).sum().backward()
    found = network.decoder_branch.pulled_back(*layers, *weights.split([32, 16], -1))
    assert torch.allclose(found, latents.grad, rtol=1e-4, atol=1e-5)


def test_in_few_passes_the_same_but_for_rounding():
    network = bent(members=2)
    torch.nn.init.normal_(network.to_latents, 0, 0.2, generator=torch.Generator().manual_seed(3))
    latents = torch.randn(2, 5, SIZE, generator=torch.Generator().manual_seed(2))
    values = network.decode(latents)
    assert_allclose(network.decoded(latents), values, atol=1e-5)
    assert_allclose(network.encoded(values), network.encode(values), atol=1e-5)


def test_the_curvature_is_laid_out_as_in_a_file(case):
    """Or latents of a model that was saved would have other last digits."""
    assert case[2].curvature.is_contiguous()


def test_ends_where_levenberg_marquardt_does(case):
    network, values, projection = case
    few, many = project(network, values, projection), project_by_slopes(network, values)
    ours, theirs = left(network, values, few).mean(), left(network, values, many).mean()
    assert ours < 0.5 * left(network, values, network.encode(values)).mean()
    assert ours < 1.01 * theirs


def test_rows_far_away_are_at_rest_after_all_steps():
    network = bent(strength=2)
    curvature = mean_curvature(network, rows(network))
    far = rows(network, n=400, seed=5, spread=1.2)
    after = {}
    for steps in (MOST_STEPS, 4 * MOST_STEPS):
        found = project(network, far, Projection(steps, curvature))
        after[steps] = left(network, far, found).mean()
    assert after[MOST_STEPS] < 1.002 * after[4 * MOST_STEPS]  # after 12 steps 1.05


def test_no_step_makes_a_row_worse(case):
    network, values, projection = case
    errors = torch.stack([error[0] for _, error in nearest(network, values, projection)])
    assert len(errors) == MOST_STEPS + 1
    assert (errors[1:] <= errors[:-1] * (1 + 2 * residual_projection.ROUNDING)).all()
    assert torch.allclose(errors[-1], left(network, values, project(*case))[0], rtol=1e-4)


def test_rows_do_not_depend_on_each_other(case, monkeypatch):
    network, values, projection = case
    together = project(network, values, projection)
    far = torch.cat([values[:, :7], 100 * values[:, 7:]], 1)
    monkeypatch.setattr(residual_projection, "ROWS_AT_ONCE", 64)
    for found in (project(network, far, projection)[:, :7], project(*case)):
        assert torch.allclose(found, together[:, : found.shape[1]], atol=5e-4)


def test_of_a_linear_decoder_the_guess_is_the_projection():
    network = bent(strength=0)
    network.bias.zero_()
    values = rows(network)
    curvature = mean_curvature(network, values)
    assert torch.allclose(curvature, torch.eye(SIZE), atol=1e-4)
    for steps in (1, 4):
        found = project(network, values, Projection(steps, curvature))
        assert torch.allclose(found, values @ network.encoding, atol=1e-5)


def test_no_rows(case):
    network, values, projection = case
    assert project(network, values[:, :0], projection).shape == (1, 0, SIZE)


def test_as_many_steps_as_serve():
    errors = torch.tensor([[4.0, 8.0], [2.0, 3.0], [1.0, 1.004], [1.0, 1.0]])
    assert steps_enough(errors, 0.01) == 2
    assert steps_enough(errors, 0.0) == 3
    assert steps_enough(torch.ones(4, 2), 0.0) == 1
    assert steps_enough(torch.full((4, 2), torch.nan), 0.01) == 3


DATA = curved()


@pytest.fixture(scope="module")
def codec():
    return codec_class("residual").fit(curved(), 1, device="cpu", max_epochs=60)


def test_that_stays_pca_takes_one_step():
    codec = codec_class("residual").fit(DATA, 1, device="cpu", max_epochs=0)
    assert codec.config()["projection_steps"] == 1


def test_file_tells_how_latents_are_found(codec, tmp_path):
    assert 1 < codec.config()["projection_steps"] <= MOST_STEPS
    assert f"{codec.projection.steps} quasi-Newton steps" in codec.describe()
    loaded = load_model(save_model(codec, tmp_path / "model.safetensors"))
    assert_array_equal(loaded.encode(DATA.values), codec.encode(DATA.values))
    others = codec.rotation, codec.scale, codec.genes, codec.gene_means
    old = ResidualAutoencoder(codec.module, None, *others)
    assert "projection_steps" not in old.config()
    assert "curvature" not in old.tensors()
    assert "12 Levenberg-Marquardt steps" in old.describe()
    loaded = load_model(save_model(old, tmp_path / "old.safetensors"))
    assert loaded.projection is None
    assert_array_equal(loaded.encode(DATA.values), old.encode(DATA.values))
    rotated = old.network().encoder.rotation(torch.from_numpy(DATA.values)).detach()
    by_slopes = project_by_slopes(old.module, rotated[None], steps=12)[0] * old.scale
    assert_array_equal(old.encode(DATA.values), by_slopes.numpy())  # for ever
    assert_allclose(old.encode(DATA.values), codec.encode(DATA.values), atol=0.02)


@pytest.mark.parametrize("steps", [0, -1, MOST_STEPS + 1, 10**9, 2.0, True, "3", None])
def test_steps_that_cannot_be(codec, steps):
    config = codec.config() | {"projection_steps": steps}
    tensors = {name: np.asarray(tensor) for name, tensor in codec.tensors().items()}
    with pytest.raises(UserError, match="projection_steps"):
        ResidualAutoencoder.from_parts(config, tensors, codec.genes)
