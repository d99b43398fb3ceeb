"""A comparison in a folder: its table grows as fits finish, and is gone on with."""

import hashlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.codecs.registry import method_names
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import array_sha256, versions
from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.belonging import KEY, fingerprints
from napari_compressed_transcriptomics.io.files.csv_style import SAFE, Style, write_rows
from napari_compressed_transcriptomics.io.files.figure_file import save_figure
from napari_compressed_transcriptomics.io.files.locks import COMPARING, FolderLock
from napari_compressed_transcriptomics.io.files.overwriting import check_targets
from napari_compressed_transcriptomics.repeat.command import recorded
from napari_compressed_transcriptomics.repeat.studies import compare_command
from napari_compressed_transcriptomics.study.compare import (
    STAGE,
    CompareProgress,
    Comparison,
    compare_methods,
)
from napari_compressed_transcriptomics.study.compare_request import (
    WHY_BLOCKS,
    CompareRequest,
    request_buffer,
)
from napari_compressed_transcriptomics.study.compare_score import COLUMNS, Score
from napari_compressed_transcriptomics.study.larger_than_memory import in_memory

from .comparison_resumed import COMPARISON_FILES, earlier_record, earlier_scores, settings_of


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
            before = earlier_record(self._path, about)
            kept, self.notes = earlier_scores(self._path, before)
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
        "data_sha256": expression.values_sha256,
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
        "methods": {name: settings_of(name) for name in methods},
        "versions": [*runs, *([versions()] if versions() not in runs else [])],
        "blocks": WHY_BLOCKS,
        "rmse": "over all held-out samples and genes, in the units of the data",
        "r2": "1 - squared error / squared distance from the mean of each gene in the training "
        "samples, both summed over held-out samples and genes",
        "seconds": "of fitting, encoding and decoding, in one thread",
        "distance_mm": "of held-out samples from the nearest training sample or its mirror image",
        "choices": "whatever a method chooses, it chooses within the training samples",
    }


def _cells(score: Score) -> tuple:
    numbers = f"{score.rmse:.8g}", f"{score.r2:.8g}", f"{score.seconds:.4g}", score.n_train
    return (*score.fit, *numbers, *(f"{mm:.5g}" for mm in score[8:11]), score.chosen)
