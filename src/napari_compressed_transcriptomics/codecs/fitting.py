"""Fitting a codec, and learning what samples like its training data look like to it.

A model gives its training samples back better than others like them: PCA with 16 components of
60 regions by half the error, kernel PCA by more. So the quantile of errors, of
`training_distribution`, is that of samples held out:

- where a fit can be repeated in little time (PCA, NMF, kernel PCA), on `INNER_FOLDS` random parts
  of the training samples, each held out from a fit of its own with the same choices;
- the residual autoencoder tells the quantile of errors on the parts that its training held out;
- elsewhere the RMSE of training samples is raised by the RMSE of samples that training held out
  over that of those it learned from.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import LazyValues, Values
from napari_compressed_transcriptomics.core.limits import latent_size_problem
from napari_compressed_transcriptomics.core.memory import memory_reported, require_memory
from napari_compressed_transcriptomics.core.progress import (
    Finishing,
    Progress,
    Report,
    Stop,
    silent,
)

from .codec import Codec, codec_class
from .training_distribution import TrainingDistribution, quantile, scale_of, whitening_of

MAX_SAMPLES = 2000
"""Training samples, drawn at random, that the distances are learned from."""

INNER_FOLDS = 5
MAX_TO_REPEAT = 500
"""Training samples; of more, one part in ten is held out, once, from at most so many others:"""
MAX_TO_LEARN = 4000

_STAGE = "Measuring the training data"
_ROWS = 250


def fit_codec(
    codec_id: str,
    expression: Expression,
    latent_size: int,
    *,
    device: str | None = "auto",
    report: Report = silent,
    **settings: Any,
) -> Codec:
    """Fit a codec, learn its `TrainingDistribution`, and return it.

    Parameters and errors are those of `Codec.fit` (``seed``, ``max_epochs``, ...).
    """
    cls, name = codec_class(codec_id), resolve_device(device).name
    what = f"Measuring {expression.name}"
    if cls.is_network:  # before it is fitted in vain
        require_memory(20 * min(expression.n_samples, _ROWS) * expression.n_genes, what)
        if cls.streams:  # what is learned from below goes by in the fit
            expression = expression.keeping_drawn(MAX_TO_LEARN)
    codec = cls.fit(expression, latent_size, device=device, report=report, **settings)
    if codec.is_network:
        with memory_reported(what, cls.smaller):
            some = expression
            if isinstance(expression.values, LazyValues):
                report(Progress(_STAGE, 0, 1))
                some = expression.drawn(MAX_TO_LEARN)
            codec.training_distribution = learn_distribution(codec, some, name, report)
    return codec


def learn_distribution(
    codec: Codec, expression: Expression, device: str, report: Report = silent
) -> TrainingDistribution | None:
    """Learn what a fitted codec makes of its training data; None where that cannot be had.

    `Stop` ends only the fits that are repeated: the model is there, and the rest is short.
    """
    finishing = Finishing(report)
    values, n = expression.values, expression.n_samples
    rows = np.arange(n)
    if n > MAX_SAMPLES:
        rows = np.sort(np.random.default_rng(0).permutation(n)[:MAX_SAMPLES])
    try:
        found, errors = _coded(codec, values, rows, device, finishing)
        mean, whitening = whitening_of(found)
        distances = np.linalg.norm((found - mean) @ whitening, axis=1)
        errors *= _optimism(codec.training)
        if codec.repeats is not None and not finishing.asked:
            with suppress(Stop):
                held_out = _held_out(codec, expression, device, report)
                errors = errors if held_out is None else held_out
    except (UserError, ArithmeticError, np.linalg.LinAlgError) as error:  # the model is kept
        said = f"{error}; the model has no distance to training data"
        finishing(Progress(_STAGE, n, n, said))
        return None
    finishing(Progress(_STAGE, n, n))
    if not all(np.isfinite(of).all() for of in (found, distances, errors)):
        return None
    recorded = codec.training.get("validation_rmse_quantile")
    # the smallest positive keeps a model without any error from dividing by zero
    cutoffs = [quantile(distances), quantile(errors) if recorded is None else recorded]
    return TrainingDistribution(
        mean, whitening, np.maximum(cutoffs, np.finfo(np.float32).tiny), scale_of(values)
    )


def _coded(
    codec: Codec, values: Values, rows: np.ndarray, device: str, report: Report
) -> tuple[np.ndarray, np.ndarray]:
    """Return latents and RMSE of some rows, float64."""
    latents, rmse = [], []
    for start in range(0, len(rows), _ROWS):
        report(Progress(_STAGE, start, len(rows)))
        some = np.asarray(values[rows[start : start + _ROWS]], np.float32)
        latents.append(codec.encode(some, device))
        error = codec.decode(latents[-1], device) - some
        rmse.append(np.sqrt(np.square(error, dtype=float).mean(axis=1)))
    return np.concatenate(latents).astype(float), np.concatenate(rmse)


def _held_out(
    codec: Codec, expression: Expression, device: str, report: Report
) -> np.ndarray | None:
    """Return the RMSE of samples held out from fits like the codec's own.

    None where too few samples would be left for as many components.
    """
    assert codec.repeats is not None
    n, order = expression.n_samples, np.random.default_rng(1).permutation(expression.n_samples)
    n_parts = min(INNER_FOLDS, n)
    parts = np.array_split(order, n_parts) if n <= MAX_TO_REPEAT else [order[: n // 10]]
    n_left = n - max(map(len, parts))
    if latent_size_problem(codec.id, codec.latent_size, n_left, expression.n_genes):
        return None
    settings = {name: codec.training[name] for name in codec.repeats}
    errors = []
    for part in parts:
        others = order[~np.isin(order, part)][:MAX_TO_LEARN]
        learned = expression.subset(np.sort(others))
        again = type(codec).fit(
            learned,
            codec.latent_size,
            device=device,
            max_epochs=codec.training.get("iterations"),
            report=lambda progress: report(replace(progress, message="")),  # said of the fit itself
            **settings,
        )
        _, rmse = _coded(again, expression.values, part[:MAX_SAMPLES], device, report)
        errors.append(rmse)
    return np.concatenate(errors)


def _optimism(record: dict[str, Any]) -> float:
    """Return how much larger the RMSE of samples not trained on is, where training tells."""
    learned, held_out = (record.get(name, 0) for name in ("train_rmse", "validation_rmse"))
    return max(1.0, held_out / learned) if learned > 0 else 1.0
