"""Fitting a codec, and learning what samples like its training data look like to it.

A model gives its training samples back better than others like them: PCA with 16 components of
60 regions by half the error, kernel PCA by more. So the quantile of errors, of
`training_reference`, is that of samples held out:

- where a fit can be repeated in little time (PCA, NMF, kernel PCA), on `INNER_FOLDS` random parts
  of the training samples, each held out from a fit of its own with the same choices;
- the residual autoencoder tells the quantile of errors on the parts that its training held out;
- elsewhere the RMSE of training samples is raised by the RMSE of samples that training held out
  over that of those it learned from.
"""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.latent_sizes import latent_size_problem
from napari_compressed_transcriptomics.core.memory import memory_told, require_memory
from napari_compressed_transcriptomics.core.progress import (
    Progress,
    Report,
    Stop,
    finish,
    silent,
    to_the_end,
)

from .codec import Codec, codec_class
from .training_reference import Reference, quantile, scale_of, whitening_of

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
    seed: int = 0,
    device: str | None = "auto",
    max_epochs: int | None = None,
    report: Report = silent,
) -> Codec:
    """Fit a codec and return it; see `fit_codec_steps`."""
    steps = fit_codec_steps(
        codec_id, expression, latent_size, seed=seed, device=device, max_epochs=max_epochs
    )
    return finish(steps, report)


def fit_codec_steps(
    codec_id: str,
    expression: Expression,
    latent_size: int,
    *,
    device: str | None = None,
    **settings: Any,
) -> Generator[Progress, None, Codec]:
    """Fit a codec and learn its `Reference`, as a generator of progress that returns the codec.

    Parameters and errors are those of `Codec.fit_steps`.
    """
    cls, name = codec_class(codec_id), resolve_device(device).name
    fitting = cls.fit_steps(expression, latent_size, device=device, **settings)
    what = f"Measuring {expression.name}"
    if cls.is_network:
        require_memory(20 * min(expression.n_samples, _ROWS) * expression.n_genes, what)

    def steps() -> Generator[Progress, None, Codec]:
        codec = yield from fitting
        if codec.is_network:
            with memory_told(what, cls.smaller):
                codec.reference = yield from reference_steps(codec, expression, name)
        return codec

    return steps()


def reference_steps(
    codec: Codec, expression: Expression, device: str
) -> Generator[Progress, None, Reference | None]:
    """Learn what a fitted codec makes of its training data; None where that cannot be had.

    `Stop` ends only the fits that are repeated: the model is there, and the rest is short.
    """
    values, n = expression.values, expression.n_samples
    rows = np.arange(n)
    if n > MAX_SAMPLES:
        rows = np.sort(np.random.default_rng(0).permutation(n)[:MAX_SAMPLES])
    try:
        (found, errors), asked_to_stop = yield from to_the_end(_coded(codec, values, rows, device))
        mean, whitening = whitening_of(found)
        distances = np.linalg.norm((found - mean) @ whitening, axis=1)
        errors *= _optimism(codec.training)
        if codec.repeats is not None and not asked_to_stop:
            with suppress(Stop):
                held_out = yield from _held_out(codec, expression, device)
                errors = errors if held_out is None else held_out
    except (UserError, ArithmeticError, np.linalg.LinAlgError) as error:  # the model is kept
        with suppress(Stop):
            yield Progress(_STAGE, n, n, f"{error}; the model has no distance to training data")
        return None
    with suppress(Stop):
        yield Progress(_STAGE, n, n)
    if not all(np.isfinite(of).all() for of in (found, distances, errors)):
        return None
    told = codec.training.get("validation_rmse_quantile")
    # the smallest positive keeps a model without any error from dividing by zero
    cutoffs = [quantile(distances), quantile(errors) if told is None else told]
    return Reference(
        mean,
        whitening,
        np.maximum(cutoffs, np.finfo(np.float32).tiny),
        scale_of(values),
    )


def _coded(
    codec: Codec, values: np.ndarray, rows: np.ndarray, device: str
) -> Generator[Progress, None, tuple[np.ndarray, np.ndarray]]:
    """Return latents and RMSE of some rows, float64."""
    latents, rmse = [], []
    for start in range(0, len(rows), _ROWS):
        yield Progress(_STAGE, start, len(rows))
        some = np.asarray(values[rows[start : start + _ROWS]], np.float32)
        latents.append(codec.encode(some, device))
        error = codec.decode(latents[-1], device) - some
        rmse.append(np.sqrt(np.square(error, dtype=float).mean(axis=1)))
    return np.concatenate(latents).astype(float), np.concatenate(rmse)


def _held_out(
    codec: Codec, expression: Expression, device: str
) -> Generator[Progress, None, np.ndarray | None]:
    """Return the RMSE of samples held out from fits like the codec's own.

    None where too few samples would be left for as many components.
    """
    assert codec.repeats is not None
    n, order = expression.n_samples, np.random.default_rng(1).permutation(expression.n_samples)
    parts = np.array_split(order, INNER_FOLDS) if n <= MAX_TO_REPEAT else [order[: n // 10]]
    n_left = n - max(map(len, parts))
    if latent_size_problem(codec.id, codec.latent_size, n_left, expression.n_genes):
        return None
    settings = {name: codec.training[name] for name in codec.repeats}
    errors = []
    for part in parts:
        others = order[~np.isin(order, part)][:MAX_TO_LEARN]
        learned = expression.subset(np.sort(others))
        again = yield from _without_messages(
            type(codec).fit_steps(
                learned,
                codec.latent_size,
                device=device,
                max_epochs=codec.training.get("iterations"),
                **settings,
            )
        )
        _, rmse = yield from _coded(again, expression.values, part[:MAX_SAMPLES], device)
        errors.append(rmse)
    return np.concatenate(errors)


def _without_messages(
    steps: Generator[Progress, None, Codec],
) -> Generator[Progress, None, Codec]:
    """Run a fit that is only repeated: what it has to say was said of the fit itself."""
    stop: Stop | None = None
    while True:
        try:
            progress = next(steps) if stop is None else steps.throw(stop)
        except StopIteration as end:
            return end.value
        stop = None
        try:
            yield replace(progress, message="")
        except Stop as asked:
            stop = asked


def _optimism(record: dict[str, Any]) -> float:
    """Return how much larger the RMSE of samples not trained on is, where training tells."""
    learned, held_out = (record.get(name, 0) for name in ("train_rmse", "validation_rmse"))
    return max(1.0, held_out / learned) if learned > 0 else 1.0
