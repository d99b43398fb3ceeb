"""The network of the residual autoencoder; `residual_projection` has how samples are encoded."""

from collections.abc import Callable

import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253

from napari_compressed_transcriptomics.core.matrix_products import addmm, matmul

Drop = Callable[[Tensor], Tensor]


def _keep(values: Tensor) -> Tensor:
    return values


class Branch(nn.Module):
    """Two hidden layers, the outputs of both of which are its features.

    As all here it is `members` networks at once, each with weights and rows of its own: arrays
    are (members, rows, columns).

    Parameters
    ----------
    members, n_in : int
        Networks, and columns of their input, whose rows have a norm near one.
    hidden_sizes : (int, int)
        Of the two layers.
    """

    def __init__(self, members: int, n_in: int, hidden_sizes: tuple[int, int]) -> None:
        super().__init__()
        wide, narrow = hidden_sizes
        self.width = wide + narrow
        self.weight1 = nn.Parameter(torch.empty(members, n_in, wide))
        self.bias1 = nn.Parameter(torch.empty(members, 1, wide))
        self.weight2 = nn.Parameter(torch.empty(members, wide, narrow))
        self.bias2 = nn.Parameter(torch.empty(members, 1, narrow))

    def draw(self, generator: torch.Generator) -> None:
        """Set random weights, the same for all members."""
        for weights, spread in (
            (self.weight1, 2.0),
            (self.bias1, 0.5),
            (self.weight2, (2 / self.weight1.shape[2]) ** 0.5),
            (self.bias2, 0.0),
        ):
            nn.init.normal_(weights[0], 0, spread, generator=generator)
            weights.data[1:] = weights.data[0]

    def forward(self, values: Tensor, drop: Drop = _keep) -> Tensor:
        """Return the features (members, rows, width); `drop` is done to each layer's output."""
        first = drop(functional.elu(values @ self.weight1 + self.bias1))
        second = drop(functional.elu(first @ self.weight2 + self.bias2))
        return torch.cat([first, second], -1)

    def layers(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features of each layer; for inference, with as few passes as can be."""
        first = functional.elu(addmm(self.bias1, values, self.weight1), inplace=True)
        second = functional.elu(addmm(self.bias2, first, self.weight2), inplace=True)
        return first, second

    def pulled_back(
        self, first: Tensor, second: Tensor, by_first: Tensor, by_second: Tensor
    ) -> Tensor:
        """Return derivatives by values, (members, rows, n_in), of what has these by `layers`."""
        # the derivative of ELU is 1 above zero and ELU + 1 below
        by_second = second.clamp(max=0).add_(1).mul_(by_second)
        by_first = addmm(by_first, by_second, self.weight2.mT)
        return matmul(first.clamp(max=0).add_(1).mul_(by_first), self.weight1.mT)

    def with_slopes(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features and their derivatives (members, rows, n_in, width)."""
        first = functional.elu(values @ self.weight1 + self.bias1)
        second = functional.elu(first @ self.weight2 + self.bias2)
        # the derivative of ELU is 1 above zero and ELU + 1 below
        slopes1 = self.weight1.unsqueeze(1) * (first.clamp(max=0) + 1).unsqueeze(2)
        slopes2 = slopes1 @ self.weight2.unsqueeze(1) * (second.clamp(max=0) + 1).unsqueeze(2)
        return torch.cat([first, second], -1), torch.cat([slopes1, slopes2], -1)


class ResidualNetwork(nn.Module):
    """Linear paths that start as PCA, and branches beside them that start at zero.

    Parameters
    ----------
    members, n_columns, latent_size : int
        Networks, columns of their input, and components.
    hidden_sizes : (int, int)
        Hidden layers of each branch.
    """

    def __init__(
        self, members: int, n_columns: int, latent_size: int, hidden_sizes: tuple[int, int]
    ) -> None:
        super().__init__()
        self.latent_size, self.hidden_sizes = latent_size, tuple(hidden_sizes)
        self.encoding = nn.Parameter(torch.zeros(members, n_columns, latent_size))
        self.decoding = nn.Parameter(torch.zeros(members, latent_size, n_columns))
        self.bias = nn.Parameter(torch.zeros(members, 1, n_columns))
        self.encoder_branch = Branch(members, n_columns, hidden_sizes)
        self.decoder_branch = Branch(members, latent_size, hidden_sizes)
        width = self.decoder_branch.width
        self.to_latents = nn.Parameter(torch.zeros(members, width, latent_size))
        self.to_columns = nn.Parameter(torch.zeros(members, width, n_columns))
        self.gain = width**-0.5  # so that one learning rate suits every width

    def start(self, components: Tensor, generator: torch.Generator) -> None:
        """Make it the PCA with these components (members, latent_size, n_columns)."""
        self.encoding.data.copy_(components.transpose(1, 2))
        self.decoding.data.copy_(components)
        self.encoder_branch.draw(generator)
        self.decoder_branch.draw(generator)

    def encode(self, values: Tensor, drop: Drop = _keep) -> Tensor:
        """Return a first guess of the latents, (members, rows, latent_size)."""
        features = self.encoder_branch(values, drop)
        return values @ self.encoding + features @ self.to_latents * self.gain

    def decode(self, latents: Tensor, drop: Drop = _keep) -> Tensor:
        """Return what latents stand for, (members, rows, n_columns)."""
        features = self.decoder_branch(latents, drop)
        return latents @ self.decoding + features @ self.to_columns * self.gain + self.bias

    def decode_with_slopes(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return `decode` and its derivatives (members, rows, latent_size, n_columns)."""
        features, slopes = self.decoder_branch.with_slopes(latents)
        weight = self.to_columns * self.gain
        decoded = latents @ self.decoding + features @ weight + self.bias
        return decoded, slopes @ weight.unsqueeze(1) + self.decoding.unsqueeze(1)

    def encoded(self, values: Tensor) -> Tensor:
        """Return `encode` but for rounding; for inference, as `Branch.layers`."""
        inputs = torch.cat([values, *self.encoder_branch.layers(values)], -1)
        return matmul(inputs, torch.cat([self.encoding, self.to_latents * self.gain], 1))

    def decoded(self, latents: Tensor) -> Tensor:
        """Return `decode` but for rounding; for inference, as `Branch.layers`."""
        inputs = torch.cat([latents, *self.decoder_branch.layers(latents)], -1)
        return addmm(self.bias, inputs, self.stacked())

    def stacked(self) -> Tensor:
        """Return what turns latents and features side by side into columns, but for the bias."""
        return torch.cat([self.decoding, self.to_columns * self.gain], 1)

    def member(self, index: int) -> dict[str, Tensor]:
        """Return a copy of one member's weights, as a state dict of a network of one."""
        return {
            name: tensor[index : index + 1].clone() for name, tensor in self.state_dict().items()
        }
