"""How anatomical the latents of several methods are: fitted, measured, and laid out as a table."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.limits import (
    MAX_DRAWS,
    MIN_PERMUTATIONS,
    check_range,
    check_seed,
)
from napari_compressed_transcriptomics.core.progress import (
    Cancelled,
    Progress,
    Report,
    duration,
    silent,
)
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.spatial.compartments import Compartments, compartments_of
from napari_compressed_transcriptomics.spatial.spatial_null import check_size

from .coherence import MAX_SAMPLES, Coherence, coherence, coherence_table
from .latents_of_methods import NamedLatents, fit_and_encode, possible_fits

if TYPE_CHECKING:
    import pandas as pd

_SOMEWHAT_SMALL = {"umap": "UMAP", "tsne": "t-SNE"}
"""Methods whose latents are no sums of the genes' patterns, see `spatial_null.flipped_maps`."""


@dataclass(frozen=True, eq=False)
class CoherenceRequest:
    """Everything that decides the outcome."""

    latents: tuple[NamedLatents, ...] = ()
    """Measured as they are (published ones, those shown in a window)."""
    expression: Expression | None = None
    """What `methods` are fitted to."""
    methods: tuple[str, ...] = ()
    """Of `methods.METHODS`, fitted with each of `latent_sizes`."""
    latent_sizes: tuple[int, ...] = (2,)
    regions: RegionVolume | None = None
    """Without it there is no measure ``regions``."""
    n_permutations: int = 999
    """Surrogate maps of each component; p-values are at least 1 / (n + 1)."""
    compartments: RegionVolume | None = None
    """As `PredictRequest.compartments`."""
    seed: int = 0
    """Of fits and draws."""
    device: str = "cpu"
    """For methods that can choose."""

    def parameters(self) -> dict[str, Any]:
        """Return the settings, JSON-safe."""
        return {
            "methods": list(self.methods),
            "latent_sizes": list(self.latent_sizes),
            "opened_latents": [latents.name for latents in self.latents],
            "regions": None if self.regions is None else self.regions.name,
            "n_permutations": self.n_permutations,
            "compartments": None if self.compartments is None else self.compartments.name,
            "seed": self.seed,
            "device": self.device,
        }


@dataclass(frozen=True, eq=False)
class MeasuredCoherence:
    """Result of a `CoherenceRequest`."""

    request: CoherenceRequest
    rows: tuple[tuple[str, int, list[Coherence]], ...]
    """Method, number of components, and their measures."""
    records: dict[str, Any] = field(default_factory=dict)
    """``method k`` to how the latents came about (`NamedLatents.record`), and how many samples are
    of which compartment."""
    notes: tuple[str, ...] = ()
    complete: bool = True
    """False where it was cancelled; the methods until then are there."""

    def table(self) -> "pd.DataFrame":
        """Return a tidy table, see `coherence.coherence_table`."""
        return coherence_table(self.rows)


def measure_coherence(request: CoherenceRequest, report: Report = silent) -> MeasuredCoherence:
    """Fit what is to be fitted, and measure one method after the other.

    Parameters
    ----------
    request : CoherenceRequest
    report : callable, optional
        As of `fit_latents`.

    Raises
    ------
    UserError
        At once, if nothing can be measured, or the regions lie elsewhere.
    """
    fits, said = _check(request)
    rows: list[tuple[str, int, list[Coherence]]] = []
    records: dict[str, Any] = {}
    without_regions: dict[str, None] = {}
    notes = dict.fromkeys(said)
    complete = True
    todo: list[tuple[str, int] | NamedLatents] = [*fits, *request.latents]
    try:
        for which in todo:
            if isinstance(which, NamedLatents):
                latents = which
            else:
                assert request.expression is not None
                latents = fit_and_encode(
                    request.expression, *which, request.seed, request.device, report=report
                )
            compartments = _compartments(latents, request)
            measured = _measure(latents, request, compartments.of_sample, report)
            rows.append((latents.name, latents.latent_size, measured))
            about = {**latents.record, "compartments": compartments.counts}
            records[f"{latents.name} {latents.latent_size}"] = about
            if not any(row.measure == "regions" for row in measured):
                without_regions[latents.title] = None
                continue
            if compartments.note:
                notes[compartments.note] = None
            if latents.name in _SOMEWHAT_SMALL:
                notes[_doubt(_SOMEWHAT_SMALL[latents.name])] = None
    except Cancelled:
        if not rows:
            raise
        complete = False
    notes |= dict.fromkeys(_why_no_regions(request.regions, tuple(without_regions)))
    if not complete:
        notes[f"Cancelled after {len(rows)} of {len(todo)} methods"] = None
    return MeasuredCoherence(request, tuple(rows), records, tuple(notes), complete)


def _check(request: CoherenceRequest) -> tuple[list[tuple[str, int]], tuple[str, ...]]:
    """Return the fits to be made and what is to be said; refuse what cannot be measured."""
    check_seed(request.seed)
    fits: list[tuple[str, int]] = []
    notes: tuple[str, ...] = ()
    if request.methods:
        if request.expression is None:
            raise UserError("There is nothing to fit methods to; open expression first")
        fits, notes = possible_fits(request.expression, request.methods, request.latent_sizes)
    if not (fits or request.latents):
        raise UserError("There are no latents to measure; choose a method or open latent images")
    for latents in request.latents:
        if not np.isfinite(latents.values).all():
            raise UserError(f"{latents.title} has no value in some voxels; use complete latents")
    check_range("permutations", request.n_permutations, MIN_PERMUTATIONS, MAX_DRAWS)
    sizes = [len(latents.values) for latents in request.latents]
    if fits and request.expression is not None:
        sizes.append(request.expression.n_samples)
    check_size(min(max(sizes), MAX_SAMPLES), request.n_permutations)
    return fits, notes + _check_volumes(request)


def _check_volumes(request: CoherenceRequest) -> tuple[str, ...]:
    """Return notes on the regions; a `UserError` where no sample of anything lies in one."""
    regions = request.regions
    if regions is None:
        return ()
    places = [latents.parcellation for latents in request.latents]
    if request.methods and request.expression is not None:
        places.append(request.expression.parcellation)
    if request.compartments is not None:
        for place in dict.fromkeys(places):
            compartments_of(place, given=request.compartments)
    if not any((regions.of(place).of_sample >= 0).any() for place in dict.fromkeys(places)):
        raise UserError(
            f"{regions.name} and the samples do not overlap in space; check that both are in one "
            "space (MNI) and their affines are right"
        )
    return regions.notes


def _doubt(title: str) -> str:
    # As in benchmarks/calibration.md, regions of Desikan-Killiany.
    return (
        f"p-values of {title} are somewhat too small: of simulated data that have nothing to do "
        "with regions, 9 % (5 to 14 %) had p ≤ 0.05 with 8 components of UMAP together"
    )


def _compartments(latents: NamedLatents, request: CoherenceRequest) -> Compartments:
    expression = latents.expression
    names, about = (
        ((), latents.title) if expression is None else (expression.samples, expression.name)
    )
    return compartments_of(latents.parcellation, names, request.compartments, about)


def _why_no_regions(regions: RegionVolume | None, titles: tuple[str, ...]) -> tuple[str, ...]:
    """Say in a sentence why methods lack the measure ``regions``, if any do."""
    if not titles:
        return ()
    if regions is None:
        return (
            "There is no measure “regions”, as no regions were given; choose labels (lobes, "
            "networks, an atlas) that hold several samples each",
        )
    return (
        f"There is no measure “regions” of {', '.join(titles)}: no region of {regions.name} holds "
        "more than one of the samples, so that regions would explain all of any map; choose "
        "coarser ones (lobes, networks, hemispheres)",
    )


def _measure(
    latents: NamedLatents, request: CoherenceRequest, compartment: np.ndarray, report: Report
) -> list[Coherence]:
    def report_which(progress: Progress) -> None:
        stage = f"{latents.title}: {progress.stage[0].lower()}{progress.stage[1:]}"
        report(Progress(stage, progress.done, progress.total))

    parcellation = latents.parcellation
    regions = None if request.regions is None else request.regions.of(parcellation)
    if regions is not None and regions.counts.max(initial=0) < 2:
        regions = None  # each sample alone explains itself
    return coherence(
        latents.values,
        parcellation,
        regions,
        request.n_permutations,
        request.seed,
        compartment,
        report_which,
    )


def estimated_seconds(request: CoherenceRequest) -> float:
    """Return about how long measuring will take on this machine; fits are not in it.

    Surrogate maps are products of matrices, whose pace is measured.
    """
    sizes = [(one.values.shape[0], one.latent_size) for one in request.latents]
    if request.expression is not None:
        n = request.expression.n_samples
        sizes += [(n, k) for _ in request.methods for k in request.latent_sizes]
    work, ranking = 0.0, 0.0
    for n, k in sizes if request.regions is not None else []:
        n = min(n, MAX_SAMPLES)
        work += k * 2.0 * n**2 * request.n_permutations + 10.0 * n**3
        ranking += k * n * request.n_permutations * 4e-7
    block = np.ones((600, 600))
    block @ block  # loads what is loaded once
    began = time.perf_counter()
    block @ block
    return work / (2 * 600**3) * (time.perf_counter() - began) + ranking


def cost_sentence(request: CoherenceRequest) -> str:
    """Return what will be done and about how long it takes, in a sentence."""
    words = duration(estimated_seconds(request))
    n_fits = len(request.methods) * len(request.latent_sizes)
    fits = f"after fitting {n_fits} codec(s), " if n_fits else ""
    return f"{fits}measures with {request.n_permutations:,} surrogates take about {words}"
