"""Selected samples: the first that are shown do not make the window wait."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import numpy as np
from napari.components import ViewerModel
from numba.core import event
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.selection import prepare, show_selection
from phantom import make_phantom

prepare()
assert "pandas" in sys.modules
viewer, brain = ViewerModel(), make_phantom()
attach(viewer)
with event.install_recorder("numba:compile") as compiled:
    show_selection(viewer, brain.parcellation, np.ones(brain.n_samples, bool))
print(len(compiled.buffer))
"""


def test_what_is_prepared_is_not_compiled_again():
    pytest.importorskip("numba")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "0", done.stderr
