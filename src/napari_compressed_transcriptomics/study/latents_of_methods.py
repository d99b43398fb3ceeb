"""Latents of several methods, fitted to the same samples, to be looked at beside each other."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import (
    METHODS,
    fit_method,
    method_names,
    method_problem,
    short_title,
    size_problem,
)
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.progress import (
    Cancelled,
    Progress,
    Report,
    dropping,
    silent,
)

SIGNS = (
    "Each map has a contrast of its own. The sign of a component is arbitrary: the same map may "
    "come with its colours exchanged."
)


@dataclass(frozen=True, eq=False)
class NamedLatents:
    """Latents of one method, and where their samples lie."""

    name: str
    """The method, as tables have it: of `methods.METHODS`, or what files say
    (``abagen_pca_8mm``)."""
    title: str
    """The same for people."""
    values: np.ndarray
    """No unit; the sign of each column is arbitrary. NaN where a file says nothing. Of float32,
    shape (n_samples, k)."""
    parcellation: Parcellation
    """Of the expression, or of the voxels of the files."""
    expression: Expression | None = None
    """What they were fitted to, where that is known."""
    record: dict[str, Any] = field(default_factory=dict)
    """JSON-safe: how they were fitted, or paths and SHA-256 of the files."""

    @property
    def short_title(self) -> str:
        """The title where there is little room."""
        return short_title(self.name) if self.name in METHODS else self.title

    @property
    def latent_size(self) -> int:
        """Number of components, k."""
        return self.values.shape[1]


@dataclass(frozen=True, eq=False)
class LatentsRequest:
    """Everything that decides the outcome."""

    expression: Expression
    methods: tuple[str, ...]
    """Of `methods.METHODS`."""
    latent_sizes: tuple[int, ...] = (2,)
    """Each method is fitted with each."""
    seed: int = 0
    """Of the fits."""
    device: str = "cpu"
    """For methods that can choose."""
    known: tuple[NamedLatents, ...] = ()
    """What was fitted with the same data and seed before, and need not be again."""


@dataclass(frozen=True, eq=False)
class FittedLatents:
    """Result of a `LatentsRequest`."""

    latents: tuple[NamedLatents, ...]
    """In the order of `methods.METHODS`, then of size."""
    notes: tuple[str, ...] = ()
    """What could not be fitted and why, a sentence each."""
    complete: bool = True
    """False where it was cancelled; those done until then are there."""


def problem_with(method: str, latent_size: int, expression: Expression) -> str:
    """Return why a method cannot give so many components of these data, or nothing."""
    too_many = size_problem(method, latent_size, expression.n_samples, expression.n_genes)
    return too_many or method_problem(method, expression)


def possible_fits(
    expression: Expression, methods: tuple[str, ...], latent_sizes: tuple[int, ...]
) -> tuple[list[tuple[str, int]], tuple[str, ...]]:
    """Return which methods can be fitted with which sizes, in order, and why others cannot.

    Raises
    ------
    UserError
        If nothing can be, or a method is unknown.
    """
    names = sorted(method_names(methods), key=list(METHODS).index)
    if not (names and latent_sizes):
        raise UserError("There is nothing to fit; choose at least one method")
    fits: list[tuple[str, int]] = []
    notes: dict[str, None] = {}
    for name in names:
        for size in dict.fromkeys(latent_sizes):
            if problem := problem_with(name, size, expression):
                notes[f"{METHODS[name].title} is left out: {problem}"] = None
            else:
                fits.append((name, size))
    if not fits:
        raise UserError(next(iter(notes)))
    return fits, tuple(notes)


def fit_latents(request: LatentsRequest, report: Report = silent) -> FittedLatents:
    """Fit each method to all samples.

    Parameters
    ----------
    request : LatentsRequest
    report : callable, optional
        Called with each `Progress`; a `Stop` or `Cancelled` that it raises ends the work with the
        methods done so far, and is raised on where there are none.

    Raises
    ------
    UserError
        At once, if nothing can be fitted.
    """
    fits, notes = possible_fits(request.expression, request.methods, request.latent_sizes)
    known = {(one.name, one.latent_size): one for one in request.known}
    done: list[NamedLatents] = []
    try:
        for number, (method, size) in enumerate(fits, 1):
            latents = known.get((method, size))
            if latents is None:
                which = f" ({number} of {len(fits)})" if len(fits) > 1 else ""
                latents = fit_and_encode(
                    request.expression, method, size, request.seed, request.device, which, report
                )
            done.append(latents)
    except Cancelled:
        if not done:
            raise
        said = f"Cancelled after {len(done)} of {len(fits)} fits"
        return FittedLatents(tuple(done), (*notes, said), complete=False)
    return FittedLatents(tuple(done), notes)


def fit_and_encode(
    expression: Expression,
    method: str,
    latent_size: int,
    seed: int = 0,
    device: str = "cpu",
    which: str = "",
    report: Report = silent,
) -> NamedLatents:
    """Fit one method to all samples and encode them.

    Parameters
    ----------
    expression : Expression
    method : str
        Of `methods.METHODS`.
    latent_size : int
    seed : int
    device : str
    which : str
        Follows the method's name in the progress.
    report : callable, optional
        Called with each `Progress`; a `Stop` that it raises ends the fit as `Cancelled`, since
        what is half trained is not to be shown.
    """

    def report_which(progress: Progress) -> None:
        stage = f"{METHODS[method].title}{which}"
        report(Progress(stage, progress.done, progress.total, progress.message))

    codec = fit_method(method, expression, latent_size, seed, device, dropping(report_which))
    values = codec.encode(expression.values, device)
    record = {"method": codec.describe(), **codec.training}
    return NamedLatents(
        method, METHODS[method].title, values, expression.parcellation, expression, record
    )
