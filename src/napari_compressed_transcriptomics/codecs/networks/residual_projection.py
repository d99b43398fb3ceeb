"""The residual autoencoder's encoder: projection onto what its decoder can give.

The latents of a sample are those that decode nearest to it, ``argmin_z |x - decode(z)|``: what
PCA's encoder is for a linear decoder. From the encoder's guess they are found by steps that are
taken only where they do not raise the error, so the outcome is never worse than the guess. Every
row takes the same number of steps, whatever the rows beside it do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from napari_compressed_transcriptomics.core.matrix_products import matmul

from .residual_network import ResidualNetwork

MOST_STEPS = 24
"""Of `nearest`. Of two components 12 leave samples far from those trained on up to 1 % too high."""
SLOPE_STEPS = 12
"""Of `project_by_slopes`, in every model of its kind."""

ROWS_AT_ONCE, ROWS_AT_ONCE_ON_GPU = 512, 2**14
"""On a CPU what a step works on stays in its cache."""
MEMORY = 2
ROUNDING = 1e-6
"""Of an error: less of a rise is none, so that rows near their end go on to where it is flat."""
LEAST_CURVATURE, SHORTEST = 1e-3, 3e-5
"""Of moves that tell about curvature; rows have a norm near one."""
ROWS_FOR_CURVATURE = 128

SLOPES_BYTES = 64 * 2**20
FIRST_DAMPING = 1e-2


@dataclass(frozen=True, eq=False)
class Projection:
    """How a network's latents are found."""

    steps: int
    """Of `nearest`, from 1."""
    curvature: Tensor
    """Inverse of `mean_curvature`. Shape (latent_size, latent_size)."""


def project(network: ResidualNetwork, values: Tensor, projection: Projection) -> Tensor:
    """Return the latents that decode nearest to each row, (members, rows, latent_size)."""
    size = ROWS_AT_ONCE if values.device.type == "cpu" else ROWS_AT_ONCE_ON_GPU
    parts = []
    for part in values.split(size, 1):
        for found in nearest(network, part, projection):
            latents = found[0]
        parts.append(latents)
    return torch.cat(parts, 1)


def nearest(
    network: ResidualNetwork, values: Tensor, projection: Projection
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield latents (members, rows, k) and squared errors (members, rows) after 0, 1, ... steps.

    A quasi-Newton method, as derivatives of all columns by all latents are what takes time: only
    the gradient is computed, and the curvature is the mean one (`mean_curvature`), mended for each
    row by what its last `MEMORY` steps have met (L-BFGS; Nocedal & Wright, Numerical Optimization,
    2nd ed. 2006, algorithm 7.4). 12 steps end no higher than 12 of Levenberg and Marquardt.
    """
    stacked, branch, k = network.stacked(), network.decoder_branch, network.latent_size
    centred, wide = values - network.bias, k + network.hidden_sizes[0]

    def left_by(latents: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        layers = branch.layers(latents)
        return layers, centred - matmul(torch.cat([latents, *layers], -1), stacked)

    def uphill(layers: tuple[Tensor, Tensor], left: Tensor) -> Tensor:
        by_inputs = matmul(left, stacked.mT)
        by_layers = by_inputs[..., k:wide], by_inputs[..., wide:]
        return by_inputs[..., :k] + branch.pulled_back(*layers, *by_layers)

    latents = network.encoded(values)
    layers, left = left_by(latents)
    error = left.square().sum(-1, keepdim=True)
    length = torch.ones_like(error)
    yield latents, error[..., 0]
    gradient, pairs = uphill(layers, left), _Pairs(projection.curvature)
    for step in range(projection.steps):
        tried = latents + length * pairs.direction(gradient)
        layers, left = left_by(tried)
        new_error = left.square().sum(-1, keepdim=True)
        better = new_error <= error * (1 + ROUNDING)
        if step + 1 < projection.steps:
            new_gradient = uphill(layers, left)
            pairs.add(tried - latents, gradient - new_gradient)
            gradient = torch.where(better, new_gradient, gradient)
            length = torch.where(better, (2 * length).clamp(max=1), length / 4)
        latents = torch.where(better, tried, latents)
        error = torch.where(better, new_error, error)
        yield latents, error[..., 0]


class _Pairs:
    """What the last steps of each row met: moves, and how the gradient changed along them."""

    def __init__(self, curvature: Tensor) -> None:
        self.curvature = curvature
        self.kept: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, move: Tensor, change: Tensor) -> None:
        """Remember a step, taken or not; where it met no valley, or rounding, it counts nothing."""
        along, size = _dot(move, change), _dot(move, move)
        weight = torch.where((along > LEAST_CURVATURE * size) & (size > SHORTEST**2), 1 / along, 0)
        self.kept = [*self.kept, (move, change, weight)][-MEMORY:]

    def direction(self, gradient: Tensor) -> Tensor:
        """Return the step to take."""
        parts = []
        for move, change, weight in reversed(self.kept):
            part = weight * _dot(move, gradient)
            parts.append(part)
            gradient = gradient - part * change
        direction = gradient @ self.curvature
        for move, change, weight in self.kept:
            direction = direction + (parts.pop() - weight * _dot(change, direction)) * move
        return direction


def _dot(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).sum(-1, keepdim=True)


def mean_curvature(network: ResidualNetwork, values: Tensor) -> Tensor:
    """Return the inverse, (k, k), of the mean over rows of ``J J^T``, J the decoder's derivatives.

    Of the first member, at the encoder's guess of the rows; some `ROWS_FOR_CURVATURE` are enough.
    """
    slopes = network.decode_with_slopes(network.encode(values))[1][0]
    flat = slopes.transpose(0, 1).flatten(1)
    normal = (flat @ flat.T / len(slopes)).cpu().double()
    least = 1e-6 * normal.diagonal().mean() + 1e-12
    unit = torch.eye(len(normal), dtype=torch.float64)
    inverse = torch.linalg.inv(normal + least * unit).float().contiguous()  # as files hold it:
    return inverse.to(values.device)  # products differ in their last digits with the layout


def steps_enough(errors: Tensor, tolerance: float) -> int:
    """Return after how many steps, from 1, the mean error is what it is after all of them.

    Parameters
    ----------
    errors : Tensor, shape (n_steps + 1, n_rows)
        Squared errors of rows that were not learned from.
    tolerance : float
        What may be missing, as a part of the error.
    """
    means = errors.double().mean(1)
    enough = means <= (1 + tolerance) * means[-1]
    return max(1, int(enough.int().argmax())) if enough.any() else len(errors) - 1


@torch.no_grad()
def project_by_slopes(network: ResidualNetwork, values: Tensor, steps: int = SLOPE_STEPS) -> Tensor:
    """Return the latents that decode nearest to each row, (members, rows, latent_size).

    By Levenberg-Marquardt, as models were encoded that do not tell how: to the bit as then.
    """
    members, _, n_columns = values.shape
    row_bytes = 4 * members * network.latent_size * (n_columns + network.decoder_branch.width)
    size = max(1, SLOPES_BYTES // row_bytes)
    parts = [_by_slopes(network, part, steps) for part in values.split(size, 1)]
    return torch.cat(parts, 1) if parts else network.encode(values)


def _by_slopes(network: ResidualNetwork, values: Tensor, steps: int) -> Tensor:
    latents = network.encode(values)
    decoded, slopes = network.decode_with_slopes(latents)
    left = values - decoded
    error = left.square().sum(-1)
    damping = torch.full_like(error, FIRST_DAMPING)
    unit = torch.eye(network.latent_size, device=values.device)
    for _ in range(steps):
        normal = slopes @ slopes.transpose(-1, -2)
        size = normal.diagonal(dim1=-2, dim2=-1).mean(-1)
        damped = normal + (damping * size + 1e-9)[..., None, None] * unit
        step = torch.linalg.solve(damped, (slopes @ left.unsqueeze(-1)))
        tried = latents + step.squeeze(-1)
        decoded, new_slopes = network.decode_with_slopes(tried)
        new_left = values - decoded
        new_error = new_left.square().sum(-1)
        better = new_error < error
        error = torch.where(better, new_error, error)
        latents = torch.where(better[..., None], tried, latents)
        left = torch.where(better[..., None], new_left, left)
        slopes = torch.where(better[..., None, None], new_slopes, slopes)
        damping = torch.where(better, damping / 10, damping * 10).clamp(1e-6, 1e6)
    return latents


class ProjectionEncoder(nn.Module):
    """Expression to latents: rotate to few columns, then project.

    Parameters
    ----------
    rotation : Linear
        Expression (n, genes) to the columns of the network.
    network : ResidualNetwork
        Of one member.
    scale : float
        What the network's latents are multiplied by.
    projection : Projection or None
        None for `project_by_slopes`.
    """

    def __init__(
        self,
        rotation: nn.Linear,
        network: ResidualNetwork,
        scale: float,
        projection: Projection | None,
    ) -> None:
        super().__init__()
        self.rotation, self.network, self.scale = rotation, network, scale
        self.steps = 0 if projection is None else projection.steps
        self.curvature: Tensor | None
        self.register_buffer("curvature", None if projection is None else projection.curvature)

    def forward(self, expression: Tensor) -> Tensor:
        """Return latents (n, k)."""
        values = self.rotation(expression).unsqueeze(0)
        if self.curvature is None:
            return project_by_slopes(self.network, values)[0] * self.scale
        projection = Projection(self.steps, self.curvature)
        return project(self.network, values, projection)[0] * self.scale


class ResidualHidden(nn.Module):
    """Latents to the columns that they stand for, (n, n_columns)."""

    def __init__(self, network: ResidualNetwork, scale: float) -> None:
        super().__init__()
        self.network, self.scale = network, scale

    def forward(self, latents: Tensor) -> Tensor:
        """Return what the last layer rotates to genes."""
        latents = (latents / self.scale).unsqueeze(0)
        if torch.is_inference_mode_enabled():
            return self.network.decoded(latents)[0]
        return self.network.decode(latents)[0]  # derivatives may be taken through it
