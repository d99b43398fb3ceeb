"""What a component means: all components' genes at the size of a 4 mm brain."""

import time

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder
from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import (
    HIDDEN_SIZES,
    AutoencoderNetwork,
)
from napari_compressed_transcriptomics.codecs.networks.residual_network import ResidualNetwork
from napari_compressed_transcriptomics.codecs.residual import COLUMNS_BEYOND, ResidualAutoencoder
from napari_compressed_transcriptomics.codecs.training.residual_settings import ResidualSettings
from napari_compressed_transcriptomics.reconstruction.components import component_genes
from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

from . import made
from .line import Line

LATENT_SIZE, SECONDS = 16, 10


def top_genes() -> list[Line]:
    """Find the genes of all components, k = 16, with a sigmoid at the end and without."""
    lines = []
    for name, codec in (("published network", _published()), ("residual", _residual())):
        result = _result(codec)
        codec.network()  # as after compressing
        begun = time.perf_counter()
        genes = component_genes(result)
        seconds = time.perf_counter() - begun
        error = "exact"
        if genes.error is not None:
            relative = np.median(genes.error / np.abs(genes.slope))
            error = f"median standard error {relative:.1e} of the change"
        lines.append(
            Line(
                f"genes of all components, 29,300 x 15,633, k = 16, {name}",
                f"{seconds:.1f} s ({error})",
                f"{SECONDS} s",
                seconds < SECONDS,
            )
        )
    return lines


def _published() -> Autoencoder:
    generator = torch.Generator().manual_seed(0)
    network = AutoencoderNetwork.seeded(made.N_GENES, LATENT_SIZE, HIDDEN_SIZES, generator)
    return Autoencoder(network, HIDDEN_SIZES, (0.3, 0.7), made.GENES, np.full(made.N_GENES, 0.5))


def _residual() -> ResidualAutoencoder:
    columns = LATENT_SIZE + COLUMNS_BEYOND
    widths = ResidualSettings.for_data(made.N_VOXELS_4MM, LATENT_SIZE).hidden_sizes
    network = ResidualNetwork(1, columns, LATENT_SIZE, widths)
    network.start(torch.eye(LATENT_SIZE, columns)[None], torch.Generator().manual_seed(0))
    torch.nn.init.normal_(network.to_columns, generator=torch.Generator().manual_seed(1))
    rotation = np.random.default_rng(0).normal(size=(columns, made.N_GENES)) / made.N_GENES**0.5
    return ResidualAutoencoder(network, None, rotation, 1.0, made.GENES, np.full(made.N_GENES, 0.5))


def _result(codec: Codec) -> Reconstruction:
    """Return a result that has latents and nothing else."""
    latents = np.random.default_rng(0).normal(size=(made.N_VOXELS_4MM, LATENT_SIZE))
    nothing = dict.fromkeys(Reconstruction.__dataclass_fields__, np.zeros(0))
    given = {"codec": codec, "latents": latents.astype(np.float32), "notes": ()}
    expression = made.make_expression(made.N_VOXELS_4MM, empty=True)
    return Reconstruction(**{**nothing, **given, "expression": expression})
