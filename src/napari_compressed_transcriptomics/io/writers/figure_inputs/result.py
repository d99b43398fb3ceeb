"""What figures show of a compression, from its folder or made here, and of expression alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import record_space, recorded, space_of
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.reconstruction.results import (
    Results,
    results_of,
    samples_of,
    values_at,
)
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import elsewhere

from .input import UNITS, Input, Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

MAX_REGIONS = 30
"""In the plot of errors by region."""
_MAPS = "rmse, held-out, distance, component:K, gene:NAME, reconstructed:NAME, difference:NAME"
_PLOTS = "density, histogram, regions, genes or latents"


def of_folder(folder: Path, reading: Reading) -> Input:
    """Return what figures show of a folder of results."""
    results = read_results(folder, reading.atlas, reading.labels)
    summary = folder / "summary.json"
    recorded_in = results.record.get("source")
    space = reading.space or space_of(recorded_in if isinstance(recorded_in, dict) else {})
    return ResultInput(
        folder.resolve().name,
        {"results": {"path": str(summary.resolve()), "sha256": file_sha256(summary)}}
        | recorded(space),
        results,
        folder=folder,
    )


def of_expression(paths: Sequence[str], reading: Reading, report: Report) -> Input:
    """Return what figures show of expression, and of how a model reconstructs it."""
    expression = read_expression(
        paths,
        reading.atlas,
        reading.labels,
        reading.impute,
        reading.ids,
        reading.variant,
        report,
        surface=reading.surface,
        vertices_of=reading.vertices_of,
        hemisphere=reading.hemisphere,
    )
    if reading.space:
        record_space(expression.source, reading.space)
    made = None
    if reading.model is not None:
        made = _with_model(expression, Path(reading.model), report)
    return ResultInput(
        expression.name,
        dict(expression.source),
        None if made is None else results_of(made, report=report),
        given=expression,
        made=made,
    )


def _with_model(expression: Expression, model: Path, report: Report) -> "Reconstruction":
    from napari_compressed_transcriptomics.codecs.models.model_file import load_model
    from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

    return reconstruct(load_model(model), expression, device="cpu", report=report)


@dataclass(frozen=True, eq=False)
class ResultInput(Input):
    """Maps and plots of a compression, or of expression alone."""

    name: str
    source: dict[str, Any]
    results: Results | None
    given: Expression | None = None
    made: "Reconstruction | None" = None
    folder: Path | None = None

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the user should know."""
        parts = [self.given, self.made, self.results]
        return tuple(note for part in parts if part is not None for note in part.notes)

    @cached_property
    def expression(self) -> Expression:
        """The data; originals of a folder are read where its record says."""
        return self.reconstruction.expression if self.given is None else self.given

    @property
    def _data_are_there(self) -> bool:
        values = elsewhere(self.expression)
        return values is None or values.origin is None or values.origin.found

    def _originals(self, name: str) -> np.ndarray:
        """Return the values of a gene, shape (n_samples,)."""
        column = self.expression.column(name)
        if not self._data_are_there:
            raise UserError(
                f"The data of {self.name} are not where its record says; give them in place of the "
                "folder, and for reconstructions --model"
            )
        return np.asarray(self.expression.values[:, column])

    @cached_property
    def reconstruction(self) -> "Reconstruction":
        """The reconstruction, of a folder by the model in it."""
        from napari_compressed_transcriptomics.io.writers.reopen.result import open_result

        if self.made is not None:
            return self.made
        if self.folder is None:
            raise UserError(
                f"{self.name} is expression alone; add --model MODEL, or give the folder that "
                "encode --out wrote"
            )
        return open_result(self.folder)

    def map(self, what: str) -> BrainMap:
        """Return a map: see `FigureRequest.what`."""
        kind, _, name = what.partition(":")
        if kind == "gene" and name:
            values = self._originals(name)
            return BrainMap(
                values, self.expression.parcellation, name, f"{name} expression {UNITS}",
                group=f"gene {name}",
            )  # fmt: skip
        if kind in ("reconstructed", "difference") and name:
            return self._of_gene(kind, name)
        if kind == "distance":
            return self._distance()
        if self.results is None and kind in ("rmse", "held-out", "component"):
            _ = self.reconstruction  # raises: there is no model
        if kind == "rmse":
            return self._from_volume(
                self._results.error_volume, "RMSE", f"RMSE {UNITS}", kind="error", group="error"
            )
        if kind == "held-out":
            unseen = self._results.held_out_volume
            if unseen is None:
                raise UserError(
                    f"The held-out error was not measured in {self.name}; encode with --held-out"
                )
            label = f"held-out RMSE {UNITS}"
            return self._from_volume(unseen, "held-out RMSE", label, kind="error", group="error")
        if kind == "component":
            return self._component(name)
        raise UserError(f"There is no map {what!r} of results; choose among {_MAPS}")

    @property
    def _results(self) -> Results:
        assert self.results is not None
        return self.results

    @cached_property
    def _parcellation(self) -> Parcellation:
        if self.made is not None:
            return self.made.expression.parcellation
        return samples_of(self._results)

    def _from_volume(self, volume: np.ndarray, title: str, label: str, **more: Any) -> BrainMap:
        place = self._parcellation
        return BrainMap(values_at(place, volume), place, title, label, **more)

    def _component(self, name: str) -> BrainMap:
        n = self._results.latent_volume.shape[3]
        if not (name.isascii() and name.isdecimal() and 1 <= int(name) <= n):
            raise UserError(f"{self.name} shows components 1 to {n}, no {name!r}; choose one")
        volume = self._results.latent_volume[..., int(name) - 1]
        title = f"component {name}"
        label = f"component {name} (no unit)"
        return self._from_volume(volume, title, label, kind="signed", group=title)

    def _of_gene(self, kind: str, name: str) -> BrainMap:
        made = self.reconstruction
        values, place = made.gene(name), made.expression.parcellation
        if kind == "reconstructed":
            original = None  # then it sets its own scale
            if self._data_are_there:
                original = self._originals(name)
            label = f"{name} expression {UNITS}"
            return BrainMap(
                values, place, f"{name} reconstructed", label,
                group=f"gene {name}", original=original,
            )  # fmt: skip
        original = self._originals(name)
        label = f"{name}, reconstructed − original {UNITS}"
        title = f"{name} reconstructed − original"
        return BrainMap(values - original, place, title, label, "signed", f"difference {name}", 0.0)

    def _distance(self) -> BrainMap:
        from napari_compressed_transcriptomics.reconstruction.training_distance import UNKNOWN

        novelty = self.reconstruction.novelty
        if novelty is None:
            raise UserError(UNKNOWN)
        return BrainMap(
            novelty.distance, self.reconstruction.expression.parcellation,
            "distance to training data",
            "distance to training data (above 1: outside)", "distance", "distance",
        )  # fmt: skip

    def plot(self, what: str) -> "Callable[..., Figure]":
        """Return a plot: density, histogram, regions, genes or latents."""
        from napari_compressed_transcriptomics.figures import gene_plots, latent_plot, plots
        from napari_compressed_transcriptomics.reconstruction.latent_space import Coloring

        if self.results is None:
            _ = self.reconstruction  # raises: there is no model
        results, record = self._results, self._results.record
        samples, regions = results.samples, results.regions
        if what == "genes":
            return partial(
                gene_plots.gene_extremes, results.genes, results.rmse_genes, results.held_out_genes
            )
        again = f"is not in {self.name}; encode again"
        if what == "density":
            if results.density is None or record.get("rmse") is None:
                raise UserError(f"The density of original against reconstructed values {again}")
            return partial(plots.density_plot, results.density, record["rmse"])
        if samples is None:
            raise UserError(f"The error of each sample {again}")
        if what == "histogram":
            return partial(plots.error_histogram, samples.rmse)
        if what == "regions":
            if regions is None:
                raise UserError(f"The samples of {self.name} are voxels; give regions with --atlas")
            return partial(
                plots.region_dots, regions.names, regions.rmse, regions.counts,
                overall=record.get("rmse"), most=MAX_REGIONS,
            )  # fmt: skip
        if what == "latents":
            if results.latents.shape[1] < 2:
                raise UserError(f"{self.name} has one component; a plane of latents needs two")
            coloring = Coloring(f"RMSE {UNITS}", samples.rmse)
            return partial(latent_plot.latent_scatter, results.latents[:, :2], coloring)
        raise UserError(f"{what} is not a plot of results; choose {_PLOTS}")
