"""How far samples are from what a model was trained on.

Two distances, as in the diagnostics of robust PCA (Hubert, Rousseeuw and Vanden Branden 2005,
Technometrics 47:64-79, doi:10.1198/004017004000000563), for any codec:

- within what the model can give back, the Mahalanobis distance of a sample's latents ("score
  distance"), ``sqrt((z - m) C^-1 (z - m))``, with m and C the mean and the covariance of the
  training samples' latents. C is that of standardised components, shrunk as by Ledoit and Wolf
  (2004), which matters where samples are few;
- off it, the sample's RMSE over genes ("orthogonal distance").

Each is divided by its 97.5 % quantile over the training samples, so 1 is the cutoff, and a sample
beyond either is outside: about 5 % of samples that are like the training data (2 to 8 % of unseen
regions, of models trained on 64 and on 91). The quantiles are the data's own; those of a
normal distribution, as in the paper, called up to 25 % of unseen brain regions outside, as latents
are not normal. A model that gives back little (NMF with 2 components) tells little apart.

A model gives its training samples back better than others like them: PCA with 16 components of
60 regions by half the error, kernel PCA by more. So the quantile of errors is that of samples held
out:

- where a fit can be repeated in little time (PCA, NMF, kernel PCA), on `INNER_FOLDS` random parts
  of the training samples, each held out from a fit of its own with the same choices;
- the residual autoencoder tells the quantile of errors on the parts that its training held out;
- elsewhere the RMSE of training samples is raised by the RMSE of samples that training held out
  over that of those it learned from.
"""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import UserError
from .expression import Expression
from .progress import Progress, Stop, to_the_end

if TYPE_CHECKING:
    from .codec import Codec
    from .reconstruction import Reconstruction

QUANTILE = 0.975
"""Of each distance over the training samples; beyond it a sample is outside."""

SIZEABLE = 0.2
"""Part of the brain that must be outside for a warning: four times what is expected."""

MOST_SAMPLES = 2000
"""Training samples, drawn at random, that the distances are learned from."""

UNKNOWN = (
    "the model does not say what it was trained on: it is a published one, or was saved before "
    "models kept this; fit it anew to know the distance to training data"
)

LAYER_NAME = "distance to training data"

INNER_FOLDS = 5
MOST_TO_REPEAT = 500
"""Training samples; of more, one part in ten is held out, once, from at most so many others:"""
MOST_TO_LEARN = 4000

_STAGE = "Measuring the training data"
_PREFIX = "reference."
_ROWS = 250
_SCALE_ROWS = 100
_OTHER_SCALE = 3.0


@dataclass(frozen=True, eq=False)
class Reference:
    """What samples like the training data look like to a codec; travels with the model.

    Attributes
    ----------
    mean : ndarray of float64, shape (latent_size,)
        Of the latents.
    whitening : ndarray of float64, shape (latent_size, latent_size)
        ``(z - mean) @ whitening`` has the Mahalanobis distance of z as its norm.
    cutoffs : ndarray of float64, shape (2,)
        Mahalanobis distance, and RMSE over genes (in the units of the data), beyond which a
        sample is outside.
    scale : ndarray of float64, shape (2,)
        1 and 99 percentile of all training values.
    """

    mean: np.ndarray
    whitening: np.ndarray
    cutoffs: np.ndarray
    scale: np.ndarray

    def tensors(self) -> dict[str, np.ndarray]:
        """Return what it is made of, by the names that model files have for it."""
        return {_PREFIX + field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def take_from(cls, tensors: dict[str, np.ndarray], latent_size: int) -> "Reference | None":
        """Make it from a file's tensors and remove these; None where there are none.

        Raises
        ------
        UserError
            Naming the tensor that is missing, left over or of another shape.
        """
        from .tensors import check_tensors

        own = {name: tensors.pop(name) for name in list(tensors) if name.startswith(_PREFIX)}
        if not own:
            return None
        k = latent_size
        shapes = {"mean": (k,), "whitening": (k, k), "cutoffs": (2,), "scale": (2,)}
        check_tensors(own, {_PREFIX + name: shape for name, shape in shapes.items()})
        if (own[_PREFIX + "cutoffs"] <= 0).any():
            raise UserError("The model's tensor reference.cutoffs holds none; fit the model again")
        return cls(**{name: own[_PREFIX + name] for name in shapes})


@dataclass(frozen=True, eq=False)
class Novelty:
    """How far samples are from what the model was trained on.

    Attributes
    ----------
    latents, error : ndarray of float64, shape (n_samples,)
        Mahalanobis distance of the latents, and RMSE, each over its cutoff.
    voxels : ndarray of int64, shape (n_samples,)
        Of each sample.
    """

    latents: np.ndarray
    error: np.ndarray
    voxels: np.ndarray

    @property
    def distance(self) -> np.ndarray:
        """The larger of the two, shape (n_samples,); above 1 is outside."""
        return np.maximum(self.latents, self.error)

    @property
    def outside(self) -> np.ndarray:
        """Which samples are outside, bool, shape (n_samples,)."""
        return ~(self.distance <= 1)  # what is no number is outside, too

    @property
    def share(self) -> float:
        """Part of the brain (of the samples' voxels) that is outside, 0..1."""
        return float(self.voxels[self.outside].sum() / self.voxels.sum())

    def summary(self) -> dict[str, Any]:
        """Return how much is outside, JSON-safe.

        Keys: share_outside (part of the brain), samples_outside (their number), quantile (of the
        training samples, beyond which a sample is outside in either distance).
        """
        return {
            "share_outside": self.share,
            "samples_outside": int(np.count_nonzero(self.outside)),
            "quantile": QUANTILE,
        }


def reference_steps(
    codec: "Codec", expression: Expression, device: str
) -> Generator[Progress, None, Reference | None]:
    """Learn what a fitted codec makes of its training data; None where that cannot be had.

    `Stop` ends only the fits that are repeated: the model is there, and the rest is short.
    """
    values, n = expression.values, expression.n_samples
    rows = np.arange(n)
    if n > MOST_SAMPLES:
        rows = np.sort(np.random.default_rng(0).permutation(n)[:MOST_SAMPLES])
    try:
        (found, errors), asked_to_stop = yield from to_the_end(_coded(codec, values, rows, device))
        mean, whitening = _whitening(found)
        distances = np.linalg.norm((found - mean) @ whitening, axis=1)
        errors *= _optimism(codec.training)
        if codec.repeats is not None and not asked_to_stop:
            with suppress(Stop):
                held_out = yield from _held_out(codec, expression, device)
                errors = errors if held_out is None else held_out
    except UserError as error:  # the model must not be lost to this
        with suppress(Stop):
            yield Progress(_STAGE, n, n, f"{error}; the model has no {LAYER_NAME}")
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
        _scale(values),
    )


def _coded(
    codec: "Codec", values: np.ndarray, rows: np.ndarray, device: str
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
    codec: "Codec", expression: Expression, device: str
) -> Generator[Progress, None, np.ndarray | None]:
    """Return the RMSE of samples held out from fits like the codec's own.

    None where too few samples would be left for as many components.
    """
    from .compare_request import samples_of
    from .latent_sizes import latent_size_problem

    assert codec.repeats is not None
    n, order = expression.n_samples, np.random.default_rng(1).permutation(expression.n_samples)
    parts = np.array_split(order, INNER_FOLDS) if n <= MOST_TO_REPEAT else [order[: n // 10]]
    n_left = n - max(map(len, parts))
    if latent_size_problem(codec.id, codec.latent_size, n_left, expression.n_genes):
        return None
    settings = {name: codec.training[name] for name in codec.repeats}
    errors = []
    for part in parts:
        others = order[~np.isin(order, part)][:MOST_TO_LEARN]
        learned = samples_of(expression, np.sort(others))
        again = yield from _without_messages(
            type(codec).fit_steps(
                learned,
                codec.latent_size,
                device=device,
                max_epochs=codec.training.get("iterations"),
                reference=False,
                **settings,
            )
        )
        _, rmse = yield from _coded(again, expression.values, part[:MOST_SAMPLES], device)
        errors.append(rmse)
    return np.concatenate(errors)


def _without_messages(
    steps: Generator[Progress, None, "Codec"],
) -> Generator[Progress, None, "Codec"]:
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


def reference_bytes(n_samples: int, n_genes: int) -> int:
    """Return about how much memory `reference_steps` takes: copies of some rows."""
    return 20 * min(n_samples, _ROWS) * n_genes


def novelty_of(result: "Reconstruction") -> Novelty | None:
    """Return how far each sample is from the codec's training data; None where not known."""
    reference = result.codec.reference
    if reference is None:
        return None
    latents = np.linalg.norm((result.latents - reference.mean) @ reference.whitening, axis=1)
    return Novelty(
        latents / reference.cutoffs[0],
        result.rmse_samples / reference.cutoffs[1],
        result.expression.parcellation.voxels_per_sample,
    )


def novelty_notes(result: "Reconstruction") -> tuple[str, ...]:
    """Return a sentence where data have another scale, or much is unlike the training data."""
    reference, novelty = result.codec.reference, result.novelty
    if reference is None or novelty is None:
        return ()
    if problem := scale_problem(reference, result.expression):
        return (problem,)
    if novelty.share <= SIZEABLE:
        return ()
    return (f"{novelty_line(result)}; doubt its latents there, or fit a model to this data",)


def told(result: "Reconstruction") -> tuple[str, ...]:
    """Return `novelty_line` and the result's notes, without saying anything twice."""
    line = novelty_line(result)
    return result.notes if any(line in note for note in result.notes) else (line, *result.notes)


def novelty_line(result: "Reconstruction") -> str:
    """Return in a sentence how much of the brain is outside, or why that is not known."""
    novelty = result.novelty
    if novelty is None:
        return f"Unlike the training data: not known, as {UNKNOWN}"
    n, outside = result.expression.n_samples, np.count_nonzero(novelty.outside)
    return (
        f"Unlike the training data: {novelty.share:.1%} of the brain ({outside:,} of {n:,} samples)"
    )


def scale_problem(reference: Reference, expression: Expression) -> str:
    """Return in a sentence that data are on another scale than the training data, or nothing.

    The scale is told by the 1 and 99 percentiles of all values. It is another one if they are
    `_OTHER_SCALE` times as far apart, or a third, or lie that many widths away.
    """
    (low, high), (least, most) = reference.scale, _scale(expression.values)
    width, here = high - low, most - least
    away = abs((least + most) / 2 - (low + high) / 2)
    similar = width / _OTHER_SCALE <= here <= width * _OTHER_SCALE
    if similar and away <= max(width, here):
        return ""
    return (
        f"{expression.name} is on another scale than what the model was trained on: its values "
        f"are mostly from {least:.3g} to {most:.3g}, there they were from {low:.3g} to "
        f"{high:.3g}; rescale the data or fit a model to them"
    )


def _scale(values: np.ndarray) -> np.ndarray:
    some = np.linspace(0, len(values) - 1, min(len(values), _SCALE_ROWS)).astype(int)
    return np.percentile(np.asarray(values[some], np.float32), [1, 99]).astype(float)


def _whitening(latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, and what turns the centred latents into white ones."""
    from sklearn.covariance import ledoit_wolf

    mean, sd = latents.mean(axis=0), latents.std(axis=0)
    used = sd > 1e-6 * sd.max(initial=0)  # a component that is never used tells nothing
    whitening = np.zeros((len(sd), len(sd)))
    if used.any():
        covariance, _ = ledoit_wolf((latents - mean)[:, used] / sd[used])
        half = np.linalg.cholesky(np.linalg.inv(covariance))
        whitening[np.ix_(used, used)] = half / sd[used][:, None]
    return mean, whitening


def _optimism(record: dict[str, Any]) -> float:
    """Return how much larger the RMSE of samples not trained on is, where training tells."""
    learned, held_out = (record.get(name, 0) for name in ("train_rmse", "validation_rmse"))
    return max(1.0, held_out / learned) if learned > 0 else 1.0


def quantile(distances: np.ndarray) -> float:
    """Return what `QUANTILE` of samples like those of some distances (n_samples,) are within."""
    # "weibull" expects to be exceeded by 2.5 % of new samples, not of those at hand
    return float(np.quantile(distances, QUANTILE, method="weibull"))
