import numpy as np
import pytest
import torch
from torch.testing import assert_close

from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import (
    GENES_PER_TILE,
    AutoencoderNetwork,
    ClippedLinear,
    linear_layer,
)


def network(n_genes=30, latent_size=3, sizes=(20, 10, 5), seed=0):
    generator = torch.Generator().manual_seed(seed)
    made = AutoencoderNetwork.seeded(n_genes, latent_size, sizes, generator)
    with torch.no_grad():  # running statistics as after training
        for _ in range(50):
            made.train()(torch.rand(32, n_genes, generator=generator))
    return made.eval()


def test_state_dict_has_exactly_the_published_keys():
    numbers = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    expected = {
        f"{half}.mlp.{layer}"
        for half in ("encoder", "decoder")
        for layer in [
            *(f"fc{i}.{name}" for i in range(4) for name in ("weight", "bias")),
            *(f"bn{i}.{name}" for i in range(3) for name in numbers),
        ]
    }
    state = AutoencoderNetwork.empty(15_633, 64).state_dict()
    assert set(state) == expected
    assert state["encoder.mlp.fc0.weight"].shape == (500, 15_633)
    assert state["encoder.mlp.fc3.weight"].shape == (64, 125)
    assert state["decoder.mlp.fc0.weight"].shape == (125, 64)
    assert state["decoder.mlp.fc3.weight"].shape == (15_633, 500)


def test_published_number_of_parameters():
    parameters = AutoencoderNetwork.empty(15_633, 64).parameters()
    assert sum(p.numel() for p in parameters) == 15_982_447


@torch.no_grad()
def test_folding_changes_nothing():
    whole = network()
    values = torch.rand(17, 30, generator=torch.Generator().manual_seed(1))
    folded = whole.for_inference(0.2, 0.8)
    assert not [m for m in folded.modules() if isinstance(m, torch.nn.BatchNorm1d)]
    clipped = values.clamp(0.2, 0.8)
    assert_close(folded.encoder(values), whole.encoder(clipped), atol=1e-6, rtol=1e-5)
    assert_close(folded(values), whole(clipped), atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_clipping_tile_by_tile_is_clipping():
    linear = torch.nn.Linear(2 * GENES_PER_TILE + 7, 4)
    values = torch.randn(3, linear.in_features)
    before = values.clone()
    assert_close(ClippedLinear(linear, -0.5, 0.7)(values), linear(values.clamp(-0.5, 0.7)))
    assert_close(values, before)


def test_seed_decides_the_weights_and_leaves_global_randomness_alone():
    state = torch.random.get_rng_state()
    one, same, other = (network(seed=seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, tensor in one.items():
        assert torch.equal(tensor, same[name])
    assert not torch.equal(one["encoder.mlp.fc0.weight"], other["encoder.mlp.fc0.weight"])


@torch.no_grad()
def test_start_is_pytorchs_own():
    made = network(n_genes=1000, sizes=(50,)).encoder.mlp.fc0.weight
    own = torch.nn.Linear(1000, 50).weight
    assert float(made.std()) == pytest.approx(float(own.std()), rel=0.05)
    assert float(made.abs().max()) <= 1000**-0.5


def test_a_layer_of_given_weights_draws_nothing_and_has_its_own():
    before = torch.get_rng_state()
    weight, bias = np.arange(6.0).reshape(3, 2).T[::-1], np.array([1.0, -1.0])
    layer = linear_layer(weight, bias)
    expected = [[23.0, 15.0]]
    weight[:], bias[:] = 0, 0
    np.testing.assert_array_equal(layer(torch.tensor([[1.0, 2.0, 3.0]])).detach(), expected)
    assert (layer.in_features, layer.out_features) == (3, 2)
    assert torch.equal(torch.get_rng_state(), before)
