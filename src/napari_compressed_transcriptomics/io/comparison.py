"""A comparison in a folder: its table grows as fits finish, and is gone on with."""

import csv
import hashlib
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics import __version__
from napari_compressed_transcriptomics.core.compare import (
    COLUMNS,
    CompareProgress,
    Comparison,
    Score,
    compare_steps,
)
from napari_compressed_transcriptomics.core.compare_request import WHY_BLOCKS, CompareRequest, Fit
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.methods import method_names, method_settings
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.provenance import array_sha256, versions

from .atomic import check_targets, refuse_overwriting, replacing_files, write_json
from .files import read_json

COMPARISON_FILES = ("comparison.csv", "comparison.json", "comparison.png")


def saved_comparison_steps(
    request: CompareRequest, directory: str | Path, known: Iterable[Score] = ()
) -> Generator[Progress, None, Comparison]:
    """Compare, and keep every score in a folder as soon as it is there.

    ``comparison.csv`` (columns as `compare.COLUMNS`) and ``comparison.json`` (settings, hashes,
    versions) are written after each fit, ``comparison.png`` at the end. What the folder holds
    of the same data, seed and folds is not fitted again; other methods, components and splits
    that it holds stay. Cancelled (`progress.Stop`), it returns what is done.

    Parameters
    ----------
    request : CompareRequest
    directory : path
    known : iterable of Score, optional
        Scores of the same data, seed and folds that are to be kept there, too.

    Raises
    ------
    UserError
        At once: as `compare_steps`, or if the folder cannot be written, is an input, or holds
        a comparison of other data, seed or folds.
    """
    directory = Path(directory)
    record, scores, notes = _begin(request, directory, known)
    steps = compare_steps(request, {score.fit: score for score in scores})
    return _steps(directory, steps, request, record, scores, notes)


def save_comparison(comparison: Comparison, directory: str | Path) -> None:
    """Write a comparison to a folder, as `saved_comparison_steps` leaves it.

    What the folder holds of the same data, seed and folds stays.

    Raises
    ------
    UserError
        If the folder cannot be written, is an input, or holds a comparison of other data, seed
        or folds.
    """
    directory = Path(directory)
    record, scores, notes = _begin(comparison.request, directory, comparison.scores)
    _write_all(directory, replace(comparison, scores=tuple(scores)), record, notes)


def check_comparison_folder(request: CompareRequest, directory: str | Path) -> None:
    """Raise a `UserError` unless a comparison can be kept in a folder, whatever is in it."""
    directory = Path(directory)
    check_targets(directory, COMPARISON_FILES)
    refuse_overwriting([directory / name for name in COMPARISON_FILES], request.expression.source)


def _begin(
    request: CompareRequest, directory: Path, known: Iterable[Score]
) -> tuple[dict[str, Any], list[Score], list[str]]:
    """Return the record to write, and the scores there are with notes on those dropped."""
    check_comparison_folder(request, directory)
    about = _about(request)
    before = _record(directory, about)
    kept, notes = _known(directory, before)
    scores = list((kept | {score.fit: score for score in known}).values())
    return {**before, **about, **_made_with(request, before, scores)}, scores, notes


def _steps(
    directory: Path,
    steps: Generator[Progress, None, Comparison],
    request: CompareRequest,
    record: dict[str, Any],
    scores: list[Score],
    notes: list[str],
) -> Generator[Progress, None, Comparison]:
    for note in notes:
        yield Progress("Comparing methods", 0, 1, note)
    with closing(steps):
        raised: BaseException | None = None
        while True:
            try:
                progress = steps.throw(raised) if raised else next(steps)
                raised = None
            except StopIteration as end:
                comparison: Comparison = end.value
                break
            if isinstance(progress, CompareProgress) and progress.score is not None:
                scores.append(progress.score)
                _write(directory, scores, record)
            try:
                yield progress
            except Exception as error:
                raised = error
    _write_all(directory, comparison, record, notes)
    return comparison


def _about(request: CompareRequest) -> dict[str, Any]:
    """Return what all rows of a table share: with anything else they are not comparable."""
    expression = request.expression
    return {
        "data_sha256": array_sha256(expression.values),
        "genes_sha256": hashlib.sha256("\n".join(expression.genes).encode()).hexdigest(),
        "positions_sha256": array_sha256(expression.parcellation.centroids),
        "seed": request.seed,
        "n_folds": request.n_folds,
    }


def _made_with(
    request: CompareRequest, before: dict[str, Any], scores: list[Score]
) -> dict[str, Any]:
    """Return how each method is fitted, and with which versions."""
    methods = method_names((*(score.method for score in scores), *request.methods))
    runs = before.get("versions", []) if scores else []
    return {
        "n_samples": request.expression.n_samples,
        "n_genes": request.expression.n_genes,
        "source": request.expression.source,
        "methods": {name: _settings(name) for name in methods},
        "versions": [*runs, *([versions()] if versions() not in runs else [])],
        "blocks": WHY_BLOCKS,
        "rmse": "over all held-out samples and genes, in the units of the data",
        "r2": "1 - squared error / squared distance from the mean of each gene in the training "
        "samples, both summed over held-out samples and genes",
        "seconds": "of fitting, encoding and decoding, in one thread",
        "choices": "whatever a method chooses, it chooses within the training samples",
    }


def _settings(method: str) -> dict[str, Any]:
    codec_id, settings = method_settings(method)
    return {"codec": codec_id, "settings": settings, "package_version": __version__}


def _record(directory: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Return the record that is there, empty if none is; refuse that of something else."""
    table, path = (directory / name for name in COMPARISON_FILES[:2])
    if not path.exists():
        if table.exists():
            raise UserError(f"{table} has no {path.name} that says of what; choose another folder")
        return {}
    record = read_json(path)
    words = {"seed": "seed", "n_folds": "number of folds"}
    for name, value in about.items():
        if record.get(name) != value:
            what = words.get(name, "data")
            raise UserError(
                f"{directory} holds a comparison with another {what}; choose another folder"
                if what != "data"
                else f"{directory} holds a comparison of other data; choose another folder"
            )
    return record


def _known(directory: Path, record: dict[str, Any]) -> tuple[dict[Fit, Score], list[str]]:
    """Return the scores there are, but for methods that are not fitted so any more."""
    path = directory / COMPARISON_FILES[0]
    if not record or not path.exists():
        return {}, []
    known: dict[Fit, Score] = {}
    changed: dict[str, int] = {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                method, size, split, fold, *numbers = (row[name] for name in COLUMNS)
                score = Score(method, int(size), split, int(fold), *map(float, numbers))
                if record["methods"].get(method) == _settings(method):
                    known[score.fit] = score
                else:
                    changed[method] = changed.get(method, 0) + 1
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UserError(
            f"{path} is damaged ({error}); remove it or choose another folder"
        ) from None
    return known, [
        f"{n} scores of {method} are of another version or settings and are dropped"
        for method, n in changed.items()
    ]


def _write_all(
    directory: Path, comparison: Comparison, record: dict[str, Any], notes: list[str]
) -> None:
    request = comparison.request
    record |= {
        "parameters": request.parameters(),
        "complete": comparison.complete,
        "notes": [*request.expression.notes, *notes, *comparison.notes],
    }
    _write(directory, list(comparison.scores), record, comparison)


def _write(
    directory: Path,
    scores: list[Score],
    record: dict[str, Any],
    comparison: Comparison | None = None,
) -> None:
    table, sidecar, picture = COMPARISON_FILES
    names = COMPARISON_FILES if comparison else COMPARISON_FILES[:2]
    with replacing_files(directory, names) as folder:
        with open(folder / table, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for score in scores:
                rounded = [f"{score.rmse:.8g}", f"{score.r2:.8g}", f"{score.seconds:.4g}"]
                writer.writerow([*score.fit, *rounded])
        write_json(folder / sidecar, {"complete": False, **record})
        if comparison is not None:
            _draw(folder / picture, comparison)


def _draw(path: Path, comparison: Comparison) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from napari_compressed_transcriptomics.core.plots_compare import error_by_size

    figure = error_by_size(comparison.scores)
    figure.patch.set(facecolor="white", alpha=1)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=200)
