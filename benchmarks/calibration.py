"""How often each p-value and limit of the project is wrong where there is nothing to find.

Maps with nothing in common but how they came about are put to the project's own functions. Counts
are kept one by one in `benchmarks/.calibration`, so a run that was interrupted goes on; they are
made anew where the code that they are of has changed.
"""

import argparse
import hashlib
import json
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs import fitting, kernel_pca, training_distribution
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.registry import fit_method
from napari_compressed_transcriptomics.codecs.training import residual_training
from napari_compressed_transcriptomics.core.threads import one_thread
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.spatial import (
    cross_validation,
    p_values,
    spatial_covariance,
    spatial_null,
    statistics,
)
from napari_compressed_transcriptomics.study import coherence, regressors
from napari_compressed_transcriptomics.study.out_of_sample_r2 import out_of_sample_r2

from .calibration_data import SYNTHETIC, Kind, Places, maps, places, tables
from .stationary_null import stationary_maps
from .study_data import groups

HERE = Path(__file__).parent
CACHE = HERE / ".calibration"
LEVEL, SURROGATES = 0.05, 199
_AT_ONCE = 20
"""Maps whose surrogates are predicted in one go."""

_LENGTHS, _STEPS = (10.0, 30.0, 70.0), (0.0, 1.0, 2.0, 3.0)
_MAPS = {"ahba_dk82": 200, "ahba_schaefer100": 200, SYNTHETIC: 100}
_LARGE_MAPS = 40
_SOME, _MANY = 120, 700
"""Voxels of the synthetic brain: all are looked at to fit smoothness, or 250 of them."""

NULL = (p_values, spatial_null, spatial_covariance)
SOURCES = {
    "prediction": (*NULL, regressors, cross_validation),
    "coherence": (*NULL, coherence, statistics),
    "novelty": (training_distribution, fitting, residual_training, kernel_pca),
}


@dataclass(frozen=True)
class Job:
    """One line of a table."""

    what: str
    """One of "prediction", "coherence", "novelty"."""
    data: str
    kind: Kind = field(default_factory=Kind)
    """Of maps; of novelty it says nothing."""
    n: int = 200
    """Maps, tables, or (of novelty) repeats of five folds."""
    method: str = "pca"
    """Whose latents."""
    size: int = 8
    """Components; of the synthetic brain voxels."""

    @property
    def path(self) -> Path:
        """Where its counts are kept."""
        name = hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]
        return CACHE / f"{self.what}-{self.data}-{name}.json"


def jobs() -> list[Job]:
    """Return all that is measured."""
    return [*_prediction_jobs(), *_coherence_jobs(), *_novelty_jobs()]


def _prediction_jobs() -> Iterator[Job]:
    for data, size in (("ahba_dk82", 8), ("ahba_schaefer100", 8), (SYNTHETIC, _SOME)):
        for shape in ("exponential", "matern", "gaussian"):
            for length in _LENGTHS:
                for step in _STEPS:
                    yield Job("prediction", data, Kind(shape, length, step), _MAPS[data], size=size)
                for kind in (
                    Kind(shape, length, symmetric=False),
                    Kind(shape, length, lognormal=True),
                    Kind(shape, length, step=3.0, spread=4.0),
                ):
                    yield Job("prediction", data, kind, _MAPS[data], size=size)
    for step in (0.0, 3.0):
        yield Job("prediction", SYNTHETIC, Kind(step=step), _LARGE_MAPS, size=_MANY)


def _coherence_jobs() -> Iterator[Job]:
    for method, n, sizes in (
        ("pca", 200, (2, 8)),
        ("umap", 200, (2, 8)),
        ("autoencoder", 40, (8,)),
    ):
        for data in ("ahba_dk82", "ahba_schaefer100"):
            for size in sizes:
                yield Job("coherence", data, Kind(step=2.0), n, method, size)


def _novelty_jobs() -> Iterator[Job]:
    for method in ("residual", "kernel-pca", "pca"):
        for data in ("ahba_dk82", "ahba_schaefer100"):
            for size in (2, 8):
                yield Job(
                    "novelty", data, n=1 if method == "residual" else 10, method=method, size=size
                )


def kept(job: Job) -> dict[str, int] | None:
    """Return the counts that were kept before, if they are of the code as it is."""
    if not job.path.exists():
        return None
    record = json.loads(job.path.read_text(encoding="utf-8"))
    return record["counts"] if record["about"] == _about(job) else None


def measured(job: Job) -> dict[str, int]:
    """Return the counts of a job: of what was kept before, or measured now."""
    if (counts := kept(job)) is not None:
        return counts
    measure = {"prediction": predicted, "coherence": cohered, "novelty": called_new}
    about = _about(job)
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # UMAP's, on few samples
        counts = measure[job.what](job)
    CACHE.mkdir(exist_ok=True)
    part = job.path.with_suffix(".part")
    part.write_text(json.dumps({"about": about, "counts": counts}), encoding="utf-8")
    part.replace(job.path)
    return counts


def _about(job: Job) -> dict[str, Any]:
    return {"job": asdict(job), "sources": _sources(job.what)}


def _sources(what: str) -> str:
    texts = [Path(str(module.__file__)).read_bytes() for module in SOURCES[what]]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def predicted(job: Job) -> dict[str, int]:
    """Count maps that are predicted with p <= 0.05, by the null now and before."""
    at = places(job.data, job.size if job.data == SYNTHETIC else None)
    nulls = {"now": partial(surrogates, at)}
    if job.size != _MANY:
        nulls["before"] = partial(stationary_maps, positions=at.positions)
    if job.data == "ahba_dk82" and job.kind == Kind(step=job.kind.step):
        unknown = np.zeros(len(at.positions), int)
        nulls["unknown"] = partial(
            spatial_null.surrogate_maps, positions=at.positions, compartment=unknown
        )
    counts = {"n": job.n, **dict.fromkeys(nulls, 0)}
    of = maps(at, job.kind, job.n, seed=zlib.crc32(str(job).encode()))  # each kind has its own
    for name, null in nulls.items():
        p = prediction_p(at, of, null)
        counts[name] = int((p <= LEVEL).sum())
    return counts


def surrogates(at: Places, values: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Draw surrogate maps as the project does."""
    return spatial_null.surrogate_maps(values, at.positions, n, seed, at.compartment)


def prediction_p(at: Places, of: np.ndarray, null: Callable[..., np.ndarray]) -> np.ndarray:
    """Return the p-value of each map (a column), predicted by ridge from the latents."""
    x = regressors.standardised(at.latents)
    folds = cross_validation.nested_folds(at.positions, "blocks", 5, 1, 0)
    p = np.empty(of.shape[1])
    for start in range(0, len(p), _AT_ONCE):
        some = range(start, min(start + _AT_ONCE, len(p)))
        each = [np.column_stack([of[:, i], null(of[:, i], n=SURROGATES, seed=i)]) for i in some]
        together = regressors.ridge(x, np.column_stack(each), folds)
        for place, i in enumerate(some):
            own = slice(place * (1 + SURROGATES), (place + 1) * (1 + SURROGATES))
            p[i] = out_of_sample_r2(each[place], [fold[:, own] for fold in together], folds)[0][3]
    return p


def cohered(job: Job) -> dict[str, int]:
    """Count components, and all together, that regions explain with p <= 0.05."""
    at = places(job.data)
    regions = groups(at.expression.samples)
    inside = regions.of_sample >= 0
    counts = {"n": 0, "now": 0, "before": 0, "n each": 0, "now each": 0, "before each": 0}
    for number, table in enumerate(tables(at, job.kind, job.n, 60, seed=1)):
        codec = fit_method(job.method, table, job.size, 0, "cpu")
        z = codec.encode(table.values, "cpu").astype(float)
        rows = coherence.coherence(
            z, table.parcellation, regions, SURROGATES, number, at.compartment
        )
        now = [row.p for row in rows if row.measure == "regions"]
        before = _one_by_one(
            z[inside], at.positions[inside], regions.of_sample[inside], 100 * number
        )
        for name, p in (("now", now), ("before", before)):
            counts[name] += int(p[-1] <= LEVEL)
            counts[f"{name} each"] += int((np.array(p[:-1]) <= LEVEL).sum())
        counts["n"] += 1
        counts["n each"] += job.size
    return counts


def _one_by_one(z: np.ndarray, positions: np.ndarray, group: np.ndarray, seed: int) -> list[float]:
    """Return p of each component and of all, as they were before: each with maps of its own."""
    squares = []
    for number, column in enumerate(z.T):
        null = stationary_maps(column, positions, SURROGATES, seed + number)
        squares.append(statistics.sums_of_squares(np.column_stack([column, null]), group))
    squares.append(np.sum(squares, axis=0))
    shares = [between / total for between, total in squares]
    return [spatial_null.p_value(share[0], share[1:]) for share in shares]


def called_new(job: Job) -> dict[str, int]:
    """Count held-out samples that the distance to the training data calls outside."""
    data = places(job.data).expression
    counts = {"n": 0, "now": 0}
    for repeat in range(job.n):
        for train, test in cross_validation.outer_folds(
            data.parcellation.centroids, "random", 5, repeat
        ):
            codec = fit_codec(job.method, data.subset(train), job.size, device="cpu")
            found = reconstruct(codec, data.subset(test), device="cpu").novelty
            assert found is not None
            counts["now"] += int(found.outside.sum())
            counts["n"] += len(test)
    return counts


def main() -> None:
    """Measure what is not there yet, and write the page."""
    from joblib import Parallel, delayed

    from .calibration_page import page

    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--as-is", action="store_true", help="write what was measured so far")
    given = parser.parse_args()
    every = [job for job in jobs() if not given.as_is or kept(job) is not None]
    work = Parallel(given.jobs, return_as="generator")(delayed(measured)(job) for job in every)
    results: list[tuple[Job, dict[str, Any]]] = []
    for job, counts in zip(every, work, strict=True):
        results.append((job, counts))
        print(f"{len(results)} of {len(every)}: {job.what} {job.data} {counts}", flush=True)
    (HERE / "calibration.md").write_text(
        page(results, len(jobs()) - len(results)), encoding="utf-8"
    )
    print(f"{HERE / 'calibration.md'} is written", flush=True)


if __name__ == "__main__":
    main()
