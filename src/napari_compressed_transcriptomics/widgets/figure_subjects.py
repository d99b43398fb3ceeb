"""What the dock Export figure draws: maps, plots of results, and brains that turn."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_compressed_transcriptomics.core.brain_space import space_of
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.figures.request import CM
from napari_compressed_transcriptomics.io.files.files import source_of
from napari_compressed_transcriptomics.io.writers.figure import (
    FigureRecord,
    write_figure,
    write_movie,
)
from napari_compressed_transcriptomics.io.writers.reopen.studies import SavedComparison
from napari_compressed_transcriptomics.repeat.command import Repeat, results_in
from napari_compressed_transcriptomics.repeat.compression import compress_again, request_of
from napari_compressed_transcriptomics.repeat.figure import figure_again
from napari_compressed_transcriptomics.repeat.studies import compare_again, predict_again
from napari_compressed_transcriptomics.viewer.window.notices import sentence

from .shared.work import Work, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction
    from napari_compressed_transcriptomics.reconstruction.results import Results

PLOTS = {
    "density": "Plot: all values",
    "histogram": "Plot: error of samples",
    "regions": "Plot: error of regions",
    "genes": "Plot: best and worst genes",
    "latents": "Plot: latent space",
    "comparison": "Plot: methods compared",
    "prediction": "Plot: maps predicted",
}
"""Plots by the names that `FigureRequest.what` has for them."""
MOVIES = {"turn": "Movie: the brain turns", "turn_cortex": "Movie: the cortex turns"}

_results: "WeakKeyDictionary[Reconstruction, Results]" = WeakKeyDictionary()
"""What plots are made of takes a pass over all values: once a reconstruction."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What is drawn, and how."""

    record: FigureRecord
    name: str
    """For its file."""
    one: BrainMap | None = None
    """The map; None of plots."""
    plot: Callable[[Report], Callable[..., "Figure"]] | None = None
    """Takes a report, and returns what `draw_plot` takes."""

    @property
    def endings(self) -> str:
        """Which files it can be, for a dialog."""
        if self.record.movie is not None:
            return "Movies (*.gif *.mp4)"
        return "Figures (*.svg *.pdf *.png)"

    def draw(self, report: Report = silent) -> "Figure":
        """Return the figure; a `UserError` says why there is none."""
        from napari_compressed_transcriptomics.figures.drawing import draw_maps, draw_plot

        if self.plot is not None:
            return draw_plot(self.plot(report), self.record.request)
        assert self.one is not None
        return draw_maps([self.one], self.record.request, report)

    def save(self, path: Path, report: Report = silent) -> Path:
        """Draw and write the figure or movie, with its record; return its path."""
        movie = self.record.movie
        if movie is None:
            write_figure(self.draw(report), path, self.record)
            return path
        from napari_compressed_transcriptomics.figures.turning import turning_frames

        assert self.one is not None
        frames = turning_frames(self.one, self.record.request, movie.frames, report)
        write_movie(frames, path, self.record)
        return path

    def preview(self, width: int) -> bytes | str:
        """Return a small picture as PNG, twice as many pixels across, or why there is none."""
        request = self.record.request
        dpi = max(30, round(2 * width / request.width_cm * CM))
        small = replace(self, record=replace(self.record, request=replace(request, dpi=dpi)))
        file = io.BytesIO()
        try:
            if self.record.movie is not None:
                _first_frame(small, file)
            else:
                figure = small.draw()
                figure.patch.set(facecolor="white", alpha=1)
                figure.savefig(file, format="png", dpi=dpi)
        except UserError as error:
            return sentence(error)
        return file.getvalue()


def _first_frame(subject: Subject, file: io.BytesIO) -> None:
    from matplotlib.image import imsave

    from napari_compressed_transcriptomics.figures.turning import turning_frames

    assert subject.one is not None
    imsave(file, next(turning_frames(subject.one, subject.record.request)), format="png")


def plot_of(work: Work, record: FigureRecord) -> Subject:
    """Return a plot of the current result, or of the comparison or prediction that is there.

    Raises
    ------
    UserError
        There is none yet.
    """
    (what,) = record.request.what
    if what == "comparison":
        from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size

        made = work.comparison
        if made is None or not made.scores:
            raise UserError("No methods were compared yet; do so in Compare, Methods.")
        plot = partial(error_by_size, made.scores)
        if isinstance(made, SavedComparison):
            source = {"comparison": source_of(made.folder / "comparison.json")}
            return _of(record, made.folder.name, source, what, plot)
        return _of(record, made.request.expression.name, made.request.expression.source, what, plot)
    if what == "prediction":
        from napari_compressed_transcriptomics.figures.prediction_plots import utility_bars

        prediction = work.prediction
        if prediction is None:
            raise UserError("No maps were predicted yet; do so in Predict.")
        data = prediction.request.expression
        return _of(record, data.name, data.source, what, partial(utility_bars, prediction))
    result = work.current_result
    if result is None:
        raise UserError("There is no result to plot; run Compress.")
    record = replace(record, source=dict(result.expression.source))
    parameters = work.parameters_of(result)
    return Subject(
        record,
        f"{title(result)} {what}",
        plot=lambda report: _plot_of_result(result, parameters, what, report),
    )


def _of(
    record: FigureRecord,
    name: str,
    source: dict[str, Any],
    what: str,
    plot: Callable[..., "Figure"],
) -> Subject:
    return Subject(replace(record, source=dict(source)), f"{name} {what}", plot=lambda report: plot)


def _plot_of_result(
    result: "Reconstruction", parameters: dict[str, Any], what: str, report: Report
) -> Callable[..., "Figure"]:
    from napari_compressed_transcriptomics.io.writers.figure_inputs.result import ResultInput
    from napari_compressed_transcriptomics.reconstruction.results import results_of

    if result not in _results:
        _results[result] = results_of(result, parameters, report=report)
    data = result.expression
    return ResultInput(title(result), dict(data.source), _results[result], data, result).plot(what)


def plot_again(work: Work, record: FigureRecord, out: Path) -> Repeat:
    """Return what draws a plot of `plot_of` again, after what it is of where that is not saved."""
    (what,) = record.request.what
    if what not in ("comparison", "prediction"):
        assert work.current_result is not None
        return of_result_again(work, work.current_result, record, out)
    saved, study = work.studies_in.get(what), getattr(work, what)
    if saved is not None:
        return figure_again(record.request, [saved], {}, out)
    name = study.request.expression.name
    if what == "comparison":
        folder = results_in(name, "compared")
        before = compare_again(study.request, folder)
    else:
        folder = results_in(name, "predicted")
        before = predict_again(study.request, folder)
    return figure_again(record.request, [folder], {}, out, before)


def of_result_again(
    work: Work, result: "Reconstruction", record: FigureRecord, out: Path
) -> Repeat:
    """Return what draws a map, plot or movie of a result again: of its folder, or compressed."""
    source, request, movie = result.expression.source, record.request, record.movie
    space = {"space": space_of(source) or None}
    folder = work.folder_of(result)
    if folder is not None:  # which holds the model
        return figure_again(request, [folder], space, out, movie=movie)
    if not result.has_errors:
        raise UserError(f"“{title(result)}” is decoded from latents; save this result first.")
    results = results_in(result.expression.name, result.codec.id, result.codec.latent_size)
    before = compress_again(request_of(result.expression, work.parameters_of(result)), results)
    return figure_again(request, [results], space, out, before, movie)
