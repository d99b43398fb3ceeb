"""Changes of PyTorch's files: damaged, odd, and such as run what they say."""

import io
import pickle
import zipfile
from pathlib import Path
from random import Random
from typing import Any

from .change import EVERYTHING, NOTHING, Change
from .mutate_raw import damaged

MARK = "A-PICKLE-RAN"
"""Name of the file that a hostile pickle would leave beside itself."""


class _Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.mark), "w"))


def _bytes(path: Path, rng: Random) -> Change:
    """Damage bytes: the zip file has a checksum, the older format has none."""
    data = path.read_bytes()
    changed, said = damaged(data, rng)
    path.write_bytes(changed)
    old = not data.startswith(b"PK")
    return Change(f"bytes: {said}", EVERYTHING if old else NOTHING)


def _tensor(path: Path, rng: Random) -> Change:
    import torch

    state = torch.load(path, weights_only=True)
    name = rng.choice(list(state))
    tensor = state[name]
    real = tensor.is_floating_point()
    said, state[name] = rng.choice(
        (
            ("sparse", tensor.to_sparse() if tensor.ndim else tensor),
            ("of 1e12 values in one", torch.zeros(1).expand(10**6, 10**6)),
            ("complex", torch.zeros(tuple(tensor.shape), dtype=torch.complex64)),
            ("bfloat16", tensor.bfloat16() if real else tensor),
            ("double", tensor.double() if real else tensor),
            ("without values", torch.empty(tuple(tensor.shape), device="meta")),
            ("text", "text"),
            ("of NaN", torch.full_like(tensor, float("nan")) if real else tensor),
            ("flat", tensor.reshape(-1)),
            ("a parameter", torch.nn.Parameter(tensor) if real else tensor),
            ("hostile", _Hostile(path.with_name(MARK))),
        )
    )
    _save(state, path, rng)
    return Change(f"{name} {said}", EVERYTHING, must="refuse" if said == "hostile" else "")


def _content(path: Path, rng: Random) -> Change:
    """Write something else than a dictionary of tensors."""
    import torch

    state = torch.load(path, weights_only=True)
    name, first = rng.choice(list(state)), "encoder.mlp.fc0.weight"
    said, content = rng.choice(
        (
            ("a list", list(state.values())),
            ("nested", {"state_dict": state}),
            ("numbered", dict(enumerate(state.values()))),
            ("a tensor", state[name]),
            ("nothing", None),
            ("an empty dictionary", {}),
            ("a flat first layer", {first: torch.zeros(3)}),
            ("a first layer without rows", {first: torch.zeros(0, 12)}),
            (f"without {name}", {key: t for key, t in state.items() if key != name}),
            ("one more", {**state, "more": torch.zeros(3)}),
            ("a module", torch.nn.Linear(2, 2)),
            ("hostile", _Hostile(path.with_name(MARK))),
        )
    )
    _save(content, path, rng)
    return Change(said, EVERYTHING, must="refuse" if said in ("a module", "hostile") else "")


def _plain_pickle(path: Path, rng: Random) -> Change:
    hostile = _Hostile(path.with_name(MARK))
    path.write_bytes(pickle.dumps(hostile, protocol=rng.choice((0, 2, 4))))
    return Change("a plain pickle, hostile", must="refuse")


def _bomb(path: Path, rng: Random) -> Change:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("archive/data.pkl"), bytes(5 << 20), zipfile.ZIP_DEFLATED)
    return Change("5 MB of zeros, packed", must="refuse")


def _save(content: Any, path: Path, rng: Random) -> None:
    import torch

    old = rng.random() < 0.3
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not old)
    path.write_bytes(file.getvalue())


MUTATORS = (*[_bytes] * 5, *[_tensor] * 3, *[_content] * 3, _plain_pickle, _bomb)
