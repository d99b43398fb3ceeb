"""Which device computes, and why that one."""

from dataclasses import dataclass

from .errors import UserError
from .warned import quietly

DEVICES = ("auto", "cuda", "mps", "cpu")


@dataclass(frozen=True)
class Device:
    """A device to compute on."""

    name: str
    """``"cuda"``, ``"mps"`` or ``"cpu"``, as PyTorch calls it."""
    reason: str
    """One sentence for people: what it is and why it was taken."""
    fallback: bool = False
    """Another device was asked for and is not there."""


def resolve_device(wanted: str | None = "auto") -> Device:
    """Choose the device: CUDA, then MPS, then CPU, or the one that is asked for.

    A device that is asked for but absent gives the CPU, and the reason says so.

    Parameters
    ----------
    wanted : {"auto", "cuda", "mps", "cpu"} or None
        None means ``"auto"``.

    Raises
    ------
    UserError
        For any other name.
    """
    wanted = wanted or "auto"
    if wanted not in DEVICES:
        raise UserError(f"There is no device {wanted!r}; choose one of {', '.join(DEVICES)}")
    if wanted == "cpu":
        return Device("cpu", "CPU: chosen in the settings")
    missing = {}
    for name, found in (("cuda", _cuda), ("mps", _mps)):
        if wanted in ("auto", name):
            there, words = found()
            if there:
                return Device(name, words)
            missing[name] = words
    if wanted == "auto":
        return Device("cpu", f"CPU: {missing['cuda']}")
    return Device("cpu", f"CPU, though {wanted.upper()} was asked for: {missing[wanted]}", True)


def _cuda() -> tuple[bool, str]:
    import torch

    if torch.version.cuda is None:
        return False, (
            "this PyTorch was built without CUDA; to use an NVIDIA GPU install a CUDA build "
            "as https://pytorch.org/get-started shows"
        )
    with quietly():  # an old driver warns instead of saying no
        there = torch.cuda.is_available()
    if not there:
        return False, "PyTorch finds no usable NVIDIA GPU; check the driver with nvidia-smi"
    return True, f"CUDA: {torch.cuda.get_device_name()}"


def _mps() -> tuple[bool, str]:
    import torch

    if torch.backends.mps.is_available():
        return True, "MPS: the GPU of this Mac"
    return False, "MPS needs a Mac with an Apple GPU and a PyTorch built for it"
