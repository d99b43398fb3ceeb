"""The published inference path, written anew from its description.

A MONAI loader (batches of 1024, 8 worker processes) over one dict a row, of float64 values; for
each batch the encoder runs once and the whole network twice (once for the
reconstruction, once for the loss); latents and reconstructions are appended to float64 arrays by
concatenation; then the RMSE over the flattened matrices. The network is left in training mode and
gradients are tracked, as published. It computes in float32 there; the description can also be read
as float64 throughout, so both are measured.
"""

import warnings

import numpy as np

from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import AutoencoderNetwork

BATCH_SIZE, WORKERS = 1024, 8


def available() -> bool:
    """Tell whether MONAI is installed."""
    from importlib.util import find_spec

    return find_spec("monai") is not None


def published_inference(network: AutoencoderNetwork, values: np.ndarray) -> float:
    """Encode and decode float64 rows, in the mode that the network is in; return the RMSE."""
    dtype = network.encoder.output.weight.dtype
    n_genes, latent_size = values.shape[1], network.encoder.output.out_features
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more workers than cores; MONAI's own
        from monai.data import DataLoader, Dataset

        rows = [{"expression": row, "target": 0.0} for row in values]
        loader = DataLoader(Dataset(rows), batch_size=BATCH_SIZE, num_workers=WORKERS)
        latents, reconstruction, loss = np.empty((0, latent_size)), np.empty((0, n_genes)), 0.0
        for batch in loader:
            expression = batch["expression"].to(dtype)
            encoded = network.encoder(expression).detach().numpy()
            latents = np.concatenate((latents, encoded))
            decoded = network(expression).detach().numpy()
            reconstruction = np.concatenate((reconstruction, decoded))
            loss += float(((expression - network(expression)) ** 2).sum().detach())
    return float(np.sqrt(((values.flatten() - reconstruction.flatten()) ** 2).mean()))
