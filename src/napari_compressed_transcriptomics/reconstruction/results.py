"""A result as it is told: what a report needs, from memory or from a folder."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.core.provenance import portable
from napari_compressed_transcriptomics.core.regions import Regions, samples_as_regions
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation

from .joint_histogram import JointHistogram, density_of
from .summary import summary_of

if TYPE_CHECKING:
    from .reconstruction import Reconstruction

MAX_COMPONENTS = 16
"""Components that a report shows as pictures."""


@dataclass(frozen=True, eq=False)
class SampleErrors:
    """How well each sample (or region) is given back."""

    names: tuple[str, ...]
    rmse: np.ndarray
    """In the units of the data. Of float64, shape (n,)."""
    r2: np.ndarray | None = None
    """About the sample's mean over genes; not of regions made of several samples. Of float64, shape
    (n,)."""
    centroids: np.ndarray | None = None
    """RAS mm. Of float64, shape (n, 3)."""
    counts: np.ndarray | None = None
    """Samples in each region. Of int64, shape (n,)."""
    held_out: np.ndarray | None = None
    """RMSE while the sample was not seen; None where it was not measured. Of float64, shape
    (n,)."""

    @classmethod
    def of_regions(
        cls, regions: Regions, rmse_samples: np.ndarray, held_out: np.ndarray | None = None
    ) -> "SampleErrors":
        """Return the error of regions that hold the samples."""
        rmse = regions.root_mean_square(rmse_samples)
        unseen = None if held_out is None else regions.root_mean_square(held_out)
        return cls(regions.names, rmse, counts=regions.counts, held_out=unseen)


@dataclass(frozen=True, eq=False)
class Results:
    """What a compression came to."""

    record: dict[str, Any]
    """As in ``summary.json``, see `core.summary.summary_of`."""
    affine: np.ndarray
    """Voxels to RAS mm. Shape (4, 4)."""
    error_volume: np.ndarray
    """RMSE, NaN outside. Of float32, shape (x, y, z)."""
    latent_volume: np.ndarray
    """NaN outside. Of float32, shape (x, y, z, at most `MAX_COMPONENTS`)."""
    latents: np.ndarray
    """Of float32, shape (n_samples, latent_size)."""
    genes: tuple[str, ...]
    rmse_genes: np.ndarray
    r2_genes: np.ndarray
    """`rmse_genes`, `r2_genes`: NaN for filled-in genes. Of float64, shape (n_genes,)."""
    held_out_genes: np.ndarray | None = None
    """Held-out RMSE; None where it was not measured. Of float64, shape (n_genes,)."""
    held_out_volume: np.ndarray | None = None
    """The same of each sample, NaN outside. Of float32, shape (x, y, z)."""
    samples: SampleErrors | None = None
    """None where an older result did not keep them."""
    regions: SampleErrors | None = None
    """The samples themselves where they are regions; None where nobody said which regions."""
    density: JointHistogram | None = None
    """None where an older result did not keep it."""
    mesh: SurfaceParcellation | None = None
    """Where results of vertices lie, whose volumes mean nothing; None of voxels and regions."""
    lacking: np.ndarray | None = None
    """As of `Parcellation`. Of bool, shape (x, y, z)."""
    files: tuple[Path, ...] = ()
    """What was read, not to be overwritten."""
    notes: tuple[str, ...] = ()
    """What was noticed on reading, one sentence each."""

    def portable(self, folder: Path | None = None) -> "Results":
        """Return the same with paths that tell of nobody, see `provenance.portable`."""
        return replace(self, record=portable(self.record, folder))


def results_of(
    reconstruction: "Reconstruction",
    parameters: dict[str, Any] | None = None,
    regions: Regions | None = None,
    report: Report = silent,
) -> Results:
    """Gather a reconstruction's results.

    Parameters
    ----------
    reconstruction : Reconstruction
    parameters : dict, optional
        The settings that were chosen, JSON-safe.
    regions : Regions, optional
        Of the samples; a region table's own where not given.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.
    """
    expression = reconstruction.expression
    parcellation, held_out = expression.parcellation, reconstruction.held_out
    density = density_of(reconstruction, report=report)
    samples = SampleErrors(
        expression.samples,
        reconstruction.rmse_samples,
        reconstruction.r2_samples,
        parcellation.centroids if parcellation.places_known else None,
        held_out=None if held_out is None else held_out.rmse_samples,
    )
    of_regions = None
    if regions is not None:
        of_regions = SampleErrors.of_regions(regions, samples.rmse, samples.held_out)
    elif samples_as_regions(expression) is not None:
        of_regions = samples
    return Results(
        record=summary_of(reconstruction, parameters),
        affine=parcellation.affine,
        error_volume=parcellation.paint(reconstruction.rmse_samples),
        latent_volume=parcellation.paint(reconstruction.latents[:, :MAX_COMPONENTS]),
        latents=reconstruction.latents,
        genes=expression.genes,
        rmse_genes=reconstruction.rmse_genes,
        r2_genes=reconstruction.r2_genes,
        held_out_genes=None if held_out is None else held_out.rmse_genes,
        held_out_volume=None if held_out is None else parcellation.paint(held_out.rmse_samples),
        samples=samples,
        regions=of_regions,
        density=density,
        mesh=parcellation if isinstance(parcellation, SurfaceParcellation) else None,
        lacking=parcellation.lacking,
    )


def samples_of(results: Results) -> Parcellation:
    """Return where the samples of results lie: voxels, or the regions that have the same values.

    Of vertices it is on their mesh.
    Regions of a folder are told by their latents and error; the few that have all of them in
    common are one.
    """
    inside = np.isfinite(results.error_volume)
    n_samples = len(results.latents)
    if np.count_nonzero(inside) <= n_samples:
        place = Parcellation.from_mask(inside, results.affine)
        if results.mesh is not None:
            return results.mesh.renumbered(place.labels)
        return replace(place, lacking=results.lacking)
    rows = np.column_stack([results.error_volume[inside], results.latent_volume[inside]])
    _, number = np.unique(rows, axis=0, return_inverse=True)
    labels = np.zeros(inside.shape, np.int32)
    labels[inside] = number.ravel() + 1
    if results.mesh is not None:
        return results.mesh.renumbered(labels)
    return Parcellation(labels, results.affine, lacking=results.lacking)


def values_at(place: Parcellation, volume: np.ndarray) -> np.ndarray:
    """Return what a volume on the same grid holds at each sample, float32 (n_samples,)."""
    values = np.full(place.n_samples, np.nan, np.float32)
    inside = place.labels > 0
    values[place.labels[inside] - 1] = volume[inside]
    return values
