"""The published inference path, written anew from its description.

A MONAI loader (batches of 1024, 8 worker processes) over one dict a row, in float64; for each
batch the encoder runs once and the whole network twice; results are appended by concatenation;
then the RMSE over the flattened matrices. In its favour, the network runs in evaluation mode.
The description leaves open whether the network, too, computes in float64: both are measured.
"""

import warnings

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.core.networks import AutoencoderNetwork

BATCH_SIZE, WORKERS = 1024, 8


def available() -> bool:
    """Tell whether MONAI is installed."""
    from importlib.util import find_spec

    return find_spec("monai") is not None


@torch.no_grad()
def published_inference(network: AutoencoderNetwork, values: np.ndarray) -> float:
    """Encode and decode float64 rows in the network's own precision; return the RMSE."""
    dtype = network.encoder.output.weight.dtype
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more workers than cores; MONAI's own
        from monai.data import DataLoader, Dataset

        rows = [{"expression": row} for row in values]
        loader = DataLoader(Dataset(rows), batch_size=BATCH_SIZE, num_workers=WORKERS)
        latents = reconstructions = originals = None
        for batch in loader:
            expression = batch["expression"].to(dtype)
            encoded = network.encoder(expression).numpy()
            network(expression)
            decoded = network(expression).numpy()
            original = batch["expression"].numpy()
            if latents is None:
                latents, reconstructions, originals = encoded, decoded, original
            else:
                latents = np.concatenate((latents, encoded))
                reconstructions = np.concatenate((reconstructions, decoded))
                originals = np.concatenate((originals, original))
    return float(np.sqrt(np.mean((originals.flatten() - reconstructions.flatten()) ** 2)))
