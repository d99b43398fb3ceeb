"""The figures of a report, each with what it shows in words."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import is_mni, space_of
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.figures import brain_figures, plots
from napari_compressed_transcriptomics.figures.scale import Scale
from napari_compressed_transcriptomics.figures.slices import BrainSpace
from napari_compressed_transcriptomics.figures.svg import PAGE_COLOR
from napari_compressed_transcriptomics.reconstruction.results import Results, samples_of, values_at

from .text import without_formulas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_REGIONS = 30
"""Regions in the plot of errors by region."""

SURFACE_OF = "surface-of-"
"""Before the name of a figure: the same on the cortical surface."""

Maker = tuple[Callable[[], "Figure"], str]


def report_figures(results: Results) -> Iterator[tuple[str, Maker]]:
    """Yield the name of each figure, what makes it, and what it shows in words."""
    volume = results.error_volume
    errors = results.samples.rmse if results.samples else volume[np.isfinite(volume)]
    in_volume = results.mesh is None  # the volumes of vertices are no pictures of the brain
    yield from _error_figures(results, errors, in_volume)
    yield from _plots(results, errors)
    cortex = _cortex(results)
    if in_volume:
        rows = brain_figures.component_rows(BrainSpace(np.isfinite(volume), results.affine))
        for k in range(results.latent_volume.shape[3]):
            yield f"component-{k + 1}", _component(results, rows, k)
    if cortex is None:
        return
    for k in range(results.latent_volume.shape[3]):
        name = f"Component {k + 1}"
        scale = Scale.of_component(results.latents[:, k], name.lower())
        words = f"{name} from {scale.low:.3g} (blue) to {scale.high:.3g} (red)"
        values = results.latent_volume[..., k]
        yield f"{SURFACE_OF}component-{k + 1}", _on_cortex(cortex, values, scale, words)


def _error_figures(
    results: Results, errors: np.ndarray, in_volume: bool
) -> Iterator[tuple[str, Maker]]:
    volume, cortex = results.error_volume, _cortex(results)
    scale = Scale.of_error(errors)
    upto = f"from {scale.low:.3g} to {scale.high:.3g}"
    space = BrainSpace(np.isfinite(volume), results.affine) if in_volume else None
    if space is not None:
        yield (
            "error-slices",
            (
                _drawn(brain_figures.slice_rows(space), volume, scale),
                f"Six axial, six coronal and six sagittal slices of the error (RMSE), {upto}; "
                "right is on the right",
            ),
        )
        yield (
            "error-views",
            (
                _drawn(brain_figures.view_rows(space, volume), volume, scale),
                f"The error (RMSE), {upto}, on the surface from six sides, and the largest along "
                "each line of sight from three",
            ),
        )
    if cortex is not None:
        yield "error-surface", _on_cortex(cortex, volume, scale, f"The error (RMSE), {upto},")
    unseen = results.held_out_volume
    if unseen is None:
        return
    wide = Scale.of_error(unseen[np.isfinite(unseen)])
    words = f"held-out error, from {wide.low:.3g} to {wide.high:.3g}"
    if space is not None:
        yield (
            "held-out-slices",
            (
                _drawn(brain_figures.slice_rows(space), unseen, wide),
                f"The same slices of the {words}",
            ),
        )
    if cortex is not None:
        yield "held-out-surface", _on_cortex(cortex, unseen, wide, f"The {words},")


def _cortex(results: Results) -> Parcellation | None:
    """Return where samples lie that can be shown on fsaverage5: in MNI152, or known vertices."""
    if results.mesh is None and not is_mni(space_of(_source(results.record))):
        return None
    place = samples_of(results)
    return place if place.places_known else None


def _plots(results: Results, errors: np.ndarray) -> Iterator[tuple[str, Maker]]:
    record = results.record
    if results.density is not None and record.get("rmse") is not None:
        density, rmse = results.density, record["rmse"]
        yield (
            "density",
            (
                lambda: plots.density_plot(density, rmse, foreground=PAGE_COLOR),
                "Logarithmic density of reconstructed against original expression",
            ),
        )
    yield (
        "histogram",
        (
            lambda: plots.error_histogram(errors, foreground=PAGE_COLOR),
            f"Histogram of the error of {len(errors):,} samples, median {np.nanmedian(errors):.4g}",
        ),
    )
    if results.regions is not None:
        regions = results.regions
        yield (
            "regions",
            (
                lambda: plots.region_dots(
                    [without_formulas(name) for name in regions.names],
                    regions.rmse,
                    regions.counts,
                    overall=record.get("rmse"),
                    most=MAX_REGIONS,
                    foreground=PAGE_COLOR,
                ),
                f"Error of {len(regions.names):,} regions as dots, the worst on top",
            ),
        )


def _component(results: Results, rows: brain_figures.Rows, k: int) -> Maker:
    scale = Scale.of_component(results.latents[:, k], f"component {k + 1}")
    volume = results.latent_volume[..., k]
    return (
        _drawn(rows, volume, scale),
        f"Component {k + 1} from {scale.low:.3g} (blue) to {scale.high:.3g} (red) in an axial, a "
        "coronal and a sagittal slice and on the surface from the left, the right and above",
    )


def _drawn(rows: brain_figures.Rows, volume: np.ndarray, scale: Scale) -> Callable[[], "Figure"]:
    panels = [brain_figures.Panel(rows, volume, scale)]
    return partial(brain_figures.draw, panels, brain_figures.Look(foreground=PAGE_COLOR))


def _source(record: dict[str, Any]) -> dict[str, Any]:
    source = record.get("source")
    return source if isinstance(source, dict) else {}


def _on_cortex(place: Parcellation, volume: np.ndarray, scale: Scale, words: str) -> Maker:
    def make() -> "Figure":
        from napari_compressed_transcriptomics.figures.surface_pictures import surface_rows
        from napari_compressed_transcriptomics.spatial.surface_sampling import surface_sampling

        values = surface_sampling(place)(values_at(place, volume))
        panels = [brain_figures.Panel(surface_rows(), values, scale)]
        return brain_figures.draw(panels, brain_figures.Look(foreground=PAGE_COLOR))

    return make, f"{words} on the cortex of both hemispheres, lateral and medial; grey: no data"
