"""Work in threads, and the end of the process."""

import subprocess
import sys

_LEAVES = """
import time
from qtpy.QtCore import QCoreApplication
from napari_compressed_transcriptomics.viewer.window.worker import Worker

app = QCoreApplication([])

def work():
    time.sleep(0.5)
    print("done", flush=True)

Worker(work).start()
"""


def test_the_process_waits_for_work_that_runs():
    """A thread that goes on while Python ends may crash it."""
    done = subprocess.run([sys.executable, "-c", _LEAVES], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
