"""How well methods give back samples that they have not seen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import NOT_CONVERGED
from napari_compressed_transcriptomics.core.cluster import check_scheduler
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Cancelled, Progress, Report, silent
from napari_compressed_transcriptomics.spatial.cross_validation import distances_to_training

from .compare_request import CompareRequest, Fit, Plan, plan, request_buffer
from .compare_score import COLUMNS, Score
from .compare_workers import in_processes, on_workers, one_by_one
from .larger_than_memory import in_memory

if TYPE_CHECKING:
    import pandas as pd

STAGE = "Comparing methods"


@dataclass(frozen=True)
class CompareProgress(Progress):
    """Progress of a comparison, in hundredths of a fit."""

    score: Score | None = None
    """What has just been measured."""
    known: tuple[Score, ...] = ()
    """What was there already; told once, at the beginning."""
    foreseen: bool = False
    """Whether the message is one that `compare_outlook.outlook` gives before the start."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Result of a `CompareRequest`."""

    request: CompareRequest
    scores: tuple[Score, ...]
    """Known ones first, then as they were measured."""
    notes: tuple[str, ...] = ()
    """What was left out and why, one sentence each."""
    complete: bool = True
    """False where it was cancelled."""

    def table(self) -> "pd.DataFrame":
        """Return the scores as a tidy table with the columns `COLUMNS`."""
        import pandas as pd

        return pd.DataFrame([tuple(score) for score in self.scores], columns=list(COLUMNS))


def compare_methods(
    request: CompareRequest, known: Mapping[Fit, Score] | None = None, report: Report = silent
) -> Comparison:
    """Fit and measure all methods.

    Parameters
    ----------
    request : CompareRequest
    known : mapping of Fit to Score, optional
        Scores that are there already; they are taken over, also those not asked for.
    report : callable, optional
        Called with each `Progress`; `CompareProgress` brings each score as it is measured. A
        `Stop` or `Cancelled` that it raises ends the comparison with the scores so far, within a
        fit, too: fits that are not finished are lost. It is raised on where there are none.

    Raises
    ------
    UserError
        At once, if the request makes no sense or nothing of it can be done.
    """
    from .compare_workers import check_memory, jobs

    request = replace(request, expression=in_memory(request.expression, report))
    planned, known = plan(request), dict(known or {})
    check_memory(request)
    todo = [fit for fit in planned.fits if fit not in known]
    if request.scheduler is None:
        n_jobs, about_jobs = jobs(request, len(todo))
        run = one_by_one if n_jobs == 1 else in_processes
    else:
        check_scheduler(request.scheduler)
        n_jobs, about_jobs = 0, f"{len(todo)} fits on the workers of {request.scheduler}"
        run = on_workers
    tally = Tally(planned, known, _distances(request, planned), report)
    complete = True
    try:
        tally.begin(about_jobs if todo else "Nothing is left to fit")
        run(request, planned.folds, todo, n_jobs, tally)
    except Cancelled:
        if not tally.scores:
            raise
        complete = False
        tally.notes.append(
            f"Cancelled after {tally.done} of {len(planned.fits)} fits; run it again to go on"
        )
    if not tally.scores:
        raise UserError(tally.notes[-1])
    return Comparison(request, tuple(tally.scores), tuple(tally.notes), complete)


class Tally:
    """Keeps what becomes of the fits of a plan, and reports it; a `compare_workers.Listener`.

    Attributes
    ----------
    scores : list of Score
        Known ones first.
    notes : list of str
    done : int
        Fits that have ended.
    """

    def __init__(
        self,
        planned: Plan,
        known: dict[Fit, Score],
        apart: dict[tuple[str, int], dict[str, Any]],
        report: Report,
    ) -> None:
        self.scores, self.notes = list(known.values()), list(planned.notes)
        self.done = sum(fit in known for fit in planned.fits)
        self._total, self._apart, self._report = len(planned.fits), apart, report
        self._running: dict[Fit, float] = {}

    def begin(self, about_jobs: str) -> None:
        """Report what is known beforehand."""
        for note in self.notes:
            self._tell(note, foreseen=True)
        self._tell(about_jobs, known=tuple(self.scores), foreseen=True)

    def advance(self, fit: Fit, part: float) -> None:
        """Report a part of a fit."""
        self._running[fit] = min(0.99, max(part, self._running.get(fit, 0.0)))
        self._tell()

    def add(self, score: Score) -> None:
        """Keep a score and report it."""
        score = score._replace(**self._apart[score.split, score.fold])
        self.scores.append(score)
        problem = f"{score.fit}: {score.chosen}" if score.chosen.startswith(NOT_CONVERGED) else ""
        self._end(score.fit, problem, values={str(score.fit): score.rmse}, score=score)

    def fail(self, fit: Fit, why: str) -> None:
        """Keep and report why a fit has no score."""
        self._end(fit, f"{fit} failed: {why}")

    def _end(self, fit: Fit, problem: str, **about: Any) -> None:
        self._running.pop(fit, None)
        self.done += 1
        self.notes += [problem] if problem else []
        self._tell(problem, **about)

    def _tell(self, message: str = "", **about: Any) -> None:
        hundredths = 100 * self.done + int(100 * sum(self._running.values()))
        self._report(CompareProgress(STAGE, hundredths, 100 * self._total, message, **about))


def _distances(request: CompareRequest, planned: Plan) -> dict[tuple[str, int], dict[str, Any]]:
    """Return what a score says of its samples, by split and fold."""
    positions, buffer = request.expression.parcellation.positions, request_buffer(request).mm
    apart = {}
    for split, folds in planned.folds.items():
        for fold, rows in enumerate(folds, 1):
            mm = distances_to_training(positions, *rows)
            apart[split, fold] = {
                "n_train": len(rows[0]),
                "buffer_mm": buffer if split == "blocks" else 0.0,
                "distance_min_mm": float(mm.min()),
                "distance_median_mm": float(np.median(mm)),
            }
    return apart
