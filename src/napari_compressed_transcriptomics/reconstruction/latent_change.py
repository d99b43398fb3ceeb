"""What the decoded genes do when the latents of one sample are changed by hand."""

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.display_range import display_range

from .components import check_rows_are_alone


def usual_range(latents: np.ndarray) -> np.ndarray:
    """Return where most samples lie, the 1st and 99th percentile of each component, (k, 2).

    A component that is the same in all samples gets one unit around it.
    """
    return np.array([display_range(component) for component in latents.T])


def decoded_change(codec: Codec, start: np.ndarray, latents: np.ndarray) -> np.ndarray:
    """Return ``decode(latents) - decode(start)``, float32 (n_genes,), in units of the data.

    Parameters
    ----------
    codec : Codec
    start, latents : ndarray, shape (latent_size,)
        Of one sample, before and after.

    Raises
    ------
    UserError
        If the codec cannot decode a sample by itself.
    """
    check_rows_are_alone(codec)
    before, after = (codec.decode(row[None])[0] for row in (start, latents))
    return after - before


def largest_changes(change: np.ndarray, count: int = 10) -> np.ndarray:
    """Return the genes that rise most and those that fall most, as indices into `change`.

    Parameters
    ----------
    change : ndarray, shape (n_genes,)
    count : int
        At most so many of each.

    Returns
    -------
    ndarray of int
        From the largest rise down to the largest fall; genes that stay are left out.
    """
    order = np.argsort(-change, kind="stable")
    rises, falls = order[:count], order[-count:]
    return np.concatenate([rises[change[rises] > 0], falls[change[falls] < 0]])
