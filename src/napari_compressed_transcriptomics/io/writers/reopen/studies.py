"""Folders of comparisons and predictions, as their docks show them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.io.files.belonging import check_belonging
from napari_compressed_transcriptomics.io.files.csv_style import as_named
from napari_compressed_transcriptomics.io.files.files import existing_file, read_json
from napari_compressed_transcriptomics.io.files.text import DelimitedText, number
from napari_compressed_transcriptomics.io.readers.volume import read_volume
from napari_compressed_transcriptomics.io.writers.comparison_resumed import read_scores
from napari_compressed_transcriptomics.io.writers.figure_inputs.prediction import (
    read_prediction_scores,
)
from napari_compressed_transcriptomics.io.writers.read_results import read_lacking

from .place import surface_of

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.compare_score import Score
    from napari_compressed_transcriptomics.study.predict import Prediction

_AGAIN = "predict again"
_WHY = "The expression that {name} was predicted from is not open; open it to predict again"


@dataclass(frozen=True)
class SavedComparison:
    """The scores of a comparison, and what they are of."""

    folder: Path
    scores: "tuple[Score, ...]"
    words: str
    """The data, in a line."""
    notes: tuple[str, ...]


def open_comparison(folder: str | Path) -> SavedComparison:
    """Open a folder that `compare` or `save_comparison` wrote.

    Raises
    ------
    UserError
        The folder is none of a comparison, damaged, or holds no score.
    """
    folder = Path(folder)
    record, scores = read_json(folder / "comparison.json"), tuple(read_scores(folder))
    if not scores:
        raise UserError(f"{folder} holds a comparison without any score; compare again")
    size = ""
    if all(type(record.get(key)) is int for key in ("n_samples", "n_genes")):
        size = f"{record['n_samples']:,} samples × {record['n_genes']:,} genes"
    notes = record.get("notes")
    told = tuple(map(str, notes)) if isinstance(notes, list) else ()
    return SavedComparison(folder, scores, f"Saved in {folder}: {size}", told)


def open_prediction(folder: str | Path) -> "Prediction":
    """Open a folder that `predict` or `save_prediction` wrote.

    Maps have the six digits that its table has. Of its expression there are names and places of
    the samples.

    Raises
    ------
    UserError
        The folder is none of a prediction, of an older version, or its files are damaged or do not
        belong together.
    """
    from napari_compressed_transcriptomics.reconstruction.decoded import without_values
    from napari_compressed_transcriptomics.spatial.compartments import Compartments
    from napari_compressed_transcriptomics.study.predict import Prediction
    from napari_compressed_transcriptomics.study.predict_request import PredictRequest

    folder = Path(folder)
    record = read_json(existing_file(folder / "prediction.json"))
    scores = tuple(read_prediction_scores(folder))
    samples, columns = _table(folder / "predicted_samples.csv")
    place = _place(folder, record, len(samples))
    check_belonging(folder / "prediction.json", record, _AGAIN)
    told = record.get("targets")
    sources = told if isinstance(told, dict) else {}
    try:
        targets = tuple(
            Target(name, columns[name], source=(sources.get(name) or {}).get("source") or {})
            for name in dict.fromkeys(score.target for score in scores)
        )
        maps = {score.key: columns[" | ".join(map(str, score.key))] for score in scores}
        parameters = record["parameters"]
        request = PredictRequest(
            expression=without_values(
                ("no gene",), place, samples, _WHY.format(name=folder.name), name=folder.name
            ),
            targets=targets,
            methods=tuple(map(str, parameters["methods"])),
            regressors=tuple(map(str, parameters["regressors"])),
            splits=tuple(map(str, parameters["splits"])),  # type: ignore[arg-type]
            n_surrogates=int(parameters["n_surrogates"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{folder / 'prediction.json'} does not fit its tables; {_AGAIN}") from None
    notes = tuple(map(str, record.get("notes") or ()))
    doubt = next((note for note in notes if "does not tell cortex from" in note), "")
    known = Compartments((), np.empty(0, int), doubt, doubtful=bool(doubt))
    return Prediction(
        request, scores, maps, notes, record.get("training") or {},
        bool(record.get("complete", True)), known if doubt else None,
    )  # fmt: skip


def _table(path: Path) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """Return the samples, and each column of numbers by its name, NaN where a cell is empty."""
    text, names, rows = DelimitedText(path), [], []
    header = [as_named(name) for name in text.header[1:]]
    for line, cells in text.rows():
        row = [np.nan if not cell else number(cell) for cell in cells[1:]]
        if len(row) != len(header) or None in row:
            raise UserError(f"{path} is damaged in line {line}; {_AGAIN}")
        names.append(cells[0])
        rows.append(row)
    values = np.array(rows, float).reshape(len(rows), len(header))
    return tuple(names), dict(zip(header, values.T, strict=True))


def _place(folder: Path, record: dict[str, Any], n_samples: int) -> Parcellation:
    path = folder / "samples.nii.gz"
    if not path.is_file():
        raise UserError(
            f"{folder} has no {path.name}, which tells where its samples lie (an older version "
            f"wrote it); {_AGAIN}, or open its maps"
        )
    volume = read_volume(path)
    labels = np.asarray(volume.data, np.int32)
    counts = np.bincount(labels.ravel(), minlength=n_samples + 1)
    if volume.kind != "labels" or len(counts) != n_samples + 1 or not counts[1:].all():
        raise UserError(f"{path} is not of the {n_samples:,} samples of its prediction; {_AGAIN}")
    lacking = read_lacking(folder, record, labels.shape)
    return surface_of(Parcellation(labels, volume.affine, lacking=lacking), record, folder)
