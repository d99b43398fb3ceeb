"""The scores of a comparison in short: means over folds, and time, a line per method."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import METHODS
from napari_compressed_transcriptomics.spatial.cross_validation import SPLITS

if TYPE_CHECKING:
    from .compare_score import Score


class Mean(NamedTuple):
    """Means over the folds that are done."""

    rmse: float
    r2: float
    """`rmse`, `r2`: see `compare_score.Score`."""
    n_folds: int
    """How many folds those are."""


class MethodSummary(NamedTuple):
    """What is known of one method on one split."""

    split: str
    """One of "blocks", "random"."""
    method: str
    """One of `methods.METHODS`."""
    means: dict[int, Mean]
    """Latent size to `Mean`; sizes without a score are missing."""
    seconds: float
    """Of all its fits together, each in one thread."""


def summarize(scores: "Sequence[Score]") -> list[MethodSummary]:
    """Return one summary a split and method, in the order of `SPLITS` and `METHODS`."""
    rows = []
    for split in SPLITS:
        for method in METHODS:
            of = [score for score in scores if (score.split, score.method) == (split, method)]
            if of:
                sizes = sorted({score.latent_size for score in of})
                means = {size: _mean([s for s in of if s.latent_size == size]) for size in sizes}
                rows.append(MethodSummary(split, method, means, sum(s.seconds for s in of)))
    return rows


class Distances(NamedTuple):
    """How far held-out samples of one split are from training samples or their mirror images."""

    least: float
    median: float
    """`least`, `median`: in mm, over all folds, and the median of their medians."""
    fewest: int
    most: int
    """`fewest`, `most`: samples trained on in a fold."""

    def __str__(self) -> str:
        size = f"{self.fewest:,}" + (f" to {self.most:,}" if self.most > self.fewest else "")
        nearest = f"nearest training sample {self.least:.0f} mm away or more"
        return f"{nearest}, median {self.median:.0f} mm; {size} train"

    @property
    def short(self) -> str:
        """Say how far away the nearest training samples are, where there is little room."""
        return f"training from {self.least:.0f} mm away, median {self.median:.0f} mm"


def distances(scores: "Sequence[Score]") -> dict[str, Distances]:
    """Return the distances of each split that has some, in the order of `SPLITS`."""
    found: dict[str, Distances] = {}
    for split in SPLITS:
        of = [score for score in scores if score.split == split and score.n_train]
        if of:
            sizes = [score.n_train for score in of]
            least = min(score.distance_min_mm for score in of)
            median = float(np.median([score.distance_median_mm for score in of]))
            found[split] = Distances(least, median, min(sizes), max(sizes))
    return found


def _mean(scores: "Sequence[Score]") -> Mean:
    rmse, r2 = (float(np.mean([getattr(s, name) for s in scores])) for name in ("rmse", "r2"))
    return Mean(rmse, r2, len(scores))
