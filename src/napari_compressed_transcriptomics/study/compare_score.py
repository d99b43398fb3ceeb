"""One fit of a comparison: fitted to some samples, and measured on others."""

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import fit_method
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.core.threads import one_thread
from napari_compressed_transcriptomics.reconstruction.held_out_error import measure_unseen

from .compare_request import Fit

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec

COLUMNS = (
    "method", "latent_size", "split", "fold", "rmse", "r2", "seconds",
    "n_train", "buffer_mm", "distance_min_mm", "distance_median_mm", "chosen",
)  # fmt: skip


class Score(NamedTuple):
    """One row of the table: one fit, measured on the samples it did not see."""

    method: str
    latent_size: int
    split: str
    """One of "blocks", "random"."""
    fold: int
    """From 1."""
    rmse: float
    """Over all held-out samples and genes, in the units of the data."""
    r2: float
    """1 - (squared error) / (squared distance from the mean of each gene in the training samples),
    both summed over held-out samples and genes (Campbell and Thompson 2008,
    doi:10.1093/rfs/hhm055): 0 is as good as that mean. NaN where no gene varies."""
    seconds: float
    """Of fitting, encoding and decoding, in one thread; UMAP's first in a process with its import
    and compilation."""
    n_train: int = 0
    """Samples trained on; 0 where not known."""
    buffer_mm: float = np.nan
    """0 of random folds."""
    distance_min_mm: float = np.nan
    distance_median_mm: float = np.nan
    """`distance_min_mm`, `distance_median_mm`: of held-out samples from the nearest training sample
    or its mirror image."""
    chosen: str = ""
    """What the method chose within the training samples, see `Codec.chosen`."""

    @property
    def fit(self) -> Fit:
        """Which fit it is of."""
        return Fit(*self[:4])


def score_fit(
    fit: Fit,
    expression: Expression,
    rows: tuple[np.ndarray, np.ndarray],
    seed: int,
    device: str,
    report: Report = silent,
) -> Score:
    """Fit a method to rows ``rows[0]`` and measure it on rows ``rows[1]``, in one thread.

    Parameters
    ----------
    fit : Fit
    expression : Expression
    rows : tuple of ndarray
    seed : int
    device : str
    report : callable, optional
        Called with each `Progress`; a `Stop` that it raises ends the fit as `Cancelled`, since
        what is half trained is not to be measured.
    """
    # seconds of import, which each new process needs, are not the method's
    import sklearn.decomposition  # noqa: F401
    import torch  # noqa: F401

    def fitted(train: Expression, report: Report) -> "Codec":
        return fit_method(fit.method, train, fit.latent_size, seed, device, report)

    begun = time.perf_counter()
    with one_thread():
        unseen = measure_unseen(fitted, expression, rows, device, report)
    seconds = time.perf_counter() - begun
    return Score(*fit, unseen.rmse, unseen.r2, seconds, chosen=unseen.chosen)
