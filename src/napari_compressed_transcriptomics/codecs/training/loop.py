"""Train a network to give its input back; it knows nothing of who watches."""

import time
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from napari_compressed_transcriptomics.core.errors import UserError, first_line
from napari_compressed_transcriptomics.core.memory import out_of_memory
from napari_compressed_transcriptomics.core.progress import (
    Finishing,
    Progress,
    Report,
    Stop,
    silent,
)
from napari_compressed_transcriptomics.spatial.splits import (
    MIN_SAMPLES,
    batches,
    split_blocks,
    split_rows,
)

from .checkpoints import Checkpoints, SnapshotClock
from .rows import empty_cache
from .settings import TrainingSettings
from .snapshots import Snapshot
from .trainer import Trainer

SECONDS_BETWEEN_REPORTS = 0.25


def train(
    network: nn.Module,
    values: np.ndarray,
    settings: TrainingSettings,
    *,
    generator: torch.Generator,
    clip: tuple[float, float] = (-np.inf, np.inf),
    device: str = "cpu",
    positions: np.ndarray | None = None,
    checkpoints: Checkpoints | None = None,
    report: Report = silent,
) -> dict[str, Any]:
    """Train `network` in place to reproduce rows; it ends in evaluation mode with the best weights.

    The loss of a batch is the squared error summed over genes, and averaged or summed over rows,
    plus `weight_decay` times the sum over weight matrices of the mean squared weight. After
    each epoch the held-out rows are measured in evaluation mode, that is with the running
    statistics that BatchNorm will use later; the epoch where they are best is kept.

    `Stop`, after the first epoch, ends training at the best epoch so far. An error that is no
    longer a number does, too, in float32; in lower precision, training goes back to its last
    snapshot (some seconds old) and on in float32. So it does on the CPU when a GPU fails.

    Parameters
    ----------
    network : Module
        Maps (n, genes) to (n, genes); any random weights are set already. What it draws while
        training (dropout) follows from `generator` as well.
    values : ndarray, shape (n_samples, n_genes)
        At least three rows.
    settings : TrainingSettings
        How to train.
    generator : torch.Generator
        On the CPU; decides all that is left to chance. Global random state is not used.
    clip : (float, float)
        Values are clipped to these limits.
    device : str
        Where to compute.
    positions : ndarray, shape (n_samples, 3), optional
        Centroids in mm, for validation by blocks.
    checkpoints : Checkpoints, optional
        Where to keep snapshots, and to go on from. With the same data, settings, generator,
        device and number of threads, the epochs after one are those that would have been.
    report : callable, optional
        Called with `Progress` in epochs, with ``values`` ``{"train": RMSE, "validation": RMSE}``
        of the last one; the former is measured while training, with the weights of each step.
        Epochs done before an interruption come again first, as stage "Resuming". It may raise
        `Stop` or `Cancelled`.

    Returns
    -------
    dict
        JSON-safe record: ``epochs``, ``best_epoch``, ``train_rmse``, ``validation_rmse``,
        ``n_train``, ``n_validation``, ``ended`` ("epochs", "patience", "stopped" or "no
        number"), ``device``, ``precision``, ``settings``.

    Raises
    ------
    UserError
        If there are too few rows.
    MemoryError or RuntimeError
        If memory runs out on the CPU (`memory.out_of_memory` knows it).
    """
    if len(values) < MIN_SAMPLES:
        raise UserError(
            f"{len(values)} samples are too few to train on some and hold one out; "
            f"give at least {MIN_SAMPLES}, or use PCA"
        )
    split = settings.validation_fraction, generator
    if settings.validation == "random":
        training, held_out = split_rows(len(values), *split)
    elif positions is not None:
        training, held_out = split_blocks(positions, *split)
    else:
        raise ValueError("validation by blocks needs the samples' positions")
    learner = Trainer(
        network,
        values,
        clip,
        generator,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        loss=settings.loss,
    )
    try:
        run = _Run(learner, settings, training, held_out, checkpoints, report)
        run.start_on(device)
        return run.train()
    finally:
        learner.free()


class _Run:
    """One training: how far it has come, and what is best so far."""

    def __init__(
        self,
        learner: Trainer,
        settings: TrainingSettings,
        training: Tensor,
        held_out: Tensor,
        checkpoints: Checkpoints | None,
        report: Report,
    ) -> None:
        self.learner, self.settings = learner, settings
        self.training, self.held_out = training, held_out
        self.checkpoints, self.report = checkpoints, report
        self.size = settings.batch_for(len(training))
        self.max_epochs = settings.epochs_for(len(training), self.size)
        self.best, self.best_epoch = np.inf, 0
        self.best_weights: dict[str, Tensor] = {}
        self.history: list[tuple[float, float]] = []
        self.ended, self.message = "", ""
        self.snapshot: Snapshot | None = None

    def start_on(self, device: str) -> None:
        """Bring all to a device; to the CPU if that fails."""
        try:
            self.learner.place(device, self.settings.precision)
        except RuntimeError as error:
            if device == "cpu":
                raise
            self.message = f"{device.upper()} failed ({first_line(error)}); trains on the CPU"
            self.learner.place("cpu", "float32")

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history)

    def train(self) -> dict[str, Any]:
        """Train to the end; see the function `train`."""
        self.best_weights = self.learner.weights()
        try:
            self._resume()
            self._epochs()
        except Stop:
            if not self.history:
                raise
            self.ended = "stopped"
            self.message = (
                f"Training was stopped in epoch {self.epoch + 1}; "
                f"the best epoch, {self.best_epoch}, is kept"
            )
        self.learner.network.load_state_dict(self.best_weights)
        self.learner.network.eval()
        record = {
            "epochs": self.epoch,
            "best_epoch": self.best_epoch,
            "train_rmse": self.learner.rmse(self.training),
            "validation_rmse": self.best,
            "n_train": len(self.training),
            "n_validation": len(self.held_out),
            "ended": self.ended,
            "device": self.learner.device,
            "precision": self.learner.precision,
            "settings": asdict(self.settings)
            | {"batch_size": self.size, "max_epochs": self.max_epochs},
        }
        at_end = replace(self._progress("Training", self.epoch), done=self.max_epochs)
        Finishing(self.report)(at_end)  # too late to stop
        return record

    def _resume(self) -> None:
        """Go on from the checkpoint, if there is one; report the epochs before it."""
        if self.checkpoints is None or self.checkpoints.found is None:
            return
        self.restore(self.checkpoints.found)
        self.message = self.checkpoints.note
        for epoch in range(1, self.epoch + 1):
            self.report(self._progress("Resuming", epoch))

    def _epochs(self) -> None:
        """Train until something ends it, with a snapshot from time to time where one is needed.

        It is kept where training may have to go back to it, and for the checkpoints only written.
        """
        kept = not self._is_safe()
        self.snapshot = self.take_snapshot() if kept else None
        clock = SnapshotClock(self.checkpoints)
        while not self.ended:
            problem: Exception | None = None
            try:
                self._one_epoch()
            except (RuntimeError, MemoryError) as error:
                problem = error
            if problem is not None:
                self._survive(problem)
                continue
            if kept or self.checkpoints is not None:
                taken, message = clock.tick(self.take_snapshot)
                self.message = message or self.message
                if kept:
                    self.snapshot = taken or self.snapshot
                del taken

    def _is_safe(self) -> bool:
        return self.learner.device == "cpu" and self.learner.precision == "float32"

    def _one_epoch(self) -> None:
        learner, settings = self.learner, self.settings
        rate = settings.learning_rate
        if settings.schedule == "cosine":
            rate *= float(1 + np.cos(np.pi * self.epoch / self.max_epochs)) / 2
        learner.network.train()
        sse, seen = torch.zeros((), device=learner.device), 0
        order = self.training[torch.randperm(len(self.training), generator=learner.generator)]
        reported = time.monotonic()
        for rows in batches(order, self.size, settings.drop_last):
            sse, seen = sse + learner.step(rows, rate), seen + len(rows)
            if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                self.report(self._progress("Training", self.epoch))
        train = float(sse.item() / (seen * learner.values.shape[1])) ** 0.5
        validation = learner.rmse(self.held_out)
        if not np.isfinite([train, validation]).all():
            self._lost_its_numbers()
            return
        self.history.append((train, validation))
        if validation < self.best:
            self.best, self.best_epoch, self.best_weights = (
                validation,
                self.epoch,
                learner.weights(),
            )
        if self.epoch >= self.max_epochs:
            self.ended = "epochs"
        elif self.epoch - self.best_epoch >= settings.patience:
            self.ended = "patience"
        self.report(self._progress("Training", self.epoch))

    def _progress(self, stage: str, epoch: int) -> Progress:
        """Return progress with the errors of an epoch, and with the message that waits, once."""
        message, self.message = self.message, ""
        values = None
        if epoch:
            values = dict(zip(("train", "validation"), self.history[epoch - 1], strict=True))
        return Progress(stage, epoch, self.max_epochs, message, values)

    def _lost_its_numbers(self) -> None:
        """End at the best epoch, or go on from the last snapshot in float32."""
        learner, epoch, lower = self.learner, self.epoch + 1, self.learner.precision
        if lower == "float32":
            self.ended = "no number"
            self.message = (
                f"The error was no longer a number in epoch {epoch}; epoch {self.best_epoch}, "
                "the best, is kept; try a lower learning rate"
            )
            return
        assert self.snapshot is not None
        learner.place(learner.device, "float32", learner.data_resides)
        self.restore(self.snapshot)
        self.message = (
            f"In {lower} the error was no longer a number in epoch {epoch}; "
            f"went on in float32 after epoch {self.epoch}"
        )

    def _survive(self, error: Exception) -> None:
        """Go on from the last snapshot: with data off the GPU, or on the CPU, or not at all."""
        learner = self.learner
        device, no_memory = learner.device, out_of_memory(error)
        if device == "cpu":
            raise error
        reason = "memory ran out" if no_memory else f"failed ({first_line(error)})"
        error.__traceback__ = None  # and with it all that the failed step held
        assert self.snapshot is not None
        if no_memory and learner.data_resides:
            how = "went on with the data outside it"
            learner.place(device, learner.precision, may_reside=False)
        else:
            how = "went on with the CPU"
            learner.network.to_empty(device="cpu")  # what was there may be lost
            learner.place("cpu", "float32")
        empty_cache()
        self.restore(self.snapshot)
        self.message = f"{device.upper()} {reason}; {how} after epoch {self.epoch}"

    def take_snapshot(self) -> Snapshot:
        """Return a copy of all that changes, on the CPU."""
        state = {"epoch": self.epoch, "history": list(self.history), "ended": self.ended}
        return self.learner.take_snapshot(self.best_weights, state)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back, or on, to where a snapshot was taken."""
        state = snapshot.values({"history": [(float, float)], "ended": str})
        self.best_weights = self.learner.restore(snapshot)
        self.history = [(train, validation) for train, validation in state["history"]]
        errors = [validation for _, validation in self.history]
        self.best = min(errors, default=np.inf)
        self.best_epoch = errors.index(self.best) + 1 if errors else 0
        self.ended = state["ended"]
