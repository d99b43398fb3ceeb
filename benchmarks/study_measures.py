"""What the study measures; each result is kept in `benchmarks/.study` as soon as it is there."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics import __version__
from napari_compressed_transcriptomics.codecs.registry import GENES, METHODS, fit_method
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.provenance import array_sha256
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.core.target import Features, Target
from napari_compressed_transcriptomics.core.threads import one_thread
from napari_compressed_transcriptomics.io.writers.comparison import compare_into_folder
from napari_compressed_transcriptomics.io.writers.comparison_resumed import read_scores
from napari_compressed_transcriptomics.spatial.compartments import compartments_of
from napari_compressed_transcriptomics.spatial.cross_validation import Split, nested_folds
from napari_compressed_transcriptomics.spatial.hemispheres import mirrored_pairs
from napari_compressed_transcriptomics.spatial.statistics import (
    correlation,
    eta_squared,
    moran_weights,
    morans_i,
)
from napari_compressed_transcriptomics.study import compare_score
from napari_compressed_transcriptomics.study.coherence import coherence
from napari_compressed_transcriptomics.study.compare import CompareProgress
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.predict import Score, predict_maps
from napari_compressed_transcriptomics.study.predict_request import PredictRequest

from .study_data import measure_of
from .study_rules import corrected

CACHE = Path(__file__).parent / ".study"
COMPARED = ("residual", "autoencoder", "pca", "nmf", "kernel-pca", "umap")
EMBEDDED, SIZES = (*COMPARED, "tsne"), (2, 8)
SEED, FOLDS, BLOCKS, REPEATS, SURROGATES = 0, 5, 10, 4, 1000
# Regressor, split, repeats, surrogates, sizes. Gradient boosting is slow: it has one map of each
# measure, and p-values for it would take days.
RUNS = {
    "ridge_blocks": ("ridge", "blocks", REPEATS, SURROGATES, SIZES),
    "ridge_random": ("ridge", "random", REPEATS, 0, SIZES),
    "trees_blocks": ("trees", "blocks", 1, 0, SIZES[-1:]),
}
Latents = dict[tuple[str, int], np.ndarray]
"""Latents of all samples, (n_samples, k), by method and size."""


def kept(path: Path, about: dict[str, Any], make: Callable[[], Any] | None) -> Any:
    """Return what was made before of the same, or make it; None where it may not be made."""
    about = {**about, "version": __version__, "seed": SEED}
    if path.exists():
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["about"] == about:
            return record["made"]
    if make is None:
        return None
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"about": about, "made": made}), encoding="utf-8")
    part.replace(path)
    print(f"{path.relative_to(CACHE).with_suffix('')} is there", flush=True)
    return made


def compared(data: Expression, splits: list[Split]) -> list[compare_score.Score]:
    """Return errors on held-out samples of all methods; measure them for the splits given."""
    folder = CACHE / data.name / "comparison"
    if splits:
        request = CompareRequest(
            data, COMPARED, splits=tuple(splits), n_folds=FOLDS, seed=SEED, n_jobs=1
        )
        compare_into_folder(request, folder, report=_tell)
    return read_scores(folder)


def _tell(progress: Progress) -> None:
    if isinstance(progress, CompareProgress) and progress.score is not None:
        score = progress.score
        print(f"{score.fit}: RMSE {score.rmse:.4f} in {score.seconds:.1f} s", flush=True)


def embedded(data: Expression, measure: bool) -> Latents:
    """Return the latents of all samples, fitted to all samples, as far as they are there."""
    found = {}
    for method in EMBEDDED:
        for size in SIZES:
            about = {
                "data": array_sha256(data.values),
                "positions": array_sha256(data.parcellation.centroids),
                "settings": [METHODS[method].codec, dict(METHODS[method].settings)],
            }
            path = CACHE / data.name / "latents" / f"{method}_{size}.json"
            make = (lambda fit=(method, size): _fitted(data, *fit)) if measure else None
            made = kept(path, about, make)
            if made is not None:
                found[method, size] = np.array(made)
    return found


def _fitted(data: Expression, method: str, size: int) -> list[list[float]]:
    with one_thread():
        codec = fit_method(method, data, size, SEED)
        return codec.encode(data.values, "cpu").tolist()


def cohered(
    data: Expression, regions: Regions, of: Latents, measure: bool
) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the coherence of each method and size: its rows, and medians with their spread."""
    found = {}
    for (method, size), z in of.items():
        about = {
            "latents": array_sha256(z),
            "regions": array_sha256(regions.of_sample),
            "compartments": array_sha256(
                compartments_of(data.parcellation, data.samples).of_sample
            ),
        }
        path = CACHE / data.name / "coherence" / f"{method}_{size}.json"
        make = (lambda z=z: _coherence(data, regions, z)) if measure else None
        made = kept(path, about, make)
        if made is not None:
            found[method, size] = made
    return found


def _coherence(data: Expression, regions: Regions, z: np.ndarray) -> dict[str, Any]:
    positions = data.parcellation.centroids
    blocks = nested_folds(positions, "blocks", BLOCKS, 1, SEED)
    compartment = compartments_of(data.parcellation, data.samples).of_sample
    rows = coherence(z, data.parcellation, regions, seed=SEED, compartment=compartment)
    return {
        "rows": [asdict(row) for row in rows],
        "medians": medians(z, positions, regions.of_sample),
        "without": [
            medians(z[block.train], positions[block.train], regions.of_sample[block.train])
            for block in blocks
        ],
    }


def medians(z: np.ndarray, positions: np.ndarray, of_sample: np.ndarray) -> dict[str, float]:
    """Return the median over components of each measure of coherence."""
    left, right = mirrored_pairs(positions)
    values = {
        "regions": eta_squared(z, of_sample),
        "moran": morans_i(z, moran_weights(positions)),
        "symmetry": correlation(z[left], z[right]),
    }
    return {name: float(np.median(value)) for name, value in values.items()}


def predicted(
    data: Expression, targets: list[Target], of: Latents, run: str, measure: bool
) -> list[Score]:
    """Return the scores of all targets in a run of `RUNS`, as far as they are there."""
    regressor, split, repeats, surrogates, sizes = RUNS[run]
    features = [Features(f"{m} {k}", z) for (m, k), z in of.items() if k in sizes]
    if regressor == "ridge":
        features.append(Features(GENES, data.values))
    if regressor == "trees":
        targets = list({measure_of(target.name): target for target in reversed(targets)}.values())
    scores: list[Score] = []
    for target in targets:
        request = PredictRequest(
            data,
            (target,),
            methods=(),
            features=tuple(features),
            regressors=(regressor,),
            splits=(split,),
            n_repeats=repeats,
            n_surrogates=surrogates,
            seed=SEED,
            device="cpu",
        )
        about = {
            "target": array_sha256(target.values),
            "positions": array_sha256(data.parcellation.centroids),
            "features": {one.name: array_sha256(one.values) for one in features},
            "parameters": request.parameters(),
            "compartments": array_sha256(request.compartments_known().of_sample),
        }
        path = CACHE / data.name / run / f"{target.name.replace('/', '_')}.json"
        make = (lambda request=request: _scores(request)) if measure else None
        made = kept(path, about, make) or []
        scores += [Score(*row) for row in made]
    return with_fdr(scores)


def _scores(request: PredictRequest) -> list[list]:
    with one_thread():
        scores = predict_maps(request).scores
    # A set of features is named "method size", as names must differ; the size is in the row.
    return [list(score._replace(method=score.method.split()[0])) for score in scores]


def with_fdr(scores: list[Score]) -> list[Score]:
    """Correct p-values over the targets of each method, size, regressor and split."""
    found = list(scores)
    for group in {score[1:5] for score in scores}:
        places = [i for i, score in enumerate(scores) if score[1:5] == group]
        for i, p in zip(places, corrected([scores[i].p_spatial for i in places]), strict=True):
            found[i] = scores[i]._replace(p_fdr=float(p))
    return found
