"""Latents as they are published, scaled to 0..1, back to those that a codec decodes.

Published latents are ``(z - min) / (max - min)`` of each component over the whole image, outside of
the brain being ``z = 0``. So the value around the brain tells where 0 was (of the published PCA
it is the mean within the brain to 1e-4 of the standard deviation, as it must be of centred
components), and one number per component is lost: by how much it was scaled. That is taken from
what the codec knows of latents: the spread of its training samples', or of the published sample's.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.readers.latents.read import Latents

_EXACT = 1e-6
_FAR = 0.5
"""Standard deviations between the middle of latents and of the codec's own, of which to warn."""
_FEWEST = 20


@dataclass(frozen=True, eq=False)
class KnownSpread:
    """What latents of a codec are like."""

    mean: np.ndarray
    sd: np.ndarray
    """`mean`, `sd`: of float64, shape (k,)."""
    of: str
    """Of which samples, as the end of a sentence."""


def is_scaled(latents: Latents) -> bool:
    """Tell whether every component goes from 0 to 1 exactly, its background included."""
    values = latents.values
    if len(values) < _FEWEST:
        return False
    around = [b for b in latents.backgrounds if b is not None] or [np.nan]
    least = np.fmin(values.min(axis=0), np.resize(around, values.shape[1]))
    most = np.fmax(values.max(axis=0), np.resize(around, values.shape[1]))
    return bool((np.abs(least) < _EXACT).all() and (np.abs(most - 1) < _EXACT).all())


def with_ranges(values: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Return latents whose components went from ``ranges[0]`` to ``ranges[1]`` before scaling.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        0 to 1.
    ranges : ndarray, shape (2, k)
        Least and largest value of each component.
    """
    low, high = np.asarray(ranges, float)
    return (low + values * (high - low)).astype(np.float32)


def unscaled(latents: Latents, known: KnownSpread) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return latents before they were scaled to 0..1, as far as that can be told.

    Parameters
    ----------
    latents : Latents
        Scaled, see `is_scaled`.
    known : KnownSpread

    Returns
    -------
    values : ndarray of float32, shape (n, k)
        Of the standard deviation that is known; 0 where the background was, else with the mean
        that is known.
    notes : tuple of str
        What was done, and what is in doubt.
    """
    scaled = latents.values.astype(float)
    sd = scaled.std(axis=0)
    if (sd == 0).any():
        raise UserError(f"{latents.name} has a component that is the same everywhere")
    factor = known.sd / sd
    zero = np.array([np.nan if b is None else b for b in latents.backgrounds or [None]], float)
    zero = np.resize(zero, len(sd))
    at_zero = np.isfinite(zero)
    raw = (scaled - np.where(at_zero, zero, scaled.mean(axis=0))) * factor
    raw += np.where(at_zero, 0, known.mean)
    lost = "by how much is not recorded" if at_zero.all() else "from which values is not recorded"
    notes = [
        f"{latents.name} is scaled to 0..1, and {lost}: each component was given the spread that "
        f"it has in {known.of}; genes decoded are as right as this guess"
    ]
    off = np.abs(raw.mean(axis=0) - known.mean) / known.sd
    if (off > _FAR).any():
        worst = int(off.argmax())
        notes.append(
            f"The middle of component {worst + 1} is {off[worst]:.1f} standard deviations from "
            f"that in {known.of}: these latents may be another model's, and genes decoded wrong"
        )
    return raw.astype(np.float32), tuple(notes)


def spread_known(codec: Codec, sample: Path | None = None) -> KnownSpread | None:
    """Return what latents of a codec are like; None where nothing tells.

    Parameters
    ----------
    codec : Codec
    sample : Path, optional
        The published sample table, for weights that keep nothing of their training.
    """
    distribution: Any = codec.training_distribution
    if distribution is not None:
        # (z - mean) @ whitening is white: the covariance is the inverse of its square
        inverse = np.linalg.pinv(distribution.whitening)
        sd = np.sqrt(np.diag(inverse.T @ inverse))
        if (sd > 0).all():
            return KnownSpread(distribution.mean, sd, "its model's training data")
    if sample is None or not sample.is_file():
        return None
    from napari_compressed_transcriptomics.io.readers.text_table import read_text_table

    table = read_text_table(sample)
    if tuple(table.genes) != codec.genes:
        return None
    latents = codec.encode(np.ascontiguousarray(table.values, np.float32)).astype(float)
    return KnownSpread(
        latents.mean(axis=0), latents.std(axis=0), f"the {len(latents)} samples of {sample.name}"
    )
