"""The published notebook's inference to the letter, for those who must compare with it."""

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression

from .autoencoder import Autoencoder, clip_limits
from .codec import Codec
from .networks.autoencoder_network import ClippedLinear, CodecNetwork, Perceptron, Sigmoid

BATCH_ROWS = 1024


class NotebookAutoencoder(Autoencoder):
    """The autoencoder whose BatchNorm takes mean and variance from the batch at hand.

    The notebook never switches its network to evaluation mode, so a row's latents depend on
    the other rows of its batch: rows 1 to 1024, 1025 to 2048 and so on.
    """

    id = "autoencoder-notebook"
    rows_together = BATCH_ROWS

    def describe(self) -> str:
        """Return method and what is different here, in words."""
        return (
            f"{super().describe()}, normalised with the statistics of each batch of "
            f"{BATCH_ROWS:,} rows as in the published notebook"
        )

    def _build(self) -> CodecNetwork:
        first, *encoder = _with_batch_statistics(self.module.encoder)
        *hidden, output = _with_batch_statistics(self.module.decoder)
        return CodecNetwork(
            nn.Sequential(ClippedLinear(first, *self.clip), *encoder),
            nn.Sequential(*hidden),
            output,
            Sigmoid(),
        )


class BatchStatistics(nn.Module):
    """BatchNorm as in training, over each `BATCH_ROWS` rows; running statistics stay unused."""

    def __init__(self, norm: nn.BatchNorm1d) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, values: Tensor) -> Tensor:
        """Normalise (n, units) batch by batch."""
        batches, norm = values.split(BATCH_ROWS), self.norm
        if len(batches[-1]) == 1:
            raise UserError(
                f"The last batch of {BATCH_ROWS} rows has a single one, which has no variance, so "
                "the published notebook cannot encode it; leave a row out or turn notebook mode off"
            )
        return torch.cat(
            [
                nn.functional.batch_norm(
                    batch, None, None, norm.weight, norm.bias, training=True, eps=norm.eps
                )
                for batch in batches
            ]
        )


def _with_batch_statistics(half: Perceptron) -> list:
    return [BatchStatistics(m) if isinstance(m, nn.BatchNorm1d) else m for m in half.mlp]


def as_notebook(codec: Codec, expression: Expression) -> NotebookAutoencoder:
    """Return the codec that does with `expression` what the published notebook does.

    Beside the batch statistics, it clips to the 0.1 and 99.9 percentiles of all values at hand.

    Parameters
    ----------
    codec : Autoencoder
        With the published weights.
    expression : Expression
        All rows that will be encoded, in their order.

    Raises
    ------
    UserError
        The codec is no autoencoder, or genes are missing.
    """
    if not isinstance(codec, Autoencoder):
        raise UserError(f"notebook mode is for the published autoencoder, not {codec.id}")
    clip = clip_limits(np.asarray(expression.aligned_to(codec.genes).values))
    record = {**codec.training, "clip_from": "0.1 and 99.9 percentiles of the data encoded"}
    return NotebookAutoencoder(
        codec.module, codec.hidden_sizes, clip, codec.genes, codec.gene_means, record
    )
