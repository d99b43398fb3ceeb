"""The line that says on which device the work will run, and why."""

import os
from typing import Any

from qtpy.QtWidgets import QComboBox, QLabel


class DeviceLine(QLabel):
    """Says which device a choice leads to; finds out in a thread, since torch loads slowly.

    Parameters
    ----------
    choice : QComboBox
        Whose current data is ``auto``, ``cuda``, ``mps`` or ``cpu``.
    """

    def __init__(self, choice: QComboBox):
        super().__init__("Looking for a GPU…")
        self.setWordWrap(True)
        self._choice = choice
        choice.currentIndexChanged.connect(self._look)
        self._look()

    def _look(self, index: int = 0) -> None:
        from napari.qt.threading import create_worker

        from napari_compressed_transcriptomics.core.device import resolve_device

        # Read when torch is loaded, here: waiting threads should sleep, not fight the window.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        worker = create_worker(resolve_device, self._choice.currentData())
        worker.returned.connect(self._say)
        worker.start()

    def _say(self, device: Any) -> None:
        self.setText(device.reason)
