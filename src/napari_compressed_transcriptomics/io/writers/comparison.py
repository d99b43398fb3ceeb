"""A comparison in a folder: its table grows as fits finish, and is gone on with."""

import csv
import hashlib
import math
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics import __version__
from napari_compressed_transcriptomics.codecs.registry import METHODS, method_name, method_names
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import array_sha256, values_sha256, versions
from napari_compressed_transcriptomics.io.files.atomic import (
    check_targets,
    replacing_files,
    write_json,
)
from napari_compressed_transcriptomics.io.files.belonging import (
    KEY,
    UNKNOWN,
    fingerprints,
    grown,
    unlike,
)
from napari_compressed_transcriptomics.io.files.csv_style import SAFE, Style, write_rows
from napari_compressed_transcriptomics.io.files.figure_file import save_figure
from napari_compressed_transcriptomics.io.files.files import read_json
from napari_compressed_transcriptomics.io.files.locks import COMPARING, FolderLock
from napari_compressed_transcriptomics.repeat.command import recorded
from napari_compressed_transcriptomics.repeat.studies import compare_command
from napari_compressed_transcriptomics.spatial.cross_validation import SPLITS
from napari_compressed_transcriptomics.study.compare import (
    STAGE,
    CompareProgress,
    Comparison,
    compare_methods,
)
from napari_compressed_transcriptomics.study.compare_request import (
    WHY_BLOCKS,
    CompareRequest,
    Fit,
    request_buffer,
)
from napari_compressed_transcriptomics.study.compare_score import COLUMNS, Score
from napari_compressed_transcriptomics.study.larger_than_memory import in_memory

COMPARISON_FILES = ("comparison.csv", "comparison.json", "comparison.png")
_MAX_COMPONENTS = 10**6
_AGAIN = "remove both or choose another folder"


def compare_into_folder(
    request: CompareRequest,
    directory: str | Path,
    known: Iterable[Score] = (),
    style: Style = SAFE,
    report: Report = silent,
) -> Comparison:
    """Compare, and keep every score in a folder as soon as it is there.

    ``comparison.csv`` (columns `compare_score.COLUMNS`) and ``comparison.json`` (settings, hashes,
    versions) are written after each fit, ``comparison.png`` at the end; an older figure is
    removed as soon as the table grows. What the folder holds of the same data, seed and folds is
    not fitted again; other methods, components and splits in it stay. The folder is locked until
    the end: nobody else can compare into it.

    Parameters
    ----------
    request : CompareRequest
        What to compare, and how.
    directory : str or Path
        Made if it is missing.
    known : iterable of Score, optional
        Scores of the same data, seed and folds that are to be kept there, too.
    style : Style
        How paths are written.
    report : callable, optional
        As that of `compare_methods`: ended early, what is done is returned and kept.

    Raises
    ------
    UserError
        At once: as `compare_methods`, or if the folder cannot be written, is an input, is being
        written by another, or holds a comparison of other data, seed or folds.
    """
    request = replace(request, expression=in_memory(request.expression, report))
    with closing(_Folder(request, directory, known, style)) as folder:

        def keep(progress: Progress) -> None:
            if isinstance(progress, CompareProgress) and progress.score is not None:
                folder.scores.append(progress.score)
                folder.write(folder.scores)
            report(progress)

        for note in folder.notes:
            report(Progress(STAGE, 0, 1, note))
        comparison = compare_methods(request, {s.fit: s for s in folder.scores}, keep)
        folder.write_all(comparison)
    return comparison


def save_comparison(comparison: Comparison, directory: str | Path) -> None:
    """Write a comparison to a folder, as `compare_into_folder` leaves it.

    What the folder holds of the same data, seed and folds stays.

    Raises
    ------
    UserError
        If the folder cannot be written, is an input, is being written by another, or holds a
        comparison of other data, seed or folds.
    """
    with closing(_Folder(comparison.request, directory, comparison.scores, SAFE)) as folder:
        folder.write_all(replace(comparison, scores=tuple(folder.scores)))


def read_scores(directory: str | Path) -> list[Score]:
    """Return the scores that a comparison's folder holds, but for methods that have changed.

    Raises
    ------
    UserError
        If the folder is damaged.
    """
    directory = Path(directory)
    return list(_known(directory, _record(directory, {}))[0].values())


def check_comparison_folder(request: CompareRequest, directory: str | Path) -> None:
    """Raise a `UserError` unless a comparison can be kept in a folder, whatever is in it."""
    directory = Path(directory)
    check_targets(directory, COMPARISON_FILES, request.expression.source)


class _Folder:
    """A folder that is held for a comparison: the scores in it, and those that come.

    Attributes
    ----------
    scores : list of Score
    notes : list of str
        On scores that were dropped, and on what cannot be told.
    """

    def __init__(
        self, request: CompareRequest, directory: str | Path, known: Iterable[Score], style: Style
    ) -> None:
        self._path, self._request, self._style = Path(directory), request, style
        check_comparison_folder(request, directory)
        self._lock = FolderLock(self._path, COMPARING)
        try:
            about = _about(request)
            before = _record(self._path, about)
            kept, self.notes = _known(self._path, before)
            self.scores = list((kept | {score.fit: score for score in known}).values())
            self._record = {**before, **about, **_made_with(request, before, self.scores)}
            if not self._lock.works:
                self.notes.append(
                    f"The file system of {self._path} has no locks; let nothing else compare into "
                    "it"
                )
            self._tell(request, complete=False)  # what was complete is not while it grows
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let others write into the folder."""
        self._lock.release()

    def write_all(self, comparison: Comparison) -> None:
        """Write the whole of a comparison, with its figure."""
        self._tell(comparison.request, comparison.complete, comparison.notes)
        self.write(list(comparison.scores), comparison)

    def _tell(self, request: CompareRequest, complete: bool, notes: Iterable[str] = ()) -> None:
        self._record |= {
            "parameters": request.parameters(),
            "command": recorded(
                lambda: compare_command(request, self._path), self._path, self._style.keep_paths
            ),
            "complete": complete,
            "notes": [*request.expression.notes, *self.notes, *notes],
        }

    def write(self, scores: list[Score], comparison: Comparison | None = None) -> None:
        """Write scores, and the figure of a comparison that is done."""
        table, sidecar, picture = COMPARISON_FILES
        names = COMPARISON_FILES if comparison else COMPARISON_FILES[:2]
        # Killed at any moment, it leaves no figure beside a table that has other rows.
        with replacing_files(self._path, names, sidecar, outdated=[picture]) as folder:
            rows = map(_cells, scores)
            write_rows(folder / table, [COLUMNS, *rows], self._style)
            if comparison is not None:
                from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size

                save_figure(error_by_size(comparison.scores), folder / picture, 200)
            record = {**self._record, KEY: fingerprints(folder)}
            write_json(folder / sidecar, record, self._style)


def _about(request: CompareRequest) -> dict[str, Any]:
    """Return what all rows of a table share: with anything else they are not comparable."""
    expression = request.expression
    return {
        "data_sha256": values_sha256(expression.values),
        "genes_sha256": hashlib.sha256("\n".join(expression.genes).encode()).hexdigest(),
        "positions_sha256": array_sha256(expression.parcellation.positions),
        "seed": request.seed,
        "n_folds": request.n_folds,
        "buffer_mm": round(request_buffer(request).mm, 3),
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
        "distance_mm": "of held-out samples from the nearest training sample or its mirror image",
        "choices": "whatever a method chooses, it chooses within the training samples",
    }


def _settings(method: str) -> dict[str, Any]:
    fitted = METHODS[method]
    return {
        "codec": fitted.codec,
        "settings": dict(fitted.settings),
        "package_version": __version__,
    }


def _record(directory: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Return the record that is there, empty if none is; refuse that of something else."""
    table, path = (directory / name for name in COMPARISON_FILES[:2])
    if not path.exists():
        if table.exists():
            raise UserError(
                f"{table} has no {path.name} that says what it belongs to; choose another folder"
            )
        return {}
    record = read_json(path)
    if "buffer_mm" not in record:
        raise UserError(
            f"{directory} holds a comparison of an older version, whose blocks had no buffer; "
            "choose another folder"
        )
    words = {"seed": "seed", "n_folds": "number of folds", "buffer_mm": "buffer"}
    for name, value in about.items():
        if record.get(name) != value:
            what = words.get(name, "data")
            raise UserError(
                f"{directory} holds a comparison with another {what}; choose another folder"
                if what != "data"
                else f"{directory} holds a comparison of other data; choose another folder"
            )
    if not isinstance(record.get("methods", {}), dict) or not isinstance(
        record.get("versions", []), list
    ):
        raise UserError(f"{path} is damaged (methods, versions); {_AGAIN}")
    return record


def _known(directory: Path, record: dict[str, Any]) -> tuple[dict[Fit, Score], list[str]]:
    """Return the scores there are, but for methods that are not fitted so any more."""
    path, beside = (directory / name for name in COMPARISON_FILES[:2])
    if not record or (not path.exists() and KEY not in record):
        return {}, []
    if not path.is_file():
        raise UserError(f"{path} is missing, which belongs to {beside.name}; {_AGAIN}")
    if not grown(beside, record, path.name):
        raise unlike(path, beside, _AGAIN)
    known: dict[Fit, Score] = {}
    changed: dict[str, int] = {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                score = _score([row[name] for name in COLUMNS])
                made_with = record.get("methods", {}).get(row["method"])
                if score.method in METHODS and made_with == _settings(score.method):
                    known[score.fit] = score
                else:
                    changed[score.method] = changed.get(score.method, 0) + 1
    except (LookupError, TypeError, ValueError, OverflowError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); {_AGAIN}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {_AGAIN}") from None
    dropped = [
        f"{n} scores of {method} are of another version or settings and are dropped"
        for method, n in changed.items()
    ]
    return known, dropped if KEY in record else [f"{UNKNOWN} ({directory})", *dropped]


def _cells(score: Score) -> tuple:
    numbers = f"{score.rmse:.8g}", f"{score.r2:.8g}", f"{score.seconds:.4g}", score.n_train
    return (*score.fit, *numbers, *(f"{mm:.5g}" for mm in score[8:11]), score.chosen)


def _score(cells: list[str]) -> Score:
    """Return the score that a row holds; a `ValueError` where none could be like it."""
    method, size, split, fold, *numbers, chosen = cells
    rmse, r2, seconds, n_train, buffer, nearest, middle = map(float, numbers)
    fit = Fit(method_name(method), int(size), split, int(fold))
    score = Score(*fit, rmse, r2, seconds, int(n_train), buffer, nearest, middle, chosen)
    if (
        split not in SPLITS
        or not 1 <= score.latent_size <= _MAX_COMPONENTS
        or score.fold < 1
        or not (math.isfinite(score.rmse) and score.rmse >= 0)
    ):
        raise ValueError(f"a row {','.join(cells)[:60]}")
    return score
