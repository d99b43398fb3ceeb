"""How well methods give back samples that they have not seen."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import NOT_CONVERGED
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Stop
from napari_compressed_transcriptomics.spatial.nested_folds import distances_to_training

from .compare_request import CompareRequest, Fit, Plan, plan, request_buffer
from .compare_score import COLUMNS, Score
from .compare_workers import in_processes, one_by_one

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CompareProgress(Progress):
    """Progress of a comparison, in hundredths of a fit.

    Attributes
    ----------
    score : Score, optional
        What has just been measured.
    known : tuple of Score
        What was there already; told once, at the beginning.
    foreseen : bool
        Whether the message is one that `compare_outlook.outlook` gives before the start.
    """

    score: Score | None = None
    known: tuple[Score, ...] = ()
    foreseen: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """What came of a request.

    Attributes
    ----------
    request : CompareRequest
    scores : tuple of Score
        Known ones first, then as they were measured.
    notes : tuple of str
        What was left out and why, one sentence each.
    complete : bool
        False where it was cancelled.
    """

    request: CompareRequest
    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()
    complete: bool = True

    def table(self) -> "pd.DataFrame":
        """Return the scores as a tidy table with the columns `COLUMNS`."""
        import pandas as pd

        return pd.DataFrame([tuple(score) for score in self.scores], columns=list(COLUMNS))


def compare_steps(
    request: CompareRequest, known: Mapping[Fit, Score] | None = None
) -> Generator[Progress, None, Comparison]:
    """Fit and measure all methods; a generator of progress that returns the comparison.

    `CompareProgress` brings each score as it is measured. `progress.Stop` thrown in ends it
    with the scores so far, within a fit, too; fits that are not finished are lost.

    Parameters
    ----------
    request : CompareRequest
    known : mapping of Fit to Score, optional
        Scores that are there already; they are taken over, also those not asked for.

    Raises
    ------
    UserError
        At once, if the request makes no sense or nothing of it can be done.
    """
    from .compare_cost import check_memory

    planned = plan(request)
    check_memory(request)
    return _compare_steps(request, planned, dict(known or {}))


def _compare_steps(
    request: CompareRequest, planned: Plan, known: dict[Fit, Score]
) -> Generator[Progress, None, Comparison]:
    from .compare_cost import jobs

    scores, notes = list(known.values()), list(planned.notes)
    todo = [fit for fit in planned.fits if fit not in known]
    complete, stage, total = True, "Comparing methods", 100 * len(planned.fits)
    n_jobs, about_jobs = jobs(request, len(todo))
    done, running = len(planned.fits) - len(todo), dict[Fit, float]()
    about_jobs = about_jobs if todo else "Nothing is left to fit"
    run = one_by_one if n_jobs == 1 else in_processes
    apart = _distances(request, planned)
    try:
        for note in planned.notes:
            yield CompareProgress(stage, 100 * done, total, note, foreseen=True)
        known_scores = tuple(scores)
        yield CompareProgress(
            stage, 100 * done, total, about_jobs, known=known_scores, foreseen=True
        )
        with closing(run(request, planned.folds, todo, n_jobs)) as events:
            for fit, event in events:
                score, problem = None, ""
                if isinstance(event, float):
                    running[fit] = min(0.99, max(event, running.get(fit, 0.0)))
                else:
                    running.pop(fit, None)
                    done += 1
                    if isinstance(event, Score):
                        score = Score(*event[:7], *apart[event.split, event.fold], event.chosen)
                        scores.append(score)
                        if score.chosen.startswith(NOT_CONVERGED):
                            notes.append(problem := f"{fit}: {score.chosen}")
                    else:
                        notes.append(problem := f"{fit} failed: {event}")
                values = {str(score.fit): score.rmse} if score else None
                hundredths = 100 * done + int(100 * sum(running.values()))
                yield CompareProgress(stage, hundredths, total, problem, values, score)
    except Stop:
        complete = False
        notes.append(f"Cancelled after {done} of {len(planned.fits)} fits; run it again to go on")
    if not scores:
        if not complete:
            raise Stop
        raise UserError(notes[-1])
    return Comparison(request, tuple(scores), tuple(notes), complete)


def _distances(
    request: CompareRequest, planned: Plan
) -> dict[tuple[str, int], tuple[int, float, float, float]]:
    """Return the last four numbers of a score by split and fold."""
    positions, buffer = request.expression.parcellation.centroids, request_buffer(request).mm
    apart = {}
    for split, folds in planned.folds.items():
        for fold, rows in enumerate(folds, 1):
            mm = distances_to_training(positions, *rows)
            wide = buffer if split == "blocks" else 0.0
            apart[split, fold] = len(rows[0]), wide, float(mm.min()), float(np.median(mm))
    return apart
