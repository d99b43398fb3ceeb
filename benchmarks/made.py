"""Data and a model of the published size, made up: speed does not depend on the numbers."""

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder
from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import (
    HIDDEN_SIZES,
    AutoencoderNetwork,
)
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation

N_VOXELS_8MM, N_VOXELS_4MM, N_GENES, LATENT_SIZE = 3_670, 29_300, 15_633, 64
GENES = tuple(f"GENE{i}" for i in range(N_GENES))


def make_expression(n_samples: int, empty: bool = False) -> Expression:
    """Return random values in 0.3..0.7, or the shape alone, without memory."""
    if empty:
        values = np.broadcast_to(np.float32(0.5), (n_samples, N_GENES))
    else:
        values = np.random.default_rng(0).random((n_samples, N_GENES), np.float32)
        values *= 0.4
        values += 0.3
    return placed(values, GENES)


def placed(values: np.ndarray, genes: tuple[str, ...], name: str = "made") -> Expression:
    """Return values as expression, one voxel a row in a line."""
    n_samples = len(values)
    mask = np.ones((n_samples, 1, 1), bool)
    names = tuple(map(str, range(n_samples)))
    return Expression(values, genes, names, Parcellation.from_mask(mask, np.eye(4)), name)


def make_codec() -> Autoencoder:
    """Return the published network with random weights."""
    network = AutoencoderNetwork.seeded(
        N_GENES, LATENT_SIZE, HIDDEN_SIZES, torch.Generator().manual_seed(0)
    )
    return Autoencoder(network, HIDDEN_SIZES, (0.3, 0.7), GENES, np.full(N_GENES, 0.5))
