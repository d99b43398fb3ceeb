"""Checkpoints of training that is not finished: two files in turn, so that one is always whole."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.safetensors_file import (
    digest,
    read_safetensors,
    write_safetensors,
)

from .settings import OLD_RECIPES
from .snapshots import Snapshot

CHECKPOINT_VERSION = 2
SECONDS_BETWEEN_SNAPSHOTS = 10.0
TIME_FOR_SNAPSHOTS = 0.05
_SLOTS = ("checkpoint-A", "checkpoint-B")


class Checkpoints:
    """The checkpoint files of one training, ``NAME.checkpoint-A`` and ``-B``.

    Written in turn and each replaced at once: whatever is interrupted, one of them is whole.
    They are safetensors with a SHA-256; loading one executes nothing.

    Parameters
    ----------
    path : Path
        Of the model that will be saved; the files lie beside it.
    about : dict of str to JSON-safe
        What is trained and how (hashes of data and genes, settings). Training that differs in
        any of it does not resume.
    resume : bool
        Go on from the newest file that is whole.
    device : str
        Where the training computes.

    Attributes
    ----------
    found : Snapshot or None
        Where to go on from.
    note : str
        What the user should know about that, or empty.
    threads : int or None
        How many PyTorch computed with there, where that differs from now. Sums depend on it: only
        with as many does training go on as if it had never stopped.

    Raises
    ------
    UserError
        If there is nothing to resume or it is of another training (naming what differs); if
        there is something and `resume` is False, as starting anew would overwrite it.
    """

    def __init__(
        self, path: str | Path, about: dict[str, Any], resume: bool = False, device: str = "cpu"
    ) -> None:
        self.path = Path(path)
        self.about = json.loads(json.dumps(about))
        self.found: Snapshot | None = None
        self.note = ""
        self.threads: int | None = None
        self._made = circumstances(device)
        self._next = 0
        names = " and ".join(file.name for file in checkpoint_files(path)) or "no file"
        if not resume:
            if checkpoint_files(path):
                raise UserError(
                    f"{self.path.name} has unfinished training next to it; resume it (--resume), "
                    f"or delete {names} to start over"
                )
            return
        if not checkpoint_files(path):
            raise UserError(
                f"{self.path.name} has no checkpoint to resume; train it from the start"
            )
        self._find(names)

    def _find(self, names: str) -> None:
        damaged, notes = [], []
        newest = -1
        made: dict[str, Any] = {}
        for slot, file in enumerate(_files(self.path)):
            if not file.exists():
                continue
            try:
                about, here, snapshot = _read(file)
            except UserError as error:
                damaged.append(str(error).split(";")[0])
                self._next = slot
                continue
            differs = _differences(about, self.about)
            if differs:
                raise UserError(
                    f"{file.name} is of other training: {differs}; train with the same again, or "
                    f"delete {names} to start over"
                )
            if snapshot.state["epoch"] > newest:
                newest, self.found, made = snapshot.state["epoch"], snapshot, here
                if not damaged:
                    self._next = 1 - slot
        if self.found is None:
            raise UserError(f"{damaged[0]}; there is no other, delete {names} to start over")
        if damaged:
            notes.append(f"{damaged[0]}; went on from epoch {newest} in the one before it")
        self.note = "; ".join([*notes, *self._go_on_as(made)])

    def _go_on_as(self, then: dict[str, Any]) -> Iterator[str]:
        """Take the number of threads from then; yield that, and what cannot be as it was."""
        now, then = self._made, self._made | then
        self._made = now | {"threads": then["threads"]}
        if then["threads"] != now["threads"]:
            self.threads = then["threads"]
            yield f"goes on with {self.threads} threads, as it began, not with {now['threads']}"
        if differs := _differences(then, self._made):
            yield f"losses may differ in their last digits from what they would be ({differs})"

    def save(self, snapshot: Snapshot) -> None:
        """Write a snapshot in place of the older file.

        Raises
        ------
        UserError
            If it cannot be written; what was there before is kept.
        """
        file = _files(self.path)[self._next]
        unfinished = _unfinished(file)
        tensors = {name: t.contiguous().numpy() for name, t in snapshot.tensors.items()}
        metadata = {
            "checkpoint_version": str(CHECKPOINT_VERSION),
            "about": json.dumps(self.about),
            "made": json.dumps(self._made),
            "state": json.dumps(snapshot.state),
        }
        metadata["sha256"] = digest(metadata, tensors)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_safetensors(unfinished, metadata, tensors)
            with open(unfinished, "r+b") as written:
                os.fsync(written.fileno())
            os.replace(unfinished, file)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise UserError(
                f"{file} could not be written ({error}); make room or choose another place"
            ) from None
        self._next = 1 - self._next


class SnapshotClock:
    """Has snapshots taken from time to time, and written where there are checkpoint files.

    That is every `SECONDS_BETWEEN_SNAPSHOTS`, or less often where it would take more than
    `TIME_FOR_SNAPSHOTS` of the time.

    Parameters
    ----------
    checkpoints : Checkpoints or None
        Where to write.
    """

    def __init__(self, checkpoints: Checkpoints | None) -> None:
        self.checkpoints = checkpoints
        self._taken, self._pause = time.monotonic(), SECONDS_BETWEEN_SNAPSHOTS

    def tick(self, take: Callable[[], Snapshot]) -> tuple[Snapshot | None, str]:
        """Return the snapshot taken, if it was time, and what the user should know."""
        begun, message = time.monotonic(), ""
        if begun - self._taken < self._pause:
            return None, message
        snapshot = take()
        if self.checkpoints is not None:
            try:
                self.checkpoints.save(snapshot)
            except UserError as error:
                message = f"No checkpoint: {error}"
        self._taken = time.monotonic()
        self._pause = max(SECONDS_BETWEEN_SNAPSHOTS, (self._taken - begun) / TIME_FOR_SNAPSHOTS)
        return snapshot, message


def checkpoint_files(path: str | Path) -> list[Path]:
    """Return the checkpoint files that there are beside the model `path`."""
    return [file for file in _files(Path(path)) if file.exists()]


def remove_checkpoints(path: str | Path) -> None:
    """Remove the checkpoint files beside `path`: for when the model itself is saved."""
    for file in _files(Path(path)):
        file.unlink(missing_ok=True)
        _unfinished(file).unlink(missing_ok=True)


def _files(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}.{slot}") for slot in _SLOTS]


def _unfinished(file: Path) -> Path:
    """Where a file is written first; always the same, so that killed ones leave no pile."""
    return file.with_name(f"{file.name}.unfinished")


def circumstances(device: str) -> dict[str, Any]:
    """Return what beside data and settings decides the last digits of a loss, JSON-safe."""
    import torch

    return {
        "threads": torch.get_num_threads(),
        "PyTorch": torch.__version__,
        "device": device,
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


@contextmanager
def threads_of(checkpoints: Checkpoints | None) -> Iterator[None]:
    """Compute with as many threads as the training that is gone on with, and then as before."""
    import torch

    before = torch.get_num_threads()
    if checkpoints is not None and checkpoints.threads:
        torch.set_num_threads(checkpoints.threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _read(file: Path) -> tuple[dict[str, Any], dict[str, Any], Snapshot]:
    """Return what is trained, in what circumstances, and how far it has come."""
    import torch

    metadata, arrays = read_safetensors(file)
    if metadata.get("checkpoint_version") != str(CHECKPOINT_VERSION):
        raise UserError(f"{file.name} is not a checkpoint of this version of the program")
    if metadata.get("sha256") != digest(metadata, arrays):
        raise UserError(f"{file.name} is damaged (its SHA-256 differs)")
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    try:
        about, state = (json.loads(metadata[key]) for key in ("about", "state"))
        made = json.loads(metadata.get("made", "{}"))  # early ones do not tell
    except (KeyError, ValueError, RecursionError):
        about = state = made = None
    records = all(isinstance(record, dict) for record in (about, state, made))
    if not records or not (
        _is_whole(state.get("epoch"), 0, 2**31) and _is_whole(made.get("threads", 1), 1, 2**15)
    ):
        raise UserError(f"{file.name} does not say what is trained, and how far")
    if isinstance(recipe := about.get("recipe"), str):
        about["recipe"] = OLD_RECIPES.get(recipe, recipe)
    return about, made, Snapshot(tensors, state)


def _is_whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _differences(then: dict[str, Any], now: dict[str, Any]) -> str:
    """Return in words what differs, or nothing; of hashes only that they do."""
    words = []
    for name in (*now, *(name for name in then if name not in now)):
        before, after = then.get(name), now.get(name)
        if before == after:
            continue
        hashes = isinstance(before, str) and len(before) == 64
        words.append(f"other {name}" if hashes else f"{name} {before}, now {after}")
    return ", ".join(words)
