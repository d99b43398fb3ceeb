"""What is asked of a prediction, and whether data and settings go together."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import (
    GENES,
    method_names,
    method_problem,
    size_problem,
)
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.limits import (
    MAX_DRAWS,
    MAX_REPEATS,
    check_range,
    check_seed,
)
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.core.target import Features, Target
from napari_compressed_transcriptomics.spatial.buffer import check_buffer
from napari_compressed_transcriptomics.spatial.compartments import Compartments, compartments_of
from napari_compressed_transcriptomics.spatial.cross_validation import (
    SPLITS,
    Fold,
    Split,
    nested_folds,
)
from napari_compressed_transcriptomics.spatial.spatial_null import check_size

from .regressors import REGRESSORS

MIN_SAMPLES = 20


@dataclass(frozen=True, eq=False)
class PredictRequest:
    """Everything that decides the outcome of a prediction.

    Attributes
    ----------
    expression : Expression
        The data to predict from.
    targets : tuple of Target
        The maps to predict.
    methods : tuple of str
        Of `methods.METHODS`, or ``genes``. Each is fitted to all samples, without the targets:
        only the regression is held out.
    latent_sizes : tuple of int
        Numbers of components.
    features : tuple of Features
        Latents that are there already.
    regressors : tuple of {"ridge", "trees"}
        See `regressors.REGRESSORS`.
    splits : tuple of {"blocks", "random"}
        How places are held out.
    n_folds, n_repeats : int
        Folds, and how often they are drawn anew.
    buffer : float
        Of blocks, in mm, see `nested_folds`. 0 by default: surrogate maps are as smooth as the
        target, and allow for neighbours that are trained on; places far from all others, such as
        the striatum, are hardly predicted from the rest.
    n_surrogates : int
        Surrogate maps of each target; 0 leaves out p-values.
    compartments : RegionVolume or None
        Tells cortex, subcortex, cerebellum and brainstem, between which surrogate maps keep the
        target's steps; where not given, the regions' names may tell.
    seed : int
        Of folds, fits and surrogate maps.
    device : str
        For codecs that are trained.
    scheduler : str, optional
        Address of a scheduler of Dask distributed, whose workers predict; codecs are fitted here.
    """

    expression: Expression
    targets: tuple[Target, ...]
    methods: tuple[str, ...] = ("residual",)
    latent_sizes: tuple[int, ...] = (8,)
    features: tuple[Features, ...] = ()
    regressors: tuple[str, ...] = ("ridge",)
    splits: tuple[Split, ...] = ("blocks",)
    n_folds: int = 5
    n_repeats: int = 4
    buffer: float = 0.0
    n_surrogates: int = 1000
    compartments: RegionVolume | None = None
    seed: int = 0
    device: str = "auto"
    scheduler: str | None = None

    def fitted(self) -> tuple[str, ...]:
        """Return the methods to fit, by the names of `methods.METHODS`."""
        return tuple(name for name in method_names(self.methods, (GENES,)) if name != GENES)

    def folds(self, there: np.ndarray, split: Split) -> list[Fold]:
        """Return the folds of some samples, bool (n_samples,)."""
        places = self.expression.parcellation.positions[there]
        buffer = self.buffer if split == "blocks" else 0.0
        return nested_folds(places, split, self.n_folds, self.n_repeats, self.seed, buffer)

    def compartments_known(self) -> Compartments:
        """Return the compartment of each sample, as far as it is known."""
        expression = self.expression
        return compartments_of(
            expression.parcellation, expression.samples, self.compartments, expression.name
        )

    def parameters(self) -> dict[str, Any]:
        """Return the settings, JSON-safe."""
        return {
            "methods": [*self.fitted(), *([GENES] if GENES in self.methods else [])],
            "latent_sizes": list(self.latent_sizes),
            "features": [features.name for features in self.features],
            "regressors": list(self.regressors),
            "splits": list(self.splits),
            "n_folds": self.n_folds,
            "n_repeats": self.n_repeats,
            "buffer": self.buffer,
            "n_surrogates": self.n_surrogates,
            "compartments": None if self.compartments is None else self.compartments.name,
            "seed": self.seed,
        }


def check_request(request: PredictRequest) -> None:
    """Raise a `UserError` if data and settings do not go together; nothing is fitted."""
    if not request.targets:
        raise UserError("There is no target to predict; choose at least one map")
    _check_names("target", [target.name for target in request.targets])
    names = [features.name for features in request.features]
    _check_names("set of latent images", [*names, *method_names(request.methods, (GENES,))])
    if not (request.methods or request.features):
        raise UserError("There is no method to predict from; choose one or give latent images")
    check_settings(request)
    if request.n_surrogates:
        request.compartments_known()
    for method in request.fitted():
        if problem := method_problem(method, request.expression):
            raise UserError(problem)
    for target in request.targets:
        for features in (None, *request.features):
            check_target(target, features)
        if request.buffer and "blocks" in request.splits:
            request.folds(np.isfinite(target.values), "blocks")
        if request.n_surrogates:
            there = int(np.isfinite(target.values).sum())
            check_size(there, request.n_surrogates, kept=request.n_repeats)


def check_settings(request: PredictRequest) -> None:
    """Raise a `UserError` if settings make no sense; looks neither at values nor at targets."""
    expression = request.expression
    check_seed(request.seed)
    check_buffer(request.buffer)
    choices: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
        ("regressor", request.regressors, tuple(REGRESSORS)),
        ("split", request.splits, SPLITS),
    ]
    for kind, chosen, known in choices:
        if not chosen:
            raise UserError(f"There is no {kind}; choose {' or '.join(known)}")
        for name in chosen:
            if name not in known:
                raise UserError(f"There is no {kind} {name!r}; choose {' or '.join(known)}")
    check_range("folds", request.n_folds, 2, max(2, expression.n_samples // 2))
    check_range("repeats", request.n_repeats, 1, MAX_REPEATS)
    check_range("surrogates", request.n_surrogates, 0, MAX_DRAWS)
    for method in request.fitted():
        for size in request.latent_sizes:
            problem = size_problem(method, size, expression.n_samples, expression.n_genes)
            if problem:
                raise UserError(problem)


def offered_problem(method: str, expression: Expression) -> str:
    """Return in a sentence why a method, or ``genes``, cannot be predicted from, or nothing."""
    return "" if method == GENES else method_problem(method, expression)


def check_target(target: Target, features: Features | None = None) -> None:
    """Raise a `UserError` if a target has too few values, or only one value."""
    there = np.isfinite(target.values)
    where = "of the expression's samples"
    if features is not None:
        there &= np.isfinite(features.values).all(axis=1)
        where += f" together with {features.name}"
    if there.sum() < MIN_SAMPLES:
        raise UserError(
            f"The target {target.name} has values in {there.sum()} {where}, at least "
            f"{MIN_SAMPLES} are needed; leave it out or use another"
        )
    if np.ptp(target.values[there]) == 0:
        raise UserError(f"The target {target.name} is the same everywhere; leave it out")


def _check_names(kind: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"Each {kind} needs a name of its own ({listing(twice)}); rename a file")
