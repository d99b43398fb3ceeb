"""What figures show of a prediction's folder."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded, space_of
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.io.files.belonging import check_belonging
from napari_compressed_transcriptomics.io.files.csv_style import as_named
from napari_compressed_transcriptomics.io.files.file_names import distinct_stems
from napari_compressed_transcriptomics.io.files.files import read_json, source_of
from napari_compressed_transcriptomics.io.readers.surfaces.map_file import read_map
from napari_compressed_transcriptomics.io.readers.surfaces.place import surface_place
from napari_compressed_transcriptomics.io.readers.volume import read_volume

from .input import Input, Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOUBT = "does not tell cortex from"
"""In the note of `Compartments` that are doubtful."""
_MAPS = "target:NAME, predicted:NAME or error:NAME"


class PredictionInput(Input):
    """Targets, their best predictions, and the scores of a prediction's folder."""

    def __init__(self, folder: Path, reading: Reading, report: Report):
        self._folder, self.name = folder, folder.resolve().name
        self._surfaces = reading.surface
        record = folder / "prediction.json"
        self.record = read_json(record)
        check_belonging(record, self.record, "predict again")
        self.source = {"prediction": source_of(record), **recorded(self._space(reading))}

    def _space(self, reading: Reading) -> str:
        source = self.record.get("source")
        return reading.space or space_of(source if isinstance(source, dict) else {})

    def map(self, what: str) -> BrainMap:
        """Return the map of ``target:NAME``, ``predicted:NAME`` or ``error:NAME``."""
        kind, _, name = what.partition(":")
        if kind not in ("target", "predicted", "error"):
            raise UserError(f"There is no map {what!r} of predictions; it is {_MAPS}")
        targets = list(self.record.get("targets", {}))
        if name not in targets:
            raise UserError(f"{self.name} has no target {name!r}; choose among {listing(targets)}")
        stem = dict(zip(targets, distinct_stems(targets), strict=True))[name]
        predicted = self._volume(f"predicted_{stem}.nii.gz")
        error = self._volume(f"prediction_error_{stem}.nii.gz")
        volume = {
            "predicted": predicted.data,
            "error": error.data,
            "target": predicted.data + error.data,
        }[kind]
        place = self._on_mesh(stem, Parcellation.from_mask(np.isfinite(volume), predicted.affine))
        words = {
            "target": name,
            "predicted": f"{name}, predicted",
            "error": f"{name}, target − predicted",
        }[kind]
        label = f"{words if kind == 'error' else name} (its units)"
        original = (predicted.data + error.data) if kind == "predicted" else None
        inside = np.isfinite(volume)
        group = f"target {name}"
        made = BrainMap(volume[inside], place, words, label, group=group, original=original)
        if kind == "error":
            return replace(made, kind="signed", center=0.0, group=f"error {name}")
        return made

    def _on_mesh(self, stem: str, place: Parcellation) -> Parcellation:
        """Return where samples lie; of vertices, whose maps lie beside by hemisphere, the mesh."""
        sizes = []
        for letter in "LR":
            path = self._folder / f"predicted_{stem}_hemi-{letter}.func.gii"
            sizes.append(len(read_map(path)) if path.is_file() else 0)
        if not any(sizes):
            return place
        mesh = surface_place((sizes[0], sizes[1]), self.name, self._surfaces)
        if sum(sizes) != place.labels.size:
            raise UserError(
                f"{self.name} has maps of other vertices than its volumes; predict again"
            )
        return mesh.renumbered(place.labels)

    def _volume(self, name: str) -> Any:
        return read_volume(self._folder / name)

    def plot(self, what: str) -> "Callable[..., Figure]":
        """Return the plot ``prediction``: how well each method predicts."""
        from types import SimpleNamespace

        from napari_compressed_transcriptomics.figures.prediction_plots import utility_bars

        if what != "prediction":
            raise UserError(f"{what} is not a plot of a prediction; choose prediction")
        doubtful = _DOUBT in str(self.record.get("notes"))
        shown: Any = SimpleNamespace(
            scores=read_prediction_scores(self._folder),
            compartments=SimpleNamespace(doubtful=doubtful),
        )
        return partial(utility_bars, shown)


def read_prediction_scores(folder: Path) -> list[Any]:
    """Return the scores that a prediction's folder holds; a `UserError` where they are damaged."""
    import csv

    from napari_compressed_transcriptomics.study.predict import COLUMNS, Score

    path = folder / "prediction.csv"
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return [
                Score(
                    as_named(row["target"]),
                    as_named(row["method"]),
                    int(row["latent_size"]),
                    row["regressor"],
                    row["split"],
                    *(float(row[name] or "nan") for name in COLUMNS[5:]),
                )
                for row in csv.DictReader(file)
            ]
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path} is damaged; predict again") from None
