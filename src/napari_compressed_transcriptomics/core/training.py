"""Train a network to give its input back: a generator that knows nothing of who watches."""

import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from .progress import Progress

SECONDS_BETWEEN_REPORTS = 0.25
USUAL_STEPS = 2000


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; the defaults follow the published training where it had a reason.

    Attributes
    ----------
    max_epochs : int or None
        Upper bound, over which the learning rate falls along half a cosine; None takes what
        makes about `USUAL_STEPS` steps, 50 to 200.
    patience : int
        Epochs without a lower validation error before training stops.
    batch_size : int or None
        Rows a step; None takes 128, or an eighth of the training rows where they are few.
    learning_rate : float
        Of Adam, at first.
    weight_decay : float
        Factor of the sum over weight matrices of their mean square.
    validation_fraction : float
        Part of the rows that is held out to decide when to stop.
    """

    max_epochs: int | None = None
    patience: int = 50
    batch_size: int | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    validation_fraction: float = 0.1


def train_steps(
    network: nn.Module,
    values: np.ndarray,
    settings: TrainingSettings,
    *,
    generator: torch.Generator,
    clip: tuple[float, float] = (-np.inf, np.inf),
    device: str = "cpu",
) -> Generator[Progress, None, dict[str, Any]]:
    """Train `network` in place to reproduce rows; it ends in evaluation mode with the best weights.

    The loss of a batch is the sum of squared errors over rows and genes, divided by the rows,
    plus `weight_decay` times the sum over weight matrices of the mean squared weight. After
    each epoch the held-out rows are measured in evaluation mode, that is with the running
    statistics that BatchNorm will use later; the epoch where they are best is kept.

    Parameters
    ----------
    network : Module
        Maps (n, genes) to (n, genes); any random weights are set already.
    values : ndarray, shape (n_samples, n_genes)
        At least three rows.
    settings : TrainingSettings
        How to train.
    generator : torch.Generator
        On the CPU; decides the split and the order of rows. Global random state is not used.
    clip : (float, float)
        Values are clipped to these limits.
    device : str
        Where to compute.

    Yields
    ------
    Progress
        In epochs, with ``values`` ``{"train": RMSE, "validation": RMSE}`` of the last one.

    Returns
    -------
    dict
        JSON-safe record: ``epochs``, ``best_epoch``, ``train_rmse``, ``validation_rmse``,
        ``n_train``, ``n_validation``, ``settings``.
    """
    training, held_out = split_rows(len(values), settings.validation_fraction, generator)
    size = batch_size(len(training), settings.batch_size)
    max_epochs = settings.max_epochs or max(50, min(200, USUAL_STEPS * size // len(training)))
    network.to(device)
    optimizer = _optimizer(network, settings)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max_epochs)
    best_state, best, best_epoch, epoch = _copy(network), np.inf, 0, 0
    numbers, message = None, ""
    reported = time.monotonic()
    for epoch in range(1, max_epochs + 1):
        network.train()
        sse, seen = torch.zeros((), device=device), 0
        order = training[torch.randperm(len(training), generator=generator)]
        for rows in batches(order, size):
            batch = _rows(values, rows, clip, device)
            error = (network(batch) - batch).square().sum()
            optimizer.zero_grad()
            (error / len(rows)).backward()
            optimizer.step()
            sse, seen = sse + error.detach(), seen + len(rows)
            if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                yield Progress("Training", epoch - 1, max_epochs, "", numbers)
        validation = rmse(network, values, held_out, clip, device)
        train = float(sse.item() / (seen * values.shape[1])) ** 0.5
        if not np.isfinite(validation):
            message = f"The error was no longer a number in epoch {epoch}; the best epoch is kept"
            break
        numbers = {"train": train, "validation": validation}
        scheduler.step()
        if validation < best:
            best_state, best, best_epoch = _copy(network), validation, epoch
        reported = time.monotonic()
        yield Progress("Training", epoch, max_epochs, "", numbers)
        if epoch - best_epoch >= settings.patience:
            break
    network.load_state_dict(best_state)
    network.eval()
    record = {
        "epochs": epoch,
        "best_epoch": best_epoch,
        "train_rmse": rmse(network, values, training, clip, device),
        "validation_rmse": best,
        "n_train": len(training),
        "n_validation": len(held_out),
        "settings": asdict(settings) | {"batch_size": size, "max_epochs": max_epochs},
    }
    yield Progress("Training", max_epochs, max_epochs, message, numbers)
    return record


def split_rows(n: int, fraction: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return random row numbers for training and, at least one of them, held out."""
    order = torch.randperm(n, generator=generator)
    n_held_out = max(1, round(fraction * n))
    return order[n_held_out:], order[:n_held_out]


def batch_size(n_rows: int, wanted: int | None = None) -> int:
    """Return rows a step: 128, or an eighth of few rows so that an epoch has some steps."""
    return max(2, min(wanted or max(16, min(128, n_rows // 8)), n_rows))


def batches(order: Tensor, size: int) -> list[Tensor]:
    """Cut rows into batches; a last one under half the size joins the one before it.

    So every row is used, and none is a batch of its own, which BatchNorm cannot take.
    """
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) < max(2, size // 2):
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def _optimizer(network: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Return Adam with the gradient of the weights' mean squares added to that of the error.

    That is Adam's own weight decay, d(c mean(w^2))/dw = 2 c w / size, one group a matrix: no
    pass over the weights of its own.
    """
    groups = [
        {
            "params": [weights],
            "weight_decay": 2 * settings.weight_decay / weights.numel() if weights.ndim == 2 else 0,
        }
        for weights in network.parameters()
    ]
    return torch.optim.Adam(groups, lr=settings.learning_rate, fused=True)


@torch.no_grad()
def rmse(
    network: nn.Module,
    values: np.ndarray,
    rows: Tensor,
    clip: tuple[float, float],
    device: str,
) -> float:
    """Return the RMSE over some rows in evaluation mode, against the clipped values."""
    network.eval()
    sse = 0.0
    for part in rows.split(1024):
        batch = _rows(values, part, clip, device)
        sse += float((network(batch) - batch).square().sum(dtype=torch.float32))
    return (sse / (len(rows) * values.shape[1])) ** 0.5


def _rows(values: np.ndarray, rows: Tensor, clip: tuple[float, float], device: str) -> Tensor:
    batch = torch.from_numpy(np.asarray(values[rows.numpy()], np.float32))
    return batch.to(device).clamp_(*clip)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
