"""How often which reconstructed value comes for which original one, counted in cells."""

from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

from .value_pairs import JointHistogram as JointHistogram

if TYPE_CHECKING:
    from .reconstruction import Reconstruction

MAX_VALUES = 4_000_000
"""Values that are counted at most: 255 samples of 15,633 genes, 32 MB while counting."""

N_BINS = 150
_VALUES_A_STEP = 2**19
"""32 samples of 16,384 genes: a step takes a moment, and of few genes not more than needed."""


def density_of(
    result: "Reconstruction",
    *,
    most_values: int = MAX_VALUES,
    n_bins: int = N_BINS,
    seed: int = 0,
    report: Report = silent,
) -> JointHistogram:
    """Count original against reconstructed values.

    The whole reconstruction is never made: where there are more than `most_values` values,
    so many samples as have about that many are drawn at random, each as likely as any other,
    and decoded from their latents. Filled-in genes are left out, as in all errors.

    Parameters
    ----------
    result : Reconstruction
    most_values : int
        Values to count at most; at least one sample is counted.
    n_bins : int
        Bins along each axis.
    seed : int
        Of the draw: the same seed draws the same samples.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.

    Raises
    ------
    UserError
        The original values are not here.
    """
    usual = (most_values, n_bins, seed) == (MAX_VALUES, N_BINS, 0)
    if usual and result.density is not None:
        return result.density
    expression = result.expression
    n_samples, n_genes = expression.values.shape
    n_drawn = min(n_samples, max(1, most_values // n_genes))
    rows = np.arange(n_samples)
    if n_drawn < n_samples:
        rows = np.sort(np.random.default_rng(seed).choice(rows, n_drawn, replace=False))
    counted = np.ones(n_genes, bool)
    counted[[expression.column(gene) for gene in expression.filled]] = False

    step = max(1, _VALUES_A_STEP // n_genes)
    parts = [rows[i : i + step] for i in range(0, n_drawn, step)]
    pairs = []
    for done, part in enumerate(parts, 1):
        original = np.asarray(expression.values[part], np.float32)
        reconstructed = result.codec.decode(result.latents[part])
        pairs.append((original[:, counted], reconstructed[:, counted]))
        report(Progress("Decoding a sample", done, len(parts)))

    low = float(min(values.min() for pair in pairs for values in pair))
    high = float(max(values.max() for pair in pairs for values in pair))
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts = np.zeros(n_bins**2, np.int64)
    for pair in pairs:
        original, reconstructed = (_bins(values, low, high, n_bins) for values in pair)
        counts += np.bincount(original * n_bins + reconstructed, minlength=n_bins**2)
    edges = np.linspace(low, high, n_bins + 1)
    return JointHistogram(counts.reshape(n_bins, n_bins), edges, n_drawn, n_samples)


def _bins(values: np.ndarray, low: float, high: float, n_bins: int) -> np.ndarray:
    """Return the bin of each value, flat; the largest value is in the last bin."""
    index = ((values.ravel() - low) * (n_bins / (high - low))).astype(np.int32)
    return np.minimum(index, n_bins - 1, out=index)
