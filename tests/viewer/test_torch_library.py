"""PyTorch's library is there before PyTorch is imported, which would stop the window for it."""

import subprocess
import sys
from pathlib import Path

import pytest

MAPS = Path("/proc/self/maps")
LOOKS = """
import builtins, sys
from pathlib import Path
from napari_compressed_transcriptomics.widgets.shared import device_choice

def look(name, *more):
    if name == "torch":
        print("libtorch_cpu" in Path("/proc/self/maps").read_text(), "torch" in sys.modules)
        raise ImportError
    return original(name, *more)

original, builtins.__import__ = builtins.__import__, look
device_choice._reason("auto")
"""


@pytest.mark.skipif(not MAPS.exists(), reason="nothing tells what is loaded")
def test_it_is_loaded_before_the_import():
    told = subprocess.run(
        [sys.executable, "-c", LOOKS], capture_output=True, text=True, check=False
    )
    assert told.stdout.split() == ["True", "False"], told.stderr
