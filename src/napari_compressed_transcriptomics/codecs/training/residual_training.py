"""Train residual networks: on parts of the rows to find when to stop, and on all of them."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor  # noqa: TID253

from napari_compressed_transcriptomics.codecs.networks.residual_network import ResidualNetwork
from napari_compressed_transcriptomics.codecs.networks.residual_projection import (
    MOST_STEPS,
    ROWS_FOR_CURVATURE,
    Projection,
    mean_curvature,
    nearest,
    steps_enough,
)
from napari_compressed_transcriptomics.codecs.training_distribution import quantile
from napari_compressed_transcriptomics.core.progress import (
    Finishing,
    Progress,
    Report,
    Stop,
    silent,
)

from .checkpoints import Checkpoints, SnapshotClock
from .residual_settings import ResidualSettings
from .residual_validation import all_but, parts_held_out, rows_measured, surely_above_zero
from .snapshots import Snapshot, put_back, take_snapshot

SECONDS_BETWEEN_REPORTS = 0.25
STEPS_TOLERANCE = 2e-5
"""Part of the mean squared error that fewer steps of projection may miss."""
_ERRORS = {"train": float, "validation": float}
_STATE = {
    "epoch": int,
    "numbers": _ERRORS,
    "at_start": _ERRORS,
    "best": _ERRORS,
    "best_epoch": int,
    "best_quantile": float,
    "best_steps": int,
}


def train_residual(
    rows: Tensor,
    latent_size: int,
    settings: ResidualSettings,
    *,
    generator: torch.Generator,
    rmse: Callable[[float], float] = math.sqrt,
    positions: np.ndarray | None = None,
    checkpoints: Checkpoints | None = None,
    report: Report = silent,
) -> tuple[ResidualNetwork, Projection, dict[str, Any]]:
    """Train one network for as long as serves rows it has not seen.

    Of few rows, each of five parts is held out from a network of its own, and one more network
    learns from all rows; they are trained side by side. The weights kept are the last
    one's, from the moment when the others had their lowest error on what was held out from them.
    Of many rows (`MANY_ROWS`), one part is held out from the only network. Each starts as the
    PCA of its own rows, and that is kept unless the rows held out agree that something else is
    better (`surely_above_zero`): the lowest error alone was, by chance, up to 4 % above PCA's
    on new linear-Gaussian samples.

    `Stop` ends training with the best weights so far; so does an error that is no longer a
    number.

    Parameters
    ----------
    rows : Tensor, shape (n, columns)
        Centred, with a mean norm near one, on the device to train on.
    latent_size : int
        Number of components.
    settings : ResidualSettings
        How to train.
    generator : torch.Generator
        On the CPU; decides the parts, first weights, batches and noise.
    rmse : callable
        Turns the mean square norm of what is left of a row into what is reported.
    positions : ndarray, shape (n, 3), optional
        Centroids in mm, for validation by blocks.
    checkpoints : Checkpoints, optional
        Where to keep snapshots, and to go on from.
    report : callable, optional
        Called with `Progress` in epochs (passes over the rows of the smallest network), with
        ``values`` ``{"train": RMSE, "validation": RMSE}`` when they were last measured. It may
        raise `Stop` or `Cancelled`.

    Returns
    -------
    network : ResidualNetwork
        Of one member.
    projection : Projection
        On the CPU, with as many steps as helped on the rows held out.
    record : dict
        JSON-safe: ``epochs``, ``best_epoch``, ``train_rmse``, ``validation_rmse``,
        ``validation_rmse_quantile`` (of single rows, see `novelty`), ``validation_rmse_pca`` (at
        the start), ``n_train``, ``n_validation``, ``ended`` ("epochs", "patience", "stopped" or
        "no number"), ``device``, ``settings``.
    """
    run = _Run(rows, latent_size, settings, generator, rmse, positions)
    message = ""
    try:
        run.train(checkpoints, report)
    except Stop:
        run.ended = "stopped"
        message = f"Training was stopped; the best epoch, {run.best_epoch}, is kept"
    if not message and run.epoch and not run.best_epoch:
        message = "It stays PCA: nothing else was reliably better on held-out samples"
    if run.ended == "no number":
        message = (
            f"The error was no longer a number in epoch {run.epoch}; epoch {run.best_epoch}, "
            "the best, is kept; try a lower learning rate"
        )
    network, projection = run.best_network()
    at_end = replace(run.progress(), done=run.epochs, message=message)
    Finishing(report)(at_end)  # too late to stop
    return network, projection, run.record()


class _Run:
    """One training: its networks, how far it has come, and what is best so far."""

    def __init__(
        self,
        rows: Tensor,
        latent_size: int,
        settings: ResidualSettings,
        generator: torch.Generator,
        rmse: Callable[[float], float],
        positions: np.ndarray | None,
    ) -> None:
        self.rows, self.latent_size, self.settings = rows, latent_size, settings
        self.generator, self.rmse = generator, rmse
        n = len(rows)
        self.held_out = parts_held_out(n, positions, generator)
        self.learned = [all_but(n, part) for part in self.held_out]
        if len(self.held_out) > 1:
            self.learned.append(torch.arange(n))
        self.measured = rows_measured([*self.held_out, self.learned[-1]], generator)
        self._shown = [part[:: len(part) // ROWS_FOR_CURVATURE + 1] for part in self.learned]
        fewest = min(map(len, self.learned))
        self.size = min(settings.batch_size, fewest)
        self.batches = fewest // self.size
        usual = math.ceil(settings.steps / self.batches)
        self.epochs = usual if settings.max_epochs is None else settings.max_epochs
        self.every = max(1, self.epochs // settings.measures)

        learned = [rows[part] for part in self.learned]
        self.centres = torch.stack([part.mean(0, keepdim=True) for part in learned])
        self.network = self.new_network(len(learned)).to(rows.device)
        self.network.start(
            torch.stack([_components(part, latent_size) for part in learned]), generator
        )
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), settings.learning_rate, fused=True
        )

        self.epoch, self.ended, self.message = 0, "", ""
        self.errors_of_pca, self.best_steps = self.errors()
        self.numbers = self.at_start = self.best = self.measured_rmse(self.errors_of_pca)
        self.best_epoch, self.best_weights = 0, self.network.member(len(learned) - 1)
        self.best_quantile = self.quantile(self.errors_of_pca)

    def new_network(self, members: int) -> ResidualNetwork:
        """Return an untrained network of as many columns as the rows."""
        sizes = self.settings.hidden_sizes
        return ResidualNetwork(members, self.rows.shape[1], self.latent_size, sizes)

    def train(self, checkpoints: Checkpoints | None, report: Report) -> None:
        """Train until something ends it."""
        clock, patience = SnapshotClock(checkpoints), self.settings.patience
        if checkpoints is not None and checkpoints.found is not None:
            self.restore(checkpoints.found)
            self.message = checkpoints.note
        while self.epoch < self.epochs and not self.ended:
            self._one_epoch(report)
            if self._due():
                self._judge()
            if patience is not None and self.epoch - self.best_epoch >= patience:
                self.ended = self.ended or "patience"
            if checkpoints is not None:
                self.message = clock.tick(self.snapshot)[1] or self.message
            report(self.progress())
        self.ended = self.ended or "epochs"

    def _due(self) -> bool:
        """Tell whether to measure: at even steps, and before the first of them at 1, 4, 16...

        Most is gained in the first epochs; one who stops then wants the best of them.
        """
        early = self.epoch < self.every and self.epoch in (1, 4, 16, 64, 256)
        return early or self.epoch % self.every == 0 or self.epoch == self.epochs

    def _one_epoch(self, report: Report) -> None:
        settings, network, rows = self.settings, self.network, self.rows
        falling = (1 + math.cos(math.pi * self.epoch / self.epochs)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * falling
        taken = self.batches * self.size
        order = torch.stack([self._shuffled(part)[:taken] for part in self.learned])
        reported = time.monotonic()
        for batch in order.to(rows.device).split(self.size, 1):
            values = rows[batch] - self.centres
            noise = self._draw(torch.randn, values) * (settings.noise / values.shape[2] ** 0.5)
            decoded = network.decode(network.encode(values + noise, self._drop), self._drop)
            # members do not touch each other: the gradient of the sum is each one's own
            loss = (decoded - values).square().sum(2).mean(1).sum()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                report(self.progress())
        self.epoch += 1

    def _shuffled(self, part: Tensor) -> Tensor:
        return part[torch.randperm(len(part), generator=self.generator)]

    def _draw(self, kind: Callable[..., Tensor], values: Tensor) -> Tensor:
        return kind(values.shape, generator=self.generator).to(values.device)

    def _drop(self, features: Tensor) -> Tensor:
        part = self.settings.drop
        if not part:
            return features
        return features * ((self._draw(torch.rand, features) >= part) / (1 - part))

    def _judge(self) -> None:
        """Measure; keep the weights if they are the best so far, and surely better than PCA."""
        errors, steps = self.errors()
        numbers = self.measured_rmse(errors)
        if not np.isfinite(list(numbers.values())).all():
            self.ended = "no number"
            return
        self.numbers = numbers
        if numbers["validation"] < self.best["validation"] and self._surely_better(errors):
            self.best, self.best_epoch, self.best_steps = numbers, self.epoch, steps
            self.best_quantile = self.quantile(errors)
            self.best_weights = self.network.member(len(self.learned) - 1)

    def _surely_better(self, errors: list[Tensor]) -> bool:
        """Tell whether rows held out agree that this is better than PCA was on the same rows."""
        gains = [pca - now for pca, now in zip(self.errors_of_pca, errors, strict=True)][:-1]
        return surely_above_zero(torch.cat(gains).numpy())

    @torch.no_grad()
    def errors(self) -> tuple[list[Tensor], int]:
        """Return squared errors, (rows,) each on the CPU, of the rows that are measured.

        Those of rows held out by the networks that did not see them, and last those of rows that
        the last network learned from; with as many steps of projection as serve the rows held
        out, which is returned, too.
        """
        last = len(self.learned) - 1
        found = []
        for member, part in zip([*range(len(self.held_out)), last], self.measured, strict=True):
            one, projection = self._ready(self.network.member(member), member)
            rows = (self.rows[part] - self.centres[member]).unsqueeze(0)
            along = [error[0].cpu() for _, error in nearest(one, rows, projection)]
            found.append(torch.stack(along))
        steps = steps_enough(torch.cat(found[:-1], 1), STEPS_TOLERANCE)
        return [along[steps] for along in found], steps

    def _ready(self, weights: dict[str, Tensor], member: int) -> tuple[ResidualNetwork, Projection]:
        """Return a network of one member's weights, and its projection with all steps."""
        network = self.new_network(1).to(self.rows.device)
        network.load_state_dict(weights)
        network = network.eval().requires_grad_(False)
        learned = self.rows[self._shown[member]] - self.centres[member]
        return network, Projection(MOST_STEPS, mean_curvature(network, learned.unsqueeze(0)))

    def best_network(self) -> tuple[ResidualNetwork, Projection]:
        """Return the best network and its projection, on the CPU."""
        network, projection = self._ready(self.best_weights, len(self.learned) - 1)
        return network.cpu(), Projection(self.best_steps, projection.curvature.cpu())

    def measured_rmse(self, errors: list[Tensor]) -> dict[str, float]:
        """Return the RMSE on rows the last network learned from, and on rows held out."""
        parts = {"train": errors[-1], "validation": torch.cat(errors[:-1])}
        return {name: self.rmse(float(part.double().mean())) for name, part in parts.items()}

    def quantile(self, errors: list[Tensor]) -> float:
        """Return the RMSE that few rows held out are beyond; see `novelty`."""
        return quantile(np.array([self.rmse(float(row)) for row in torch.cat(errors[:-1])]))

    def progress(self) -> Progress:
        """Return where it is, with a message that waits, once."""
        message, self.message = self.message, ""
        return Progress("Training", self.epoch, self.epochs, message, dict(self.numbers))

    def record(self) -> dict[str, Any]:
        """Return the record of the training."""
        return {
            "epochs": self.epoch,
            "best_epoch": self.best_epoch,
            "train_rmse": self.best["train"],
            "validation_rmse": self.best["validation"],
            "validation_rmse_quantile": self.best_quantile,
            "validation_rmse_pca": self.at_start["validation"],
            "n_train": len(self.learned[-1]),
            "n_validation": sum(map(len, self.held_out)),
            "ended": self.ended,
            "device": str(self.rows.device),
            "settings": asdict(self.settings)
            | {"max_epochs": self.epochs, "batch_size": self.size},
        }

    def snapshot(self) -> Snapshot:
        """Return all that changes."""
        state = {name: getattr(self, name) for name in _STATE}
        return take_snapshot(self.network, self.optimizer, self.generator, self.best_weights, state)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        state = snapshot.values(_STATE)
        self.best_weights = put_back(
            snapshot, self.network, self.optimizer, self.generator, self.best_weights
        )
        for name, value in state.items():
            setattr(self, name, value)


def _components(rows: Tensor, latent_size: int) -> Tensor:
    """Return principal components (latent_size, columns), zero beyond the rows' rank.

    The largest entry of each is positive: in columns that are principal components themselves
    they keep their sign.
    """
    centred = (rows - rows.mean(0)).cpu().double()
    found = torch.linalg.svd(centred, full_matrices=False).Vh[: min(latent_size, len(rows) - 1)]
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    components = torch.zeros(latent_size, rows.shape[1])
    components[: len(found)] = found * largest.sign()
    return components
