"""One sample closely: its expression against what the codec makes of it, and where it ranks."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .reconstruction import Reconstruction

WORST_GENES = 10


@dataclass(frozen=True, eq=False)
class SampleProfile:
    """A sample's expression, and its reconstruction from a few components."""

    sample: int
    """Its row."""
    name: str
    """Region, or voxel index ``x_y_z``."""
    rmse: float
    r2: float
    """`rmse`, `r2`: over its genes, as in `Reconstruction`: in the units of the expression, and at
    most 1; R2 is below 0 where the sample's mean would be closer than the reconstruction."""
    rank: int
    """Place among all samples by RMSE; 1 is the worst."""
    n_samples: int
    """Samples in all."""
    genes: tuple[str, ...]
    original: np.ndarray
    reconstructed: np.ndarray
    """`original`, `reconstructed`: in the units of the expression; NaN in the original where a gene
    was filled in, and in all of it where the expression is not here, or was not read. Of float32,
    shape (n_genes,)."""
    latents: np.ndarray
    """Its components; they have no unit. Of float32, shape (k,)."""
    latents_mean: np.ndarray
    """Of each component over all samples. Of float64, shape (k,)."""

    def worst_genes(self, most: int = WORST_GENES) -> np.ndarray:
        """Return the columns of the genes with the largest absolute errors, worst first.

        Filled-in genes are left out, as in all errors.
        """
        error = np.abs(self.reconstructed - self.original)
        order = np.argsort(-error, kind="stable")  # NaN comes last
        return order[: min(most, np.count_nonzero(~np.isnan(error)))]


def samples_by_error(result: "Reconstruction") -> np.ndarray:
    """Return the samples, that of the largest RMSE first, shape (n_samples,)."""
    return np.argsort(-result.rmse_samples, kind="stable")


def reconstructed_sample(result: "Reconstruction", sample: int) -> np.ndarray:
    """Return one sample over all genes, decoded from its latents, float32 (n_genes,)."""
    together = result.codec.rows_together
    first = sample - sample % together
    rows = result.codec.decode(result.latents[first : first + together])
    return rows[sample - first]


def profile_of(result: "Reconstruction", sample: int) -> SampleProfile:
    """Look closely at one sample (its row) of a compression."""
    return with_original(result, profile_without_original(result, sample))


def with_original(result: "Reconstruction", profile: SampleProfile) -> SampleProfile:
    """Return a profile with the sample's expression, which is read now, where it is here."""
    expression, original = result.expression, profile.original.copy()
    if result.has_originals:
        original[:] = expression.values[profile.sample]
    original[[expression.column(gene) for gene in expression.filled]] = np.nan
    return replace(profile, original=original)


def profile_without_original(result: "Reconstruction", sample: int) -> SampleProfile:
    """Look closely at one sample (its row) of a compression; nothing is read for it."""
    expression = result.expression
    rank = int(np.flatnonzero(samples_by_error(result) == sample)[0]) + 1
    return SampleProfile(
        sample=sample,
        name=expression.samples[sample],
        rmse=float(result.rmse_samples[sample]),
        r2=float(result.r2_samples[sample]),
        rank=rank,
        n_samples=expression.n_samples,
        genes=expression.genes,
        original=np.full(expression.n_genes, np.nan, np.float32),
        reconstructed=reconstructed_sample(result, sample),
        latents=result.latents[sample],
        latents_mean=result.latents.mean(axis=0, dtype=float),
    )
