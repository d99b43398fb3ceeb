"""A prediction to files: scores, maps, a figure, and a record of what made them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.provenance import array_sha256, versions
from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.belonging import KEY, fingerprints
from napari_compressed_transcriptomics.io.files.csv_style import (
    SAFE,
    Style,
    number_cell,
    write_rows,
)
from napari_compressed_transcriptomics.io.files.disk_space import table_bytes, volume_bytes
from napari_compressed_transcriptomics.io.files.figure_file import save_figure
from napari_compressed_transcriptomics.io.files.file_names import distinct_stems
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.files.overwriting import check_targets, refuse_overwriting
from napari_compressed_transcriptomics.reconstruction.summary import surface_of
from napari_compressed_transcriptomics.repeat.command import recorded
from napari_compressed_transcriptomics.repeat.studies import predict_command

from .results import LACKING_FILES
from .surface_maps import by_hemisphere, write_gifti

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.predict import Prediction
    from napari_compressed_transcriptomics.study.predict_request import PredictRequest

PREDICTION_FILES = (
    "prediction.csv",
    "prediction.json",
    "prediction.png",
    "predicted_samples.csv",
    "samples.nii.gz",
    "samples.json",
)


def prediction_files(targets: list[str]) -> list[str]:
    """Return the names of all files that are written for targets of these names."""
    return [
        *PREDICTION_FILES,
        *(name for stem in distinct_stems(targets) for name in _volumes(stem)),
    ]


def check_prediction_folder(directory: str | Path, request: "PredictRequest") -> None:
    """Raise a `UserError` unless a prediction can be written into a folder, before it is made."""
    directory, expression = Path(directory), request.expression
    names = prediction_files([target.name for target in request.targets])
    volume = volume_bytes(expression.parcellation)
    table = table_bytes(expression.n_samples, 2 * len(request.targets))
    n_bytes = 2 * len(request.targets) * volume + table
    check_targets(directory, names, sources(request), n_bytes, max(volume, table))


def save_prediction(
    prediction: "Prediction", directory: str | Path, style: Style = SAFE
) -> list[Path]:
    """Write a prediction into a folder, all files or none.

    ``prediction.csv`` (a row per target, method, size, regressor and split; columns as
    `predict.COLUMNS`), ``prediction.png`` (bars of the methods), ``predicted_samples.csv`` (a row a
    sample: each target, then each of its held-out predictions), ``samples.nii.gz`` (labels: `i`
    where the i-th row of that table lies), of each target's best prediction
    ``predicted_NAME.nii.gz`` and ``prediction_error_NAME.nii.gz`` (target minus prediction) in the
    target's units, NaN outside (of vertices as GIFTI of each hemisphere, too), and, written last,
    ``prediction.json`` (settings, sources, notes, hashes of the other files). `style` tells how
    names and paths are written.

    Raises
    ------
    UserError
        The folder is read-only, or a file in it is an input.
    """
    from napari_compressed_transcriptomics.figures.prediction_plots import utility_bars

    directory = Path(directory)
    expression = prediction.request.expression
    done = [
        t for t in prediction.request.targets if any(s.target == t.name for s in prediction.scores)
    ]
    stems = distinct_stems([target.name for target in done])
    surfaces = by_hemisphere(expression.parcellation, _maps_of(prediction, done, stems))
    lacking = expression.parcellation.lacking
    names = [*prediction_files([target.name for target in done]), *surfaces]
    names += LACKING_FILES if lacking is not None else ()
    source = sources(prediction.request)
    refuse_overwriting([directory / name for name in names], source)
    command = recorded(
        lambda: predict_command(prediction.request, directory), directory, style.keep_paths
    )
    record = {**prediction_record(prediction), "command": command}
    paint, affine = expression.parcellation.paint, expression.parcellation.affine
    gone = () if lacking is not None else LACKING_FILES  # of a prediction that lay there before
    with replacing_files(directory, names, last="prediction.json", outdated=gone) as folder:
        _write_scores(folder / "prediction.csv", prediction, style)
        _write_samples(folder / "predicted_samples.csv", prediction, style)
        save_figure(utility_bars(prediction), folder / "prediction.png", 200)
        labels, about = expression.parcellation.labels, {"source": source}
        write_volume(
            folder / "samples.nii.gz", labels, affine, kind="labels", provenance=about, style=style
        )
        if lacking is not None:
            path, values = folder / LACKING_FILES[0], lacking.astype(np.int32)
            write_volume(path, values, affine, kind="labels", provenance=about, style=style)
        for name, (maps, titles) in surfaces.items():
            write_gifti(folder / name, maps, titles)
        for target, stem in zip(done, stems, strict=True):
            score = prediction.best(target.name)
            about = {"score": score._asdict(), "source": source}
            kinds = {
                "predicted": prediction.predicted(score),
                "prediction_error": prediction.prediction_error(score),
            }
            for kind, values in kinds.items():
                path = folder / f"{kind}_{stem}.nii.gz"
                volume = paint(values)
                write_volume(path, volume, affine, kind=kind, provenance=about, style=style)
        write_json(folder / "prediction.json", {**record, KEY: fingerprints(folder)}, style)
    return [directory / name for name in names]


def _maps_of(
    prediction: "Prediction", done: Sequence[Any], stems: Sequence[str]
) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Return the predicted map and its error of each target, as `by_hemisphere` takes them."""
    maps = {}
    for target, stem in zip(done, stems, strict=True):
        score = prediction.best(target.name)
        maps[f"predicted_{stem}"] = prediction.predicted(score)
        maps[f"prediction_error_{stem}"] = prediction.prediction_error(score)
    return {name: (values[:, None], [name]) for name, values in maps.items()}


def sources(request: Any) -> dict[str, Any]:
    """Return all files that a request was read from, as `Expression.source`."""
    found = dict(request.expression.source)
    for target in request.targets:
        for role, entry in target.source.items():
            found[f"{role} {target.name}" if role == "target" else role] = entry
    for features in request.features:
        for role, entry in features.source.items():
            found[f"{features.name} {role}"] = entry
    if request.compartments is not None:
        for role, entry in request.compartments.source.items():
            found[f"compartments {role}"] = entry
    return found


def prediction_record(prediction: "Prediction") -> dict[str, Any]:
    """Return what made a prediction, JSON-safe."""
    request, known = prediction.request, prediction.compartments
    return {
        "parameters": request.parameters(),
        "complete": prediction.complete,
        "n_samples": request.expression.n_samples,
        "n_genes": request.expression.n_genes,
        **surface_of(request.expression.parcellation),
        "data_sha256": request.expression.values_sha256,
        "targets": {
            target.name: {
                "n_samples": int(np.isfinite(target.values).sum()),
                "sha256": array_sha256(target.values),
                "source": target.source,
            }
            for target in request.targets
        },
        "features_fitted_to": "all samples, without the targets; only the regression is held out",
        "r2": "1 - squared error of held-out samples / squared error of the training samples' "
        "mean, each summed over folds and repeats; 95 % interval over folds (Nadeau & Bengio 2003)",
        "p_spatial": "share of surrogate maps of the same autocorrelation, symmetry and steps "
        "between compartments that ridge predicts at least as well",
        "compartments": known.counts if known else None,
        "p_fdr": "p_spatial after Benjamini & Hochberg over the targets",
        "training": prediction.training,
        "source": sources(request),
        "versions": versions(),
        "notes": [*request.expression.notes, *prediction.notes],
    }


def _write_scores(path: Path, prediction: "Prediction", style: Style) -> None:
    from napari_compressed_transcriptomics.study.predict import COLUMNS

    rows = ([number_cell(value) for value in score] for score in prediction.scores)
    write_rows(path, [COLUMNS, *rows], style)


def _write_samples(path: Path, prediction: "Prediction", style: Style) -> None:
    columns: dict[str, np.ndarray] = {}
    for score in prediction.scores:
        columns[score.target] = prediction.target(score.target).values
        columns[" | ".join(map(str, score.key))] = prediction.predicted(score)
    cells = [[number_cell(value) for value in column] for column in columns.values()]
    rows = zip(prediction.request.expression.samples, *cells, strict=True)
    write_rows(path, [("sample", *columns), *rows], style)


def _volumes(stem: str) -> list[str]:
    return [
        f"{kind}_{stem}{end}"
        for kind in ("predicted", "prediction_error")
        for end in (".nii.gz", ".json")
    ]
