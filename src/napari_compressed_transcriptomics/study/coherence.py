"""Does a compression know anatomy? Three measures of the latents' maps, one with a p-value.

Neighbours are alike and hemispheres are symmetric in any smooth map of a brain, so that Moran's I
and the correlation of the hemispheres describe a component, but show no anatomy. Regions that
explain more of it than of maps as smooth and as symmetric do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.spatial.hemispheres import mirrored_pairs
from napari_compressed_transcriptomics.spatial.p_values import p_value
from napari_compressed_transcriptomics.spatial.spatial_null import flipped_maps
from napari_compressed_transcriptomics.spatial.statistics import (
    correlation,
    moran_weights,
    morans_i,
    ratio,
    sums_of_squares,
)

if TYPE_CHECKING:
    import pandas as pd

MAX_SAMPLES = 4000
"""Of more, a random sample of so many is measured."""


@dataclass(frozen=True)
class Coherence:
    """One number about one component, a row of the table."""

    component: str
    """``1`` to ``k``, or ``all``."""
    measure: str
    """One of "regions", "moran", "symmetry"."""
    value: float
    """Share of variance explained by regions (0 to 1), Moran's I (about -1/(n - 1) where there is
    no order, towards 1 where neighbours are alike), correlation (-1 to 1). NaN where it cannot be
    told."""
    p: float
    """Share of surrogate maps of which regions explain as much; NaN of the other measures."""


def coherence(
    latents: np.ndarray,
    parcellation: Parcellation,
    regions: Regions | None = None,
    n_null: int = 999,
    seed: int = 0,
    compartment: np.ndarray | None = None,
    report: Report = silent,
) -> list[Coherence]:
    """Measure how anatomical the components are.

    Of more than 4,000 samples a random 4,000 are used (the same for all methods).

    Parameters
    ----------
    latents : ndarray, shape (n_samples, k)
    parcellation : Parcellation
        Where the samples lie.
    regions : Regions, optional
        Which region each sample lies in; without it there is no measure ``regions``.
    n_null : int
        Surrogate maps of each component.
    seed : int
        Of the draws.
    compartment : ndarray of int, shape (n_samples,), optional
        See `spatial_null.flipped_maps`.
    report : callable, optional
        Called with a `Progress` for each component; what it raises ends the work.
    """
    latents, positions = np.asarray(latents, float), parcellation.positions
    of_sample = np.full(len(latents), -1) if regions is None else regions.of_sample
    compartment = np.zeros(len(latents), int) if compartment is None else compartment
    if len(latents) > MAX_SAMPLES:
        some = np.sort(np.random.default_rng(0).permutation(len(latents))[:MAX_SAMPLES])
        latents, positions, of_sample = latents[some], positions[some], of_sample[some]
        compartment = compartment[some]
    rows: list[Coherence] = []
    inside = of_sample >= 0
    if inside.any():
        places = positions[inside], compartment[inside], of_sample[inside]
        rows += _of_regions(latents[inside], *places, n_null, seed, report)
    report(Progress("Neighbours and hemispheres", 0, 1))
    left, right = mirrored_pairs(positions)
    moran = np.atleast_1d(morans_i(latents, moran_weights(positions)))
    symmetry = np.atleast_1d(correlation(latents[left], latents[right]))
    for k, values in enumerate(zip(moran, symmetry, strict=True), 1):
        for measure, value in zip(("moran", "symmetry"), values, strict=True):
            rows.append(Coherence(str(k), measure, float(value), np.nan))
    return rows


def coherence_table(results: Iterable[tuple[str, int, list[Coherence]]]) -> "pd.DataFrame":
    """Return (method, latent size, rows) as a tidy table.

    Columns: method, latent_size, component, measure, value, p.
    """
    import pandas as pd

    columns = ["method", "latent_size", "component", "measure", "value", "p"]
    rows = [
        (method, size, row.component, row.measure, row.value, row.p)
        for method, size, measured in results
        for row in measured
    ]
    return pd.DataFrame(rows, columns=columns)


def _of_regions(
    latents: np.ndarray,
    positions: np.ndarray,
    compartment: np.ndarray,
    group: np.ndarray,
    n_null: int,
    seed: int,
    report: Report,
) -> list[Coherence]:
    """Measure eta squared of each component, and of all: sums of squares over components.

    The null keeps the autocorrelation: compact regions explain much of any smooth map, so that
    shuffled samples would call every component anatomical. The maps change places, not the
    regions, so that their sizes and shapes stay, too.

    Components correlate, and are chosen together: so are the maps (see `flipped_maps`).
    """
    squares = []
    nulls = flipped_maps(latents, positions, n_null, seed, compartment)
    for number, column in enumerate(latents.T):
        report(Progress("Regions", number, latents.shape[1]))
        squares.append(sums_of_squares(np.column_stack([column, next(nulls)]), group))
    rows = [_row(str(k), *one) for k, one in enumerate(squares, 1)]
    return [*rows, _row("all", *np.sum(squares, axis=0))]


def _row(component: str, between: np.ndarray, total: np.ndarray) -> Coherence:
    """Return the share that regions explain: of the map, which comes first, and of its null."""
    shares = np.atleast_1d(ratio(between, total))
    p = p_value(shares[0], shares[1:]) if np.isfinite(shares[0]) else np.nan
    return Coherence(component, "regions", float(shares[0]), p)
