"""How good predictions of held-out samples are: R2, its confidence interval and p-value."""

from collections.abc import Sequence

import numpy as np

from napari_compressed_transcriptomics.spatial.cross_validation import Fold
from napari_compressed_transcriptomics.spatial.p_values import p_value


def out_of_sample_r2(
    maps: np.ndarray, predicted: Sequence[np.ndarray], folds: Sequence[Fold]
) -> tuple[tuple[float, float, float, float], np.ndarray]:
    """Return (R2, its confidence limits, p-value) of the first map, and its predictions.

    R2 is that of Campbell and Thompson 2008 (doi:10.1093/rfs/hhm055): against the mean of the
    training samples, so that nothing of the held-out ones is used. The interval treats it as a
    ratio of means over folds and corrects the variance for training sets that overlap (Nadeau
    & Bengio 2003, doi:10.1023/A:1024068626366), with Student's t;
    it ends at 1.

    Parameters
    ----------
    maps : ndarray, shape (n, 1 + n_surrogates)
        The target, then its surrogates.
    predicted : sequence of ndarray, shape (n_test, 1 or 1 + n_surrogates)
        One a fold.
    folds : sequence of Fold
    """
    from scipy.stats import t

    width = predicted[0].shape[1]
    error, spread = np.zeros((2, len(folds), width))
    total, count = np.zeros((2, len(maps)))
    for row, (fold, prediction) in enumerate(zip(folds, predicted, strict=True)):
        held_out = maps[fold.test, :width]
        error[row] = ((held_out - prediction) ** 2).sum(axis=0)
        spread[row] = ((held_out - maps[fold.train, :width].mean(axis=0)) ** 2).sum(axis=0)
        total[fold.test] += prediction[:, 0]
        count[fold.test] += 1
    r2 = 1 - error.sum(axis=0) / spread.sum(axis=0)
    off = (error[:, 0] - (1 - r2[0]) * spread[:, 0]) / spread[:, 0].mean()
    ratio = np.mean([len(fold.test) / len(fold.train) for fold in folds])
    n = len(folds)
    half = t.ppf(0.975, n - 1) * np.sqrt(off.var(ddof=1) * (1 / n + ratio))
    p = p_value(float(r2[0]), r2[1:]) if width > 1 else np.nan
    return (float(r2[0]), float(r2[0] - half), min(1.0, float(r2[0] + half)), p), total / count
