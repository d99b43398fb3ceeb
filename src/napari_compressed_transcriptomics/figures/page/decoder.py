"""A codec's decoder as plain arrays and steps, which a few lines of JavaScript can run."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError

if TYPE_CHECKING:
    from torch import nn

    from napari_compressed_transcriptomics.codecs.codec import Codec
    from napari_compressed_transcriptomics.codecs.networks.residual_projection import ResidualHidden


@dataclass(frozen=True, eq=False)
class Dense:
    """A step: ``concatenated inputs @ weight.T + bias``, then ELU or nothing."""

    inputs: tuple[int, ...]
    """What it is given: 0 are the latents, ``i`` the outcome of step ``i``."""
    weight: np.ndarray
    """Of float32, shape (n_out, n_in)."""
    bias: np.ndarray
    """Of float32, shape (n_out,)."""
    elu: bool


@dataclass(frozen=True, eq=False)
class Decoder:
    """Latents to genes: steps to the activations, then the last layer, of which a gene is a row."""

    steps: tuple[Dense, ...]
    """The outcome of the last, or the latents where there is none, are the activations."""
    weight: np.ndarray
    """Of float32, shape (n_genes, n_activations)."""
    bias: np.ndarray
    """Of float32, shape (n_genes,)."""
    sigmoid: bool
    """Whether the logistic function comes last."""

    def activations(self, latents: np.ndarray) -> np.ndarray:
        """Return what the last layer is given, float32 (n, n_activations), of latents (n, k)."""
        known = [latents]
        for step in self.steps:
            values = np.concatenate([known[i] for i in step.inputs], axis=1) @ step.weight.T
            values += step.bias
            if step.elu:
                values = np.where(values > 0, values, np.expm1(np.minimum(values, 0)))
            known.append(values)
        return known[-1]

    def decode(self, activations: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
        """Return some genes, float32 (n, m), from their rows of the last layer."""
        values = activations @ weight.T
        values += bias
        if self.sigmoid:
            with np.errstate(over="ignore"):  # 1 / inf is right
                return 1 / (1 + np.exp(-values))
        return values


def decoder_of(codec: "Codec") -> Decoder:
    """Return the decoder of a codec.

    Raises
    ------
    UserError
        It is no chain of layers.
    """
    from torch import nn

    from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import Sigmoid

    network = codec.network()
    steps = _steps(network.hidden)
    if steps is None or not isinstance(network.activation, nn.Identity | Sigmoid):
        raise UserError(
            f"A page decodes in the browser layer by layer, which the decoder of {codec.id} does "
            "not allow; make the page of a result of pca, nmf, residual or autoencoder"
        )
    output = network.output
    weight, bias = output.weight.numpy(), output.bias.numpy()
    return Decoder(steps, weight, bias, isinstance(network.activation, Sigmoid))


def _steps(hidden: "nn.Module") -> tuple[Dense, ...] | None:
    """Return the steps from latents to activations, None where they are no layers."""
    from torch import nn

    from napari_compressed_transcriptomics.codecs.networks.residual_projection import ResidualHidden

    if isinstance(hidden, nn.Identity):
        return ()
    if isinstance(hidden, ResidualHidden):
        return _residual_steps(hidden)
    if not isinstance(hidden, nn.Sequential):
        return None
    steps: list[Dense] = []
    layers = [*hidden, None]
    for layer, after in pairwise(layers):
        if isinstance(layer, nn.Linear):
            weight, bias = layer.weight.numpy(), layer.bias.numpy()
            steps.append(Dense((len(steps),), weight, bias, isinstance(after, nn.ELU)))
        elif not isinstance(layer, nn.ELU):
            return None
    return tuple(steps)


def _residual_steps(hidden: "ResidualHidden") -> tuple[Dense, ...]:
    """Return the two hidden layers, and what adds them to the linear path."""
    network, scale = hidden.network, hidden.scale
    branch = network.decoder_branch
    first = branch.weight1[0].numpy().T / np.float32(scale)
    columns = network.stacked()[0].numpy().T.copy()
    columns[:, : network.latent_size] /= np.float32(scale)
    return (
        Dense((0,), first, branch.bias1[0, 0].numpy(), True),
        Dense((1,), branch.weight2[0].numpy().T, branch.bias2[0, 0].numpy(), True),
        Dense((0, 1, 2), columns, network.bias[0, 0].numpy(), False),
    )
