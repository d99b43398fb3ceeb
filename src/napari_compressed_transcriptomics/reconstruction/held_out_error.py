"""The held-out error: a method is fitted again, each time without a part of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.imputation import filled_from, imputed_note, measured
from napari_compressed_transcriptomics.core.limits import check_range
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, dropping, silent
from napari_compressed_transcriptomics.spatial.buffer import buffer_of
from napari_compressed_transcriptomics.spatial.cross_validation import (
    SPLITS,
    Rows,
    Split,
    distances_to_training,
    outer_folds,
)

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec

HELD_OUT = "held_out_rmse"
"""What it is called in tables, and in the kind of volumes and layers."""
STAGE = "Measuring on held-out samples"
NOT_OURS = (
    "The held-out error of an existing model cannot be measured, as its fit cannot be repeated "
    "here; fit a codec to these data"
)
_BLOCK_BYTES = 2**28

Fit = Callable[[Expression, Report], "Codec"]


@dataclass(frozen=True)
class HeldOut:
    """Which samples are not seen, as in `compare_request.CompareRequest`."""

    split: Split = "blocks"
    n_folds: int = 5
    buffer: float | None = None
    """Of blocks, in mm; by default what `buffer.buffer_of` finds in the data."""

    @property
    def cost(self) -> str:
        """What it takes, in words."""
        return (
            f"Fits {self.n_folds} more times, each without a part of the samples: takes about "
            f"{self.n_folds} times the fit"
        )


@dataclass(frozen=True, eq=False)
class HeldOutPlan:
    """The folds of a measurement."""

    how: HeldOut
    seed: int
    """Of the folds."""
    folds: tuple[Rows, ...]
    """Rows to train on and rows held out."""
    buffer_mm: float
    """0 of random folds."""
    notes: tuple[str, ...]
    """Of the buffer, and of cells that are filled, one sentence each."""


@dataclass(frozen=True, eq=False)
class HeldOutError:
    """How well a method gives back samples that it has not seen.

    Each number is over all folds: of each sample the error in the one fold in which it was not
    seen.
    """

    rmse_samples: np.ndarray
    """Of float64, shape (n_samples,)."""
    rmse_genes: np.ndarray
    """Of float64, shape (n_genes,)."""
    rmse_folds: tuple[float, ...]
    """As `compare_score.Score.rmse` has it."""
    rmse: float
    """Over all samples and genes."""
    plan: HeldOutPlan
    distances_mm: np.ndarray
    """Of each sample from the nearest one trained on, or its mirror image. Of float64, shape
    (n_samples,)."""
    seconds: float
    notes: tuple[str, ...] = ()
    """What the fits said."""

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return len(self.plan.folds)

    def in_words(self, fitted: float) -> str:
        """Return a sentence that compares with the RMSE on the samples fitted to."""
        ratio = f", {self.rmse / fitted:.2f} times the fitted" if fitted else ""
        where = f", buffer {self.plan.buffer_mm:.0f} mm" if self.plan.buffer_mm else ""
        how = f"{self.n_folds} folds, {self.plan.how.split}{where}"
        return f"held-out RMSE {self.rmse:.4f}{ratio} ({how})"

    def summary(self, fitted: float) -> dict[str, Any]:
        """Return what came of it and how, JSON-safe; `fitted` as in `told`."""
        sizes = [len(train) for train, _ in self.plan.folds]
        return {
            "rmse": self.rmse,
            "ratio": self.rmse / fitted if fitted else None,
            "rmse_folds": list(self.rmse_folds),
            "split": self.plan.how.split,
            "n_folds": self.n_folds,
            "buffer_mm": self.plan.buffer_mm,
            "seed": self.plan.seed,
            "n_train": [min(sizes), max(sizes)],
            "distance_min_mm": float(self.distances_mm.min()),
            "distance_median_mm": float(np.median(self.distances_mm)),
            "seconds": self.seconds,
        }


@dataclass(frozen=True, eq=False)
class RecordedHeldOut(HeldOutError):
    """The same, read from a result: of its folds there is what `HeldOutError.summary` tells."""

    record: dict[str, Any] = field(default_factory=dict)
    """As `HeldOutError.summary` gives it."""

    @classmethod
    def of(
        cls, record: dict[str, Any], rmse_samples: np.ndarray, rmse_genes: np.ndarray
    ) -> "RecordedHeldOut":
        """Return what a record and two tables tell."""
        how = HeldOut(record.get("split", "blocks"), record["n_folds"])
        plan = HeldOutPlan(how, int(record.get("seed") or 0), (), record["buffer_mm"], ())
        return cls(
            rmse_samples,
            rmse_genes,
            tuple(record.get("rmse_folds") or ()),
            record["rmse"],
            plan,
            np.empty(0),
            float(record.get("seconds") or 0),
            record=record,
        )

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return self.record["n_folds"]

    def summary(self, fitted: float) -> dict[str, Any]:
        """Return the record."""
        return self.record


def plan_held_out(
    expression: Expression, how: HeldOut, problem: Callable[[int], str | None], seed: int
) -> HeldOutPlan:
    """Draw the folds, the same as `compare_request.plan` draws with that seed.

    Parameters
    ----------
    expression : Expression
    how : HeldOut
    problem : callable
        Tells why so many samples cannot be fitted to, or nothing.
    seed : int

    Raises
    ------
    UserError
        If a fold leaves too few samples to train on, or the settings make no sense.
    """
    if how.split not in SPLITS:
        raise UserError(f"There is no split {how.split!r}; choose {' or '.join(SPLITS)}")
    check_range("folds", how.n_folds, 2, max(2, expression.n_samples // 2))
    places, buffer_mm, notes = expression.parcellation.positions, 0.0, [imputed_note(expression)]
    if how.split == "blocks":
        buffer = buffer_of(expression, how.n_folds, seed, how.buffer)
        buffer_mm = buffer.mm
    folds = outer_folds(places, how.split, how.n_folds, seed, buffer_mm)
    if how.split == "blocks":
        notes.append(buffer.in_words(folds, expression.n_samples))
    if too_few := problem(min(len(train) for train, _ in folds)):
        raise UserError(f"{too_few} (a fold of the held-out error trains on that many)")
    most = max(len(train) for train, _ in folds)
    require_memory(
        12 * most * expression.n_genes + 2 * _BLOCK_BYTES,
        f"Fitting to folds of {expression.name}",
        "leave out the held-out error, or use a larger machine",
    )
    return HeldOutPlan(how, seed, tuple(folds), buffer_mm, tuple(filter(None, notes)))


def measure_held_out(
    fit: Fit,
    expression: Expression,
    plan: HeldOutPlan,
    device: str = "cpu",
    report: Report = silent,
) -> HeldOutError:
    """Fit to all samples but those of a fold, and measure on these; for one fold after another.

    Parameters
    ----------
    fit : callable
        Fits a codec to an expression; called with it and a report.
    expression : Expression
    plan : HeldOutPlan
    device : str
        Where to encode and decode.
    report : callable, optional
        Called with each `Progress`, in hundredths of a fold; may raise `Stop` or `Cancelled`,
        which end it with nothing, within a fit, too.
    """
    begun, n_folds = time.perf_counter(), len(plan.folds)
    squares, counts, distances = np.zeros((3, expression.n_samples))
    genes, gene_counts = np.zeros((2, expression.n_genes))
    errors, notes = list[float](), list[str]()
    for fold, rows in enumerate(plan.folds):
        of_fold = _report_of_fold(report, fold, n_folds, notes)
        unseen = measure_unseen(fit, expression, rows, device, of_fold)
        squares[rows[1]], counts[rows[1]] = unseen.of_samples, unseen.n_of_samples
        distances[rows[1]] = distances_to_training(expression.parcellation.positions, *rows)
        genes += unseen.of_genes
        gene_counts += unseen.n_of_genes
        errors.append(unseen.rmse)
        report(Progress(STAGE, 100 * (fold + 1), 100 * n_folds))
    return HeldOutError(
        rmse_samples=np.sqrt(squares / counts),
        rmse_genes=np.sqrt(genes / gene_counts),
        rmse_folds=tuple(errors),
        rmse=float(np.sqrt(squares.sum() / counts.sum())),
        plan=plan,
        distances_mm=distances,
        seconds=time.perf_counter() - begun,
        notes=tuple(notes),
    )


def _report_of_fold(report: Report, fold: int, n_folds: int, notes: list[str]) -> Report:
    """Return a report of one of the folds; it adds to the notes what it is told."""
    part = 0.0

    def report_part(progress: Progress) -> None:
        nonlocal part
        part = min(0.99, max(part, progress.done / max(progress.total, 1)))
        message = ""
        if progress.message:
            message = f"Fold {fold + 1}: {progress.message}"
            notes.append(message)
        report(Progress(STAGE, int(100 * (fold + part)), 100 * n_folds, message))

    return report_part


class Unseen(NamedTuple):
    """Sums of squared errors of samples that a fit has not seen, without cells that were filled."""

    of_samples: np.ndarray
    n_of_samples: np.ndarray
    """`of_samples`, `n_of_samples`: sums, and how many values they are of. Of float64, shape
    (n_held_out,)."""
    of_genes: np.ndarray
    n_of_genes: np.ndarray
    """`of_genes`, `n_of_genes`: as above. Of float64, shape (n_genes,)."""
    spread: float
    """Squared distance from the mean of each gene in the training samples."""
    chosen: str
    """What the method chose within the training samples, see `Codec.chosen`."""

    @property
    def rmse(self) -> float:
        """Over all held-out samples and genes."""
        return float(np.sqrt(self.of_samples.sum() / self.n_of_samples.sum()))

    @property
    def r2(self) -> float:
        """About the means of the training samples; NaN where no gene varies."""
        return float(1 - self.of_samples.sum() / self.spread) if self.spread else np.nan


def measure_unseen(
    fit: Fit, expression: Expression, rows: Rows, device: str = "cpu", report: Report = silent
) -> Unseen:
    """Fit to rows ``rows[0]`` and measure on rows ``rows[1]``; see `measure_held_out`."""
    train, test = (expression.subset(part) for part in rows)
    train, test = filled_from(train, train), filled_from(train, test)
    codec = fit(train, dropping(report))  # one stopped half-way is not the method's
    mean = np.mean(train.values, axis=0, dtype=float)
    del train
    n, own, spread = test.n_samples, measured(test), 0.0
    samples, genes = np.zeros(n), np.zeros(test.n_genes)
    n_rows = max(1, _BLOCK_BYTES // (8 * test.n_genes))
    for start in range(0, n, n_rows):
        block = slice(start, start + n_rows)
        values = np.asarray(test.values[block], np.float32)
        decoded = codec.decode(codec.encode(values, device), device)
        squared = np.square(values - decoded, dtype=float) * own[block]
        samples[block] = squared.sum(axis=1)
        genes += squared.sum(axis=0)
        spread += (np.square(values - mean) * own[block]).sum()
        report(Progress("Measuring", min(start + n_rows, n), n))
    counts = own.sum(axis=1, dtype=float), own.sum(axis=0, dtype=float)
    return Unseen(samples, counts[0], genes, counts[1], float(spread), codec.chosen())
