"""What a component means: how much each gene changes when a latent does."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

from .reconstruction import Reconstruction

if TYPE_CHECKING:
    import torch

    from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import CodecNetwork

SAMPLES = 256
"""Samples that the slope of a last, non-linear step is looked at in.

Of a trained autoencoder the standard error was 0.15 % of the effect then, for the tenth of genes
with the largest effects.
"""
BLOCK_BYTES = 2**25
GENES_PER_TILE = 1024


@dataclass(frozen=True, eq=False)
class ComponentGenes:
    """How the decoded genes follow each component, averaged over samples.

    With ``x_g(z)`` the decoder's output for gene g, in the units of the data, and ``z_n`` the
    latents of sample n, the slope is the mean derivative ::

        slope[k, g] = 1/N sum_n  d x_g / d z_k  at z = z_n

    known as the average partial effect (Wooldridge, Econometric Analysis of Cross Section and
    Panel Data, 2nd ed. 2010, section 2.2.5). For PCA and NMF it is the component itself, the
    same in every sample. Slopes of different signs in different samples cancel.
    """

    genes: tuple[str, ...]
    """The codec's."""
    slope: np.ndarray
    """Units of the data for one unit of the latent. Of float32, shape (latent_size, n_genes)."""
    spread: np.ndarray
    """Standard deviation of each latent over the samples, in units of the latent. Of float64, shape
    (latent_size,)."""
    error: np.ndarray | None
    """Standard error of `slope` where it is an estimate (see `component_genes`). Of float32, shape
    (latent_size, n_genes)."""
    n_samples: int
    """Samples, N."""
    n_looked_at: int
    """Of these, in how many the slope of the last step was looked at; all of them where `error` is
    None."""

    @property
    def effect(self) -> np.ndarray:
        """Change of each gene, in units of the data, for one standard deviation of the latent.

        ``slope * spread``, float32 (latent_size, n_genes): so components compare with each other.
        Of PCA these are the loadings in their covariance scaling, eigenvector times square root
        of the eigenvalue (Jolliffe & Cadima 2016, doi:10.1098/rsta.2015.0202).
        """
        return self.slope * self.spread[:, None].astype(np.float32)

    @property
    def effect_error(self) -> np.ndarray | None:
        """Standard error of `effect`, float32 (latent_size, n_genes); None where it is exact."""
        if self.error is None:
            return None
        return self.error * self.spread[:, None].astype(np.float32)

    def gene_table(self, component: int) -> dict[str, np.ndarray]:
        """Return each gene's ``effect`` of a component (from 0), and its ``size`` without sign."""
        effect = self.effect[component]
        return {"effect": effect, "size": np.abs(effect)}

    @property
    def basis(self) -> str:
        """What was averaged over, in a sentence."""
        if self.error is None:
            return f"Exact mean over all {self.n_samples:,} samples."
        return (
            f"Mean over {self.n_samples:,} samples; the slope of the decoder's last step is "
            f"estimated from {self.n_looked_at:,} of them drawn at random."
        )


def component_genes(
    result: Reconstruction, *, n_samples: int = SAMPLES, seed: int = 0, report: Report = silent
) -> ComponentGenes:
    """Average the decoder's derivative over samples.

    The decoder is hidden layers h(z), a linear layer W and, for the published autoencoder, a
    sigmoid s. Derivatives are exact (forward mode, one pass for all components). Without a
    sigmoid W is taken after the mean: ``W mean_n(h')`` is exact, and all samples count. A sigmoid
    has a slope ``s'`` of its own in each sample and gene; with m the mean of ``s'`` ::

        mean_n(s' W h') = m W mean_n(h') + mean_n((s' - m) W h')

    of which the first ``mean_n`` is over all samples, the second and m are over `n_samples` drawn
    at random: the difference estimator (Cochran, Sampling Techniques, 3rd ed. 1977, chapter 7).
    The standard error is that of ``(s' - m) W h'`` over those, with the correction for drawing
    without replacement.

    Parameters
    ----------
    result : Reconstruction
        For the codec and the latents of the samples.
    n_samples : int
        Samples drawn where there is a sigmoid; all, and exactly, where there are no more.
    seed : int
        Of the drawing.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.

    Raises
    ------
    UserError
        If the codec's rows depend on each other.
    """
    import torch

    check_rows_are_alone(result.codec)
    network = result.codec.network()
    latents = torch.tensor(result.latents)
    n, k = latents.shape
    linear = isinstance(network.activation, torch.nn.Identity)
    n_tiles = 0 if linear else -(-len(result.codec.genes) // GENES_PER_TILE)
    stage, done = "Finding each component's genes", 0
    rows = max(1, BLOCK_BYTES // (4 * k * network.output.in_features))
    n_blocks = -(-n // rows)
    total = n_blocks + n_tiles

    hidden_slope = torch.zeros(k, network.output.in_features, dtype=torch.float64)
    for block in latents.split(rows):
        hidden_slope += _hidden_slopes(network, block).sum(1, dtype=torch.float64)
        done += 1
        report(Progress(stage, done, total))
    weight = network.output.weight
    slope = (hidden_slope / n).float() @ weight.T
    error, m = None, n
    if not linear:
        m = min(n, n_samples)
        drawn = np.sort(np.random.default_rng(seed).permutation(n)[:m])
        some = latents[drawn]
        hidden, slopes = network.hidden(some), _hidden_slopes(network, some)
        error = torch.zeros_like(slope)
        for start in range(0, len(weight), GENES_PER_TILE):
            tile = slice(start, start + GENES_PER_TILE)
            last = _activation_slope(network, hidden @ weight[tile].T + network.output.bias[tile])
            mean = last.mean(0)
            slope[:, tile] *= mean
            last -= mean
            for i in range(k):
                bend = (slopes[i] @ weight[tile].T).mul_(last)
                slope[i, tile] += bend.mean(0)
                error[i, tile] = bend.std(0) * ((1 - m / n) / m) ** 0.5
            done += 1
            report(Progress(stage, done, total))
    return ComponentGenes(
        genes=result.codec.genes,
        slope=slope.numpy(),
        spread=np.std(result.latents, axis=0, dtype=float),
        error=error.numpy() if error is not None and m < n else None,
        n_samples=n,
        n_looked_at=m,
    )


def check_rows_are_alone(codec: Codec) -> None:
    """Raise a `UserError` for a codec that cannot decode a sample by itself."""
    if codec.rows_together > 1:
        raise UserError(
            f"The codec {codec.id} decodes samples in batches that depend on each other, so a "
            "component has no effect of its own; compress without notebook mode"
        )


def _hidden_slopes(network: "CodecNetwork", latents: "torch.Tensor") -> "torch.Tensor":
    """Return the derivatives (k, n, h) of the activations before the last layer."""
    import torch

    n, k = latents.shape
    directions = torch.eye(k).unsqueeze(1).expand(k, n, k)

    def along(direction: "torch.Tensor") -> "torch.Tensor":
        return torch.func.jvp(network.hidden, (latents,), (direction,))[1]

    return torch.func.vmap(along)(directions)


def _activation_slope(network: "CodecNetwork", values: "torch.Tensor") -> "torch.Tensor":
    """Return the derivative of the last step, value by value."""
    import torch

    return torch.func.jvp(
        lambda before: network.activation(before.clone()), (values,), (torch.ones_like(values),)
    )[1]
