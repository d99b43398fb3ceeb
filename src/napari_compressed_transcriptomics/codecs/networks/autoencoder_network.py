"""The networks: the published autoencoder, and the form that all codecs are run in."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253
from torch.nn.utils.fusion import fuse_linear_bn_eval  # noqa: TID253

from napari_compressed_transcriptomics.core.matrix_products import addmm

HIDDEN_SIZES = (500, 250, 125)
GENES_PER_TILE = 1024


class CodecNetwork(nn.Module):
    """A codec as it is run: for inference only, in evaluation mode, without gradients.

    Attributes
    ----------
    encoder : Module
        Expression (n, genes) to latents (n, k).
    hidden : Module
        Latents to the activations (n, h) before the last layer.
    output : Linear
        Activations to genes. Row ``j`` of its weight is all that gene ``j`` needs.
    activation : Module
        Last step, may work in place.
    """

    def __init__(
        self, encoder: nn.Module, hidden: nn.Module, output: nn.Linear, activation: nn.Module
    ) -> None:
        super().__init__()
        self.encoder, self.hidden = encoder, hidden
        self.output, self.activation = output, activation
        self.eval().requires_grad_(False)

    def decode(self, latents: Tensor) -> Tensor:
        """Return the reconstruction (n, genes) of latents (n, k)."""
        return self.activation(self.output(self.hidden(latents)))

    def forward(self, expression: Tensor) -> Tensor:
        """Return the reconstruction of expression, both (n, genes)."""
        return self.decode(self.encoder(expression))


class _Given(nn.Linear):
    """A linear layer for inference; nothing is drawn, for which PyTorch's way is slow to import."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        nn.Module.__init__(self)
        self.out_features, self.in_features = weight.shape
        self.weight, self.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)

    def forward(self, values: Tensor) -> Tensor:
        """Return ``values @ weight.T + bias``."""
        return addmm(self.bias, values, self.weight.T)


def linear_layer(weight: np.ndarray, bias: np.ndarray) -> nn.Linear:
    """Return a layer that gives ``values @ weight.T + bias``, in float32."""
    with np.errstate(over="ignore"):  # what is too large is infinite, as PyTorch has it
        parts = [np.array(given, np.float32, order="C") for given in (weight, bias)]
    return _Given(*map(torch.from_numpy, parts))


class Sigmoid(nn.Module):
    """Logistic function, in place."""

    def forward(self, values: Tensor) -> Tensor:
        """Overwrite `values`."""
        return values.sigmoid_()


class ClippedLinear(nn.Module):
    """Linear layer of values that are clipped first, tile by tile.

    The clipped copy of a whole block would go through main memory; a tile stays in cache.
    """

    def __init__(self, linear: nn.Linear, low: float, high: float) -> None:
        super().__init__()
        self.linear, self.low, self.high = linear, low, high

    def forward(self, values: Tensor) -> Tensor:
        """Return ``linear(clip(values, low, high))``."""
        weight = self.linear.weight
        out: Tensor = self.linear.bias
        memory = values.new_empty(len(values) * GENES_PER_TILE)  # one for all: its pages stay
        for start in range(0, values.shape[1], GENES_PER_TILE):
            part = values[:, start : start + GENES_PER_TILE]
            tile = memory[: part.numel()].view(part.shape)
            torch.clamp(part, self.low, self.high, out=tile)
            out = addmm(out, tile, weight[:, start : start + GENES_PER_TILE].T)
        return out


class Perceptron(nn.Module):
    """Linear, BatchNorm and ELU a hidden layer; the last layer is plain.

    State-dict keys are those of the published files: ``mlp.fc0.weight``, ``mlp.bn0.weight`` ...
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        last = len(sizes) - 2
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
            layers[f"fc{i}"] = nn.Linear(n_in, n_out)
            if i < last:
                layers[f"bn{i}"] = nn.BatchNorm1d(n_out)
                layers[f"elu{i}"] = nn.ELU()
        self.mlp = nn.Sequential(layers)

    def forward(self, values: Tensor) -> Tensor:
        """Return the last layer's values."""
        return self.mlp(values)

    @property
    def output(self) -> Any:
        """The last, plain linear layer."""
        return self.mlp[-1]

    def folded(self) -> list[Any]:
        """Return the layers with each BatchNorm's running statistics inside its linear layer."""
        self.eval()
        layers: list[Any] = []
        for layer in self.mlp:
            if isinstance(layer, nn.BatchNorm1d):
                layers[-1] = fuse_linear_bn_eval(layers[-1], layer)
            else:
                layers.append(layer)
        return layers


class AutoencoderNetwork(nn.Module):
    """The network of Ruffle et al. 2024 (doi:10.1002/hbm.26795).

    Parameters
    ----------
    n_genes, latent_size : int
        Width of input and output, and of the latents.
    hidden_sizes : sequence of int
        Layers of the encoder; the decoder is its mirror image.
    """

    def __init__(
        self, n_genes: int, latent_size: int, hidden_sizes: Sequence[int] = HIDDEN_SIZES
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        sizes = [n_genes, *hidden_sizes, latent_size]
        self.encoder = Perceptron(sizes)
        self.decoder = Perceptron(sizes[::-1])

    @classmethod
    def empty(
        cls, n_genes: int, latent_size: int, hidden_sizes: Sequence[int] = HIDDEN_SIZES
    ) -> "AutoencoderNetwork":
        """Return a network without memory (on the meta device): shapes only."""
        with torch.device("meta"):
            return cls(n_genes, latent_size, hidden_sizes)

    @classmethod
    def seeded(
        cls, n_genes: int, latent_size: int, hidden_sizes: Sequence[int], generator: torch.Generator
    ) -> "AutoencoderNetwork":
        """Return a network with PyTorch's usual random weights, drawn from `generator`.

        The global random state is left as it is.
        """
        network = cls.empty(n_genes, latent_size, hidden_sizes).to_empty(device="cpu")
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                bound = layer.in_features**-0.5
                nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
            elif isinstance(layer, nn.BatchNorm1d):
                layer.reset_parameters()
        return network

    def forward(self, expression: Tensor) -> Tensor:
        """Return the reconstruction of expression, both (n, genes)."""
        return torch.sigmoid(self.decoder(self.encoder(expression)))

    def for_inference(self, low: float, high: float) -> CodecNetwork:
        """Return the network in evaluation mode, BatchNorm folded, input clipped first."""
        first, *encoder = self.encoder.folded()
        *hidden, output = self.decoder.folded()
        return CodecNetwork(
            nn.Sequential(ClippedLinear(first, low, high), *encoder),
            nn.Sequential(*hidden),
            output,
            Sigmoid(),
        )
