"""Products of float32 matrices without gradients, on a CPU by NumPy's library.

PyTorch's own there (MKL) uses half the width of the vector units of AMD's processors: 185,682 x
18,686 values times 128 columns took 9.0 s of a core, and 4.6 s with NumPy's (OpenBLAS).
Where little is multiplied PyTorch stays, so that small models give the same latents to the bit.
"""

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor  # noqa: TID253

MANY = 2**14
"""Values of the right matrix: rows of the left one must not depend on how many they are."""


def matmul(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """Return ``left @ right``, in `out` if it is given; of stacks, too; see `torch.matmul`."""
    if not _by_numpy(left, right):
        return torch.matmul(left, right, out=out)
    left, right = left.detach(), right.detach()
    with np.errstate(all="ignore"):  # PyTorch does not warn of what is too large
        if out is None:
            return torch.from_numpy(np.matmul(left.numpy(), right.numpy()))
        np.matmul(left.numpy(), right.numpy(), out=out.numpy())
        return out


def addmm(bias: Tensor, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """Return ``bias + left @ right``, in `out`, which is not `bias`; of stacks, too.

    See `torch.addmm` and `torch.baddbmm`.
    """
    if not _by_numpy(left, right):
        torchs = torch.addmm if right.ndim == 2 else torch.baddbmm
        return torchs(bias, left, right, out=out)
    return matmul(left, right, out).add_(bias)


def _by_numpy(left: Tensor, right: Tensor) -> bool:
    learning = torch.is_grad_enabled() and (left.requires_grad or right.requires_grad)
    return right.device.type == "cpu" and not learning and right.shape[-2] * right.shape[-1] >= MANY
