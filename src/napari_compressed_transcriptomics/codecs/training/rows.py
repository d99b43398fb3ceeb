"""Rows of expression on the device that trains on them."""

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor  # noqa: TID253

from napari_compressed_transcriptomics.core.row_chunks import block_rows, feed


class DeviceRows:
    """Gives any rows of a matrix as float32 on a device, clipped.

    On a GPU the whole matrix lies there if it takes at most half of the memory that is free
    (the rest is for network and optimiser); otherwise each batch is sent when it is asked for,
    from pinned memory, while the GPU still works on the one before.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
        Only ever read.
    clip : (float, float)
        Limits of the values.
    device : str
        Where the rows are wanted.
    may_reside : bool
        False to have each batch sent in any case.
    """

    def __init__(
        self, values: np.ndarray, clip: tuple[float, float], device: str, may_reside: bool = True
    ) -> None:
        self.values, self.clip, self.device = values, clip, device
        self.resident: Tensor | None = None
        if may_reside and 4 * values.size <= free_bytes(device) // 2:
            self.resident = torch.empty(values.shape, device=device)
            rows = block_rows(*values.shape)
            for first, last, block in feed(values, 0, rows, device):
                torch.clamp(block, *clip, out=self.resident[first:last])

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the rows of these numbers (on the CPU), a copy."""
        if self.resident is not None:
            return self.resident[rows.to(self.device)]
        batch = torch.from_numpy(np.asarray(self.values[rows.numpy()], np.float32)).clamp_(
            *self.clip
        )
        if self.device.startswith("cuda"):
            return batch.pin_memory().to(self.device, non_blocking=True)
        return batch.to(self.device)


def free_bytes(device: str) -> int:
    """Return the memory free on a GPU now; 0 for the CPU, where data need not be moved."""
    if device.startswith("cuda"):
        kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return torch.cuda.mem_get_info()[0] + kept
    if device == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return 0


def empty_cache() -> None:
    """Give memory that PyTorch keeps for later back to the GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
