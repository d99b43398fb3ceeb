"""How long a prediction will take, said before it begins."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import GENES
from napari_compressed_transcriptomics.core.progress import duration
from napari_compressed_transcriptomics.spatial.cross_validation import nested_folds

from .predict_request import PredictRequest
from .regressors import gradient_boosting, ridge, standardised

_MAX_TIMED = 500


def estimated_seconds(request: PredictRequest) -> float:
    """Return about how long regressions and surrogates will take on this machine.

    One fold of each kind is timed on noise, of at most 500 samples: time grows with their
    number, and with the square of the number of columns. Fitting of codecs is not in it.
    """
    expression = request.expression
    n = min(expression.n_samples, _MAX_TIMED)
    larger = expression.n_samples / n
    places = expression.parcellation.positions[:n]
    fold = nested_folds(places, "random", request.n_folds, 1, 0)[:1]
    rng = np.random.default_rng(0)
    n_sets = len(request.fitted()) * len(request.latent_sizes) + len(request.features)
    width = max([*request.latent_sizes, *(f.values.shape[1] for f in request.features)])
    seconds = 0.0
    x = standardised(rng.standard_normal((n, width)))
    y = rng.standard_normal((n, 1 + request.n_surrogates))
    if "ridge" in request.regressors:
        seconds += n_sets * larger * _timed(lambda: ridge(x, y, fold))
    if "trees" in request.regressors:
        inner = replace(fold[0], inner=fold[0].inner[:1])  # one of six fits each
        seconds += n_sets * larger * _timed(lambda: gradient_boosting(x, y[:, 0], [inner])) * 3
    if GENES in request.methods and "ridge" in request.regressors:
        wide = standardised(rng.standard_normal((n, expression.n_genes)))
        wider = min(expression.n_samples, expression.n_genes) / wide.shape[1]
        seconds += larger * wider**2 * _timed(lambda: ridge(wide, y, fold))
    surrogates = expression.n_samples**3 / 1e10 + 1 if request.n_surrogates else 0
    folds = request.n_folds * request.n_repeats * len(request.splits)
    return len(request.targets) * (seconds * folds + surrogates)


def cost_sentence(request: PredictRequest) -> str:
    """Return what will be done and about how long it takes, in a sentence."""
    n_fits = len(request.fitted()) * len(request.latent_sizes)
    time_words = duration(estimated_seconds(request))
    fits = f" after fitting {n_fits} codec(s)" if n_fits else ""
    return (
        f"{len(request.targets)} target(s) x {request.n_folds} folds x {request.n_repeats} repeats "
        f"with {request.n_surrogates:,} surrogates take about {time_words}{fits}"
    )


def _timed(work: Callable[[], object]) -> float:
    work()  # loads what is loaded once
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
