"""A network that learns on a device: one step, one measurement, and its whole state."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from .rows import DeviceRows, empty_cache
from .snapshots import Snapshot, put_back, take_snapshot

_PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Trainer:
    """A network, its optimiser, the data and all that is left to chance, on a device.

    Parameters
    ----------
    network : Module
        Maps (n, genes) to (n, genes); trained in place.
    values : ndarray, shape (n_samples, n_genes)
        The data; never written to.
    clip : (float, float)
        Limits to which values are clipped.
    generator : torch.Generator
        On the CPU; decides all that is left to chance.
    learning_rate, weight_decay : float
        Of `optimizer_for`.
    loss : {"mean", "sum"}
        Over the rows of a batch.

    Attributes
    ----------
    device, precision : str
        As they are now; at first the CPU and float32.
    """

    def __init__(
        self,
        network: nn.Module,
        values: np.ndarray,
        clip: tuple[float, float],
        generator: torch.Generator,
        *,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        loss: str = "mean",
    ) -> None:
        self.network, self.values, self.clip = network, values, clip
        self.generator = generator
        self._optimizer_settings = learning_rate, weight_decay
        self._loss = loss
        self.place("cpu", "float32")

    def place(self, device: str, precision: str, may_reside: bool = True) -> None:
        """Bring network and data to a device, with a new optimiser.

        Parameters
        ----------
        device, precision : str
            Where and in what to compute; see `training_settings.TrainingSettings`.
        may_reside : bool
            False to send each batch, even where all data would fit.
        """
        precision = _resolved(precision, device)
        self.device, self.precision = device, precision
        self._rows: DeviceRows | None = None  # the memory of the one before is needed first
        self.network.to(device)
        self._rows = DeviceRows(self.values, self.clip, device, may_reside)
        self._optimizer = optimizer_for(self.network, *self._optimizer_settings)
        self._scaler = torch.amp.GradScaler(_kind(device), enabled=precision == "float16")

    @property
    def data_resides(self) -> bool:
        """Whether all data lies on the GPU."""
        return self._rows is not None and self._rows.resident is not None

    def step(self, rows: Tensor, learning_rate: float) -> Tensor:
        """Take one step on some rows; return their sum of squared errors, on the device."""
        assert self._rows is not None
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        batch = self._rows(rows)
        dtype = _PRECISIONS[self.precision]
        lower = torch.autocast(_kind(self.device), dtype, enabled=dtype is not None)
        with drawing_from(self.generator, self.device), lower:
            output = self.network(batch)
        error = (output.float() - batch).square().sum()
        loss = error / len(rows) if self._loss == "mean" else error
        self._optimizer.zero_grad()
        self._scaler.scale(loss).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        return error.detach()

    @torch.no_grad()
    def rmse(self, rows: Tensor) -> float:
        """Return the RMSE over some rows, in evaluation mode and float32, of clipped values."""
        assert self._rows is not None
        self.network.eval()
        sse = 0.0
        for part in rows.split(1024):
            batch = self._rows(part)
            sse += float((self.network(batch) - batch).square().sum(dtype=torch.float32))
        return (sse / (len(rows) * self.values.shape[1])) ** 0.5

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the network's state dict."""
        return {name: tensor.clone() for name, tensor in self.network.state_dict().items()}

    def take_snapshot(self, best: dict[str, Tensor], state: dict[str, Any]) -> Snapshot:
        """Return a copy of all that changes, on the CPU; see `snapshots.take_snapshot`."""
        state = {**state, "precision": self.precision, "scaler": self._scaler.state_dict()}
        return take_snapshot(self.network, self._optimizer, self.generator, best, state)

    def restore(self, snapshot: Snapshot) -> dict[str, Tensor]:
        """Take on a snapshot, but for device and precision, which stay; return the best weights."""
        network, best = self.network, self.network.state_dict()
        best = put_back(snapshot, network, self._optimizer, self.generator, best)
        if self._scaler.is_enabled() and snapshot.state["scaler"]:
            self._scaler.load_state_dict(snapshot.state["scaler"])
        return {name: tensor.to(self.device) for name, tensor in best.items()}

    def free(self) -> None:
        """Bring the network back to the CPU and give up all other memory."""
        del self._rows, self._optimizer, self._scaler
        self.network.zero_grad()
        if self.device != "cpu":
            self.network.to("cpu")
            empty_cache()


def optimizer_for(
    network: nn.Module, learning_rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return Adam with the gradient of the weights' mean squares added to that of the error.

    That is Adam's own weight decay, d(c mean(w^2))/dw = 2 c w / size, one group a matrix: no
    pass over the weights of its own.
    """
    groups = [
        {
            "params": [weights],
            "weight_decay": 2 * weight_decay / weights.numel() if weights.ndim == 2 else 0,
        }
        for weights in network.parameters()
    ]
    return torch.optim.Adam(groups, lr=learning_rate, fused=True)


@contextmanager
def drawing_from(generator: torch.Generator, device: str) -> Iterator[None]:
    """Let dropout draw numbers that follow from `generator`; global random state is put back."""
    seed = int(torch.randint(2**62, (), generator=generator))
    device_module = None if _kind(device) == "cpu" else torch.get_device_module(_kind(device))
    before = torch.get_rng_state()
    before_there = device_module.get_rng_state() if device_module else None
    try:
        torch.default_generator.manual_seed(seed)
        if device_module:
            device_module.manual_seed(seed)
        yield
    finally:
        torch.set_rng_state(before)
        if device_module:
            device_module.set_rng_state(before_there)


def _resolved(precision: str, device: str) -> str:
    if precision != "auto":
        return precision
    if _kind(device) != "cuda":
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def _kind(device: str) -> str:
    return device.split(":")[0]
