"""How far samples are from what a model was trained on; see `training_distribution`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.training_distribution import (
    QUANTILE,
    TrainingDistribution,
    scale_problem,
)
from napari_compressed_transcriptomics.core.expression import Expression

SIZEABLE = 0.2
"""Part of the brain that must be outside for a warning: four times what is expected."""

UNKNOWN = (
    "the model does not say what it was trained on: it is a published one, or was saved before "
    "models recorded this; fit it again to know the distance to training data"
)


@dataclass(frozen=True, eq=False)
class Novelty:
    """How far samples are from what the model was trained on."""

    latents: np.ndarray
    error: np.ndarray
    """`latents`, `error`: Mahalanobis distance of the latents, and RMSE, each over its cutoff. Of
    float64, shape (n_samples,)."""
    voxels: np.ndarray
    """Of each sample. Of int64, shape (n_samples,)."""

    @property
    def distance(self) -> np.ndarray:
        """The larger of the two, shape (n_samples,); above 1 is outside."""
        return np.maximum(self.latents, self.error)

    @property
    def outside(self) -> np.ndarray:
        """Which samples are outside, bool, shape (n_samples,)."""
        return ~(self.distance <= 1)  # what is no number is outside, too

    @property
    def share(self) -> float:
        """Part of the brain (of the samples' voxels) that is outside, 0..1."""
        return float(self.voxels[self.outside].sum() / self.voxels.sum())

    def summary(self) -> dict[str, Any]:
        """Return how much is outside, JSON-safe.

        Keys: share_outside (part of the brain), samples_outside (their number), quantile (of the
        training samples, beyond which a sample is outside in either distance).
        """
        return {
            "share_outside": self.share,
            "samples_outside": int(np.count_nonzero(self.outside)),
            "quantile": QUANTILE,
        }


def novelty_of(
    distribution: TrainingDistribution, latents: np.ndarray, rmse: np.ndarray, voxels: np.ndarray
) -> Novelty:
    """Return how far samples are from a codec's training data.

    Parameters
    ----------
    distribution : TrainingDistribution
        Of the codec.
    latents : ndarray, shape (n_samples, latent_size)
    rmse, voxels : ndarray, shape (n_samples,)
        Error over genes, and how many voxels, of each sample.
    """
    away = np.linalg.norm((latents - distribution.mean) @ distribution.whitening, axis=1)
    return Novelty(away / distribution.cutoffs[0], rmse / distribution.cutoffs[1], voxels)


def novelty_notes(
    distribution: TrainingDistribution | None, novelty: Novelty | None, expression: Expression
) -> tuple[str, ...]:
    """Return a sentence where data have another scale, or much is unlike the training data."""
    if distribution is None or novelty is None:
        return ()
    if problem := scale_problem(distribution, expression):
        return (problem,)
    if novelty.share <= SIZEABLE:
        return ()
    return (f"{novelty_line(novelty)}; doubt its latents there, or fit a model to this data",)


def distance_notes(novelty: Novelty | None, notes: tuple[str, ...]) -> tuple[str, ...]:
    """Return `novelty_line` and a result's notes, without saying anything twice."""
    line = novelty_line(novelty)
    return notes if any(line in note for note in notes) else (line, *notes)


def novelty_line(novelty: Novelty | None) -> str:
    """Return in a sentence how much of the brain is outside, or why that is not known."""
    if novelty is None:
        return f"Unlike the training data: not known, as {UNKNOWN}"
    n, outside = len(novelty.voxels), np.count_nonzero(novelty.outside)
    return (
        f"Unlike the training data: {novelty.share:.1%} of the brain ({outside:,} of {n:,} samples)"
    )
