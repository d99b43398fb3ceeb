"""All that changes in training, taken down and put back."""

from dataclasses import dataclass
from typing import Any

import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from .errors import UserError


@dataclass(frozen=True)
class Snapshot:
    """All that training needs to go on as if it had never stopped.

    Attributes
    ----------
    tensors : dict of str to Tensor
        On the CPU: weights, the best ones so far, the optimiser's state, the random state.
    state : dict
        JSON-safe: ``epoch`` and whatever else changes.
    """

    tensors: dict[str, Tensor]
    state: dict[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors whose name begins with `prefix`, without it."""
        found = self.tensors.items()
        return {k.removeprefix(prefix): t for k, t in found if k.startswith(prefix)}


def take_snapshot(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    best: dict[str, Tensor],
    state: dict[str, Any],
) -> Snapshot:
    """Return a copy of everything, on the CPU.

    Parameters
    ----------
    network, optimizer, generator
        What changes at each step.
    best : dict of str to Tensor
        The weights that were best so far.
    state : dict
        JSON-safe: ``epoch``, and whatever else changes.
    """
    moments = optimizer.state_dict()["state"]
    tensors = {
        **{f"network.{name}": tensor for name, tensor in network.state_dict().items()},
        **{f"optimizer.{i}.{name}": t for i in moments for name, t in moments[i].items()},
        **{f"best.{name}": tensor for name, tensor in best.items()},
        "random": generator.get_state(),
    }
    return Snapshot({name: t.detach().to("cpu", copy=True) for name, t in tensors.items()}, state)


def put_back(
    snapshot: Snapshot,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Set network, optimiser and generator to a snapshot; return the best weights, on the CPU.

    What is optimised lies on its device already, and the optimiser's settings stay.

    Raises
    ------
    UserError
        The snapshot is of a network with other layers, or not whole.
    """
    weights = snapshot.part("network.")
    if {name: t.shape for name, t in weights.items()} != {
        name: t.shape for name, t in network.state_dict().items()
    }:
        raise UserError("The checkpoint holds weights of another network; delete it to start anew")
    network.load_state_dict(weights)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in snapshot.part("optimizer.").items():
        index, key = name.split(".")
        moments.setdefault(int(index), {})[key] = tensor.clone()
    if len({frozenset(of_one) for of_one in moments.values()}) > 1:
        raise UserError("The checkpoint lacks tensors of the optimiser; delete it to start anew")
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    generator.set_state(snapshot.tensors["random"])
    return {name: tensor.clone() for name, tensor in snapshot.part("best.").items()}
