"""Two copies of LLVM in one process, Mesa's and Triton's, of which the second ends it.

Mesa, which draws windows on Linux without NVIDIA's driver, makes the functions of its LLVM known to
all that is loaded after it. Triton, which PyTorch's builds for CUDA import with the first
optimiser, then calls those instead of its own, and the process ends (as with another LLVM in
https://github.com/tensorflow/tensorflow/issues/124205). It serves `torch.compile` only, which
nothing here uses.
"""

import sys
from pathlib import Path

MAPS = Path("/proc/self/maps")
"""What is loaded, where there is Linux."""


def leave_out_triton() -> None:
    """Let PyTorch find no Triton where Mesa's LLVM is loaded; call this before it computes."""
    if "triton" not in sys.modules and MAPS.exists() and "libLLVM" in MAPS.read_text():
        sys.modules["triton"] = None  # type: ignore[assignment]  # to import it is an ImportError
