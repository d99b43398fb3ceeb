"""PyTorch's large library, loaded while the window answers.

An import holds Python's lock as long as the system loads what it needs: for the 400 MB of PyTorch's
that is 0.15 s on a fast disk. A function of C that is called through `ctypes` does not hold it.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def load_torch_library() -> None:
    """Load it in a thread, before that imports torch, which then finds it there.

    Where it is not found, or not loaded, the import does all, or says what is wrong.
    """
    spec = None if "torch" in sys.modules else find_spec("torch")
    if spec is None or spec.origin is None or not hasattr(os, "RTLD_NOW"):  # as on Windows
        return
    load = ctypes.CDLL(None).dlopen
    load.restype, load.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    for library in Path(spec.origin).parent.glob("lib/libtorch.*"):
        load(bytes(library), os.RTLD_NOW)
