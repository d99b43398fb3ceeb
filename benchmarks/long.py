"""What takes minutes: methods compared on a whole brain, maps predicted, a large file read."""

import time

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.study.compare import CompareProgress, compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.compare_summary import summarize
from napari_compressed_transcriptomics.study.predict import predict_maps
from napari_compressed_transcriptomics.study.predict_request import PredictRequest

from .dense_nifti import dense_nifti
from .line import Line

METHODS = ("residual", "pca", "nmf", "kernel-pca", "umap")
N_REGIONS, N_TARGETS, N_SURROGATES = 114, 20, 1000


def compare() -> list[Line]:
    """Compare five methods on the synthetic brain at 8 mm: 2, 4, 8, 16 components, five folds."""
    brain, said = synthetic_brain(), []

    def tell(progress: Progress) -> None:
        if isinstance(progress, CompareProgress) and progress.message and not progress.done:
            said.append(progress.message)

    begun = time.perf_counter()
    comparison = compare_methods(CompareRequest(brain, METHODS, (2, 4, 8, 16)), report=tell)
    seconds = time.perf_counter() - begun
    lines = [
        Line(
            f"compare, {brain.n_samples:,} x {brain.n_genes}, {len(METHODS)} methods, k = 2, 4, 8, "
            f"16, five folds: {said[-1]}",
            f"{seconds / 60:.1f} min",
            "10 min",
            seconds < 600,
        )
    ]
    for of in summarize(comparison.scores):
        n = sum(mean.n_folds for mean in of.means.values())
        value = f"{of.seconds:.0f} s for {n} fits, one thread each"
        lines.append(Line(f"of these {of.method}", value, ""))
    return lines


def predict() -> list[Line]:
    """Predict 20 maps from five methods at 114 regions, fits of the codecs included."""
    expression, targets = regions_and_targets()
    request = PredictRequest(expression, targets, METHODS, n_surrogates=N_SURROGATES, device="cpu")
    begun = time.perf_counter()
    predict_maps(request)
    seconds = time.perf_counter() - begun
    return [
        Line(
            f"predict, {N_TARGETS} targets x {len(METHODS)} methods at {expression.n_samples} "
            f"samples, k = 8, {N_SURROGATES:,} surrogates",
            f"{seconds / 60:.1f} min",
            "5 min",
            seconds < 300,
        )
    ]


def regions_and_targets() -> tuple[Expression, tuple[Target, ...]]:
    """Return the synthetic brain in compact regions, and its last genes as maps to predict."""
    from sklearn.cluster import KMeans

    brain = synthetic_brain()
    clusters = KMeans(N_REGIONS, n_init=1, random_state=0).fit(brain.parcellation.centroids)
    region = clusters.labels_
    values = np.stack([brain.values[region == r].mean(axis=0) for r in range(N_REGIONS)])
    number = np.concatenate([[0], region + 1]).astype(np.int32)
    parcellation = Parcellation(number[brain.parcellation.labels], brain.parcellation.affine)
    expression = Expression(
        np.ascontiguousarray(values[:, :-N_TARGETS]),
        brain.genes[:-N_TARGETS],
        tuple(map(str, range(N_REGIONS))),
        parcellation,
        "regions",
    )
    maps = values[:, -N_TARGETS:].T.astype(float)
    return expression, tuple(Target(f"map {i}", one) for i, one in enumerate(maps, 1))


LONG = {"compare": compare, "predict": predict, "nifti": dense_nifti}
