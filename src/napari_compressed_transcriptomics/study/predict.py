"""How well latents predict maps of the brain: at places not seen, and better than chance."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import GENES, fit_method
from napari_compressed_transcriptomics.core.cluster import check_scheduler, connected, run_tasks
from napari_compressed_transcriptomics.core.progress import Progress, Report, Stop, dropping, silent
from napari_compressed_transcriptomics.core.target import Features, Target
from napari_compressed_transcriptomics.spatial.compartments import Compartments
from napari_compressed_transcriptomics.spatial.p_values import corrected
from napari_compressed_transcriptomics.spatial.spatial_null import surrogate_maps

from .out_of_sample_r2 import out_of_sample_r2
from .predict_request import PredictRequest, check_request
from .regressors import gradient_boosting, ridge, standardised

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "target", "method", "latent_size", "regressor", "split",
    "r2", "r2_low", "r2_high", "p_spatial", "p_fdr",
)  # fmt: skip


class Score(NamedTuple):
    """One row of the table."""

    target: str
    method: str
    latent_size: int
    """Number of features: components, or genes."""
    regressor: str
    split: str
    r2: float
    """Out-of-sample R2: 1 - (squared error of held-out samples) / (squared error of the training
    samples' mean), both summed over folds and repeats. 0 is as good as the mean, below is worse."""
    r2_low: float
    r2_high: float
    """`r2_low`, `r2_high`: 95 % confidence interval."""
    p_spatial: float
    """Share of surrogate maps (see `spatial_null`) that are predicted at least as well; NaN for
    gradient boosting."""
    p_fdr: float = np.nan
    """`p_spatial` after Benjamini and Hochberg's correction over the targets."""

    @property
    def key(self) -> tuple:
        """Which row it is: all that is no result."""
        return self[:5]


_Found = tuple[Score, np.ndarray]
"""A score, and the predicted map, float64 (n_samples,)."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Result of a `PredictRequest`."""

    request: PredictRequest
    scores: tuple[Score, ...]
    maps: dict[tuple, np.ndarray]
    """`Score.key` to the held-out predictions, float64 (n_samples,), mean over repeats; NaN where
    the target or the features say nothing."""
    notes: tuple[str, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    """``method k`` to the codec's record of training."""
    complete: bool = True
    """False where it was cancelled: the targets until then are there."""
    compartments: Compartments | None = None
    """Those that surrogates keep; None without surrogates."""

    def table(self) -> "pd.DataFrame":
        """Return the scores as a tidy table with the columns `COLUMNS`."""
        import pandas as pd

        return pd.DataFrame([tuple(score) for score in self.scores], columns=list(COLUMNS))

    def predicted(self, score: Score) -> np.ndarray:
        """Return the predicted map in the target's units, float64 (n_samples,)."""
        return self.maps[score.key]

    def prediction_error(self, score: Score) -> np.ndarray:
        """Return target minus prediction, float64 (n_samples,)."""
        return self.target(score.target).values - self.predicted(score)

    def target(self, name: str) -> Target:
        """Return the target of a name."""
        return next(target for target in self.request.targets if target.name == name)

    def best(self, name: str) -> Score:
        """Return the score of a target with the largest R2."""
        return max((s for s in self.scores if s.target == name), key=lambda s: s.r2)


def predict_maps(request: PredictRequest, report: Report = silent) -> Prediction:
    """Predict all targets from all features.

    Parameters
    ----------
    request : PredictRequest
        What to predict, and how.
    report : callable, optional
        Called with each `Progress`; a `Stop` that it raises ends the work with the targets done so
        far. Where there are none it is raised on; from within a fit it is `Cancelled`.

    Raises
    ------
    UserError
        At once, if data and settings do not fit together, or as `core.cluster.connected`.
    """
    check_request(request)
    check_scheduler(request.scheduler)
    features, training = _features(request, dropping(report))
    compartments = request.compartments_known() if request.n_surrogates else None
    done: dict[int, list[_Found]] = {}
    complete, run = True, _one_by_one if request.scheduler is None else _on_workers
    try:
        run(_Work(request, features, compartments), done, report)
    except Stop:
        if not done:
            raise
        complete = False
    found = [one for number in sorted(done) for one in done[number]]
    scores, maps = [score for score, _ in found], {score.key: one for score, one in found}
    said = [compartments.note] if compartments and compartments.note else []
    said += [note for target in request.targets for note in target.notes]
    said += [note for given in request.features for note in given.notes]
    if "blocks" in request.splits and request.buffer:
        said.append(f"Blocks have a buffer of {request.buffer:.1f} mm")
    notes = list(dict.fromkeys(said))
    if not complete:
        notes.append(f"Cancelled after {len(done)} of {len(request.targets)} targets")
    return Prediction(
        request, _corrected(scores), maps, tuple(notes), training, complete, compartments
    )


def _features(request: PredictRequest, report: Report) -> tuple[list[Features], dict[str, Any]]:
    """Fit every codec, and return all features with the records of training."""
    expression, training = request.expression, {}
    features = list(request.features)
    if GENES in request.methods:
        features.insert(0, Features(GENES, np.asarray(expression.values)))
    for method in request.fitted():
        for size in request.latent_sizes:
            codec = fit_method(method, expression, size, request.seed, request.device, report)
            features.append(Features(method, codec.encode(expression.values, request.device)))
            training[f"{method} {size}"] = codec.training
    return features, training


@dataclass(frozen=True, eq=False)
class _Work:
    """What all targets are predicted from, and how; workers are sent it as it is."""

    request: PredictRequest
    features: list[Features]
    compartments: Compartments | None

    @property
    def n_scores(self) -> int:
        """How many scores each target has."""
        return sum(len(self.regressors(one)) for one in self.features) * len(self.request.splits)

    def regressors(self, features: Features) -> tuple[str, ...]:
        """Gradient boosting on thousands of genes would take hours and say little."""
        asked = self.request.regressors
        return tuple(r for r in asked if r == "ridge" or features.name != GENES)

    def scores(self, number: int) -> Iterator[_Found]:
        """Return what is found of a target, one after the other."""
        request, target = self.request, self.request.targets[number]
        positions = request.expression.parcellation.positions
        mask, maps, folds = np.zeros(0, bool), np.zeros((0, 0)), {}
        for one in self.features:
            there = np.isfinite(target.values) & np.isfinite(one.values).all(axis=1)
            if not np.array_equal(there, mask):  # all features but incomplete images share it
                mask, places = there, positions[there]
                maps = target.values[mask, None]
                if self.compartments is not None:
                    seed = request.seed * 100_000 + number
                    of_sample = self.compartments.of_sample[mask]
                    surrogates = surrogate_maps(
                        maps[:, 0], places, request.n_surrogates, seed, of_sample
                    )
                    maps = np.column_stack([maps, surrogates])
                folds = {split: request.folds(mask, split) for split in request.splits}
            x = standardised(one.values[mask])
            for regressor in self.regressors(one):
                for split in request.splits:
                    if regressor == "ridge":
                        predicted = ridge(x, maps, folds[split])
                    else:
                        alone = gradient_boosting(x, maps[:, 0], folds[split], request.seed)
                        predicted = [values[:, None] for values in alone]
                    about = (target.name, one.name, one.values.shape[1], regressor, split)
                    numbers, mean = out_of_sample_r2(maps, predicted, folds[split])
                    whole = np.full(len(mask), np.nan)
                    whole[mask] = mean
                    yield Score(*about, *numbers), whole


def _one_by_one(work: _Work, done: dict[int, list[_Found]], report: Report) -> None:
    """Put what is found of each target into `done`, by its number."""
    targets, each = work.request.targets, work.n_scores
    total = each * len(targets)
    for number, target in enumerate(targets):
        stage, found = f"Predicting {target.name}", list[_Found]()
        report(Progress(stage, number * each, total))
        for one in work.scores(number):
            found.append(one)
            if len(found) == each:
                done[number] = found
            report(Progress(stage, number * each + len(found), total))


def _on_workers(work: _Work, done: dict[int, list[_Found]], report: Report) -> None:
    """Do what `_one_by_one` does, on the workers of ``request.scheduler``: a task a target."""
    request = work.request
    assert request.scheduler is not None
    expression, each, n = request.expression, work.n_scores, len(request.targets)

    def ended(number: int, result: Callable[[], list[_Found]]) -> None:
        done[number] = result()

    def advance(left: dict[int, float]) -> None:
        report(Progress("Predicting", round(each * (n - len(left) + sum(left.values()))), each * n))

    # of expression only the places are needed
    nothing = np.zeros((expression.n_samples, 1), np.float32)
    places = replace(expression, values=nothing, genes=expression.genes[:1])
    shared = replace(work, request=replace(request, expression=places, features=()))
    with connected(request.scheduler) as client:
        run_tasks(client, _of_target, shared, range(n), ended, advance)


def _of_target(work: _Work, number: int, report: Report) -> list[_Found]:
    name, found = work.request.targets[number].name, list[_Found]()
    for one in work.scores(number):
        found.append(one)
        report(Progress(name, len(found), work.n_scores))
    return found


def _corrected(scores: list[Score]) -> tuple[Score, ...]:
    """Correct p-values over the targets of each method, size, regressor and split."""
    by_key: dict[tuple, float] = {}
    for group in {score[1:5] for score in scores}:
        family = [score for score in scores if score[1:5] == group]
        p_values = corrected(np.array([score.p_spatial for score in family]))
        by_key |= {score.key: float(p) for score, p in zip(family, p_values, strict=True)}
    return tuple(score._replace(p_fdr=by_key[score.key]) for score in scores)


def shuffled(target: Target, seed: int) -> Target:
    """Return a negative control: the same values at other places, at random."""
    values = target.values.copy()
    there = np.isfinite(values)
    values[there] = np.random.default_rng(seed).permutation(values[there])
    return replace(target, values=values)
