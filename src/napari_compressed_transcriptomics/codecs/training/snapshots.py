"""All that changes in training, taken down and put back."""

from dataclasses import dataclass
from typing import Any

import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from napari_compressed_transcriptomics.core.errors import UserError


@dataclass(frozen=True)
class Snapshot:
    """All that training needs to go on as if it had never stopped."""

    tensors: dict[str, Tensor]
    """On the CPU: weights, the best ones so far, the optimiser's state, the random state."""
    state: dict[str, Any]
    """JSON-safe: ``epoch`` and whatever else changes."""

    def values(self, kinds: dict[str, Any]) -> dict[str, Any]:
        """Return what `state` holds under some names, after a look at what it is.

        Parameters
        ----------
        kinds : dict of str to type
            A type a name, ``float`` for any number. A dict holds types by name, a list one type
            for all of any number of entries, a tuple one for each entry.

        Raises
        ------
        UserError
            If something is missing or of another kind.
        """
        if not _is({name: self.state.get(name) for name in kinds}, kinds):
            raise UserError(
                "The checkpoint does not say how far training has come; delete it to start over"
            )
        return {name: self.state[name] for name in kinds}

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
    best: dict[str, Tensor],
) -> dict[str, Tensor]:
    """Set network, optimiser and generator to a snapshot; return the best weights, on the CPU.

    What is optimised lies on its device already, and the optimiser's settings stay. All is checked
    first: the optimiser would write beyond tensors that are too small.

    Parameters
    ----------
    snapshot : Snapshot
    network, optimizer, generator
        What is set.
    best : dict of str to Tensor
        Weights of the names and shapes that the best ones have.

    Raises
    ------
    UserError
        The snapshot is of a network with other layers, or not whole.
    """
    weights, best_weights = snapshot.part("network."), snapshot.part("best.")
    if _shapes(weights) != _shapes(network.state_dict()) or _shapes(best_weights) != _shapes(best):
        raise UserError("The checkpoint holds weights of another network; delete it to start over")
    held = snapshot.part("optimizer.")
    optimised = [weights for group in optimizer.param_groups for weights in group["params"]]
    needed = {f"{i}.{name}": size for i, w in enumerate(optimised) for name, size in _moments(w)}
    if held and _shapes(held) != needed:
        raise UserError(
            "The checkpoint's optimiser lacks tensors or has others; delete it to start over"
        )
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in held.items():
        index, key = name.split(".")
        moments.setdefault(int(index), {})[key] = tensor.clone()
    state = snapshot.tensors.get("random", torch.empty(0))
    try:
        generator.set_state(state)
    except (TypeError, RuntimeError):
        raise UserError(
            "The checkpoint's random state is damaged; delete it to start over"
        ) from None
    network.load_state_dict(weights)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    return {name: tensor.clone() for name, tensor in best_weights.items()}


def _is(value: Any, kind: Any) -> bool:
    if isinstance(kind, dict):
        return (
            isinstance(value, dict)
            and value.keys() == kind.keys()
            and all(_is(value[name], of) for name, of in kind.items())
        )
    if isinstance(kind, list):
        return isinstance(value, list) and all(_is(one, kind[0]) for one in value)
    if isinstance(kind, tuple):
        whole = isinstance(value, list | tuple) and len(value) == len(kind)
        return whole and all(map(_is, value, kind))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind)


def _shapes(tensors: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _moments(weights: Tensor) -> tuple[tuple[str, torch.Size], ...]:
    """Return names and shapes of what Adam remembers of some weights."""
    return (("step", torch.Size()), ("exp_avg", weights.shape), ("exp_avg_sq", weights.shape))
