"""Which device computes: a list, and a line that says which it will be and why."""

import os
from functools import partial

from qtpy.QtWidgets import QLabel, QWidget

from napari_compressed_transcriptomics.core.installation import import_problem
from napari_compressed_transcriptomics.viewer.window.torch_library import load_torch_library

from .background import Background
from .fields import choice
from .layouts import stack

_DEVICES = {"auto": "Best available", "cuda": "NVIDIA GPU", "mps": "Apple GPU", "cpu": "CPU"}


class DeviceChoice(QWidget):
    """The list of devices, and a line on what a choice leads to.

    The list (`combo`) is to be placed in a form, the widget itself is the line. It finds out in
    a thread, since torch loads slowly.

    Parameters
    ----------
    device : str
        Chosen first: ``auto``, ``cuda``, ``mps`` or ``cpu``.
    """

    def __init__(self, device: str = "auto"):
        super().__init__()
        self.combo = choice(_DEVICES)
        self.combo.setCurrentIndex(self.combo.findData(device))
        self.line = QLabel("Looking for a GPU…")
        self.line.setWordWrap(True)
        stack(self, self.line, margins=0)
        self._background = Background(self)
        self._background.answered.connect(self.line.setText)
        self.combo.currentIndexChanged.connect(self._look)
        self._look()

    @property
    def device(self) -> str:
        """The device chosen."""
        return self.combo.currentData()

    def _look(self, index: int = 0) -> None:
        # Read when torch is loaded, here: waiting threads should sleep, not fight the window.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._background.ask(partial(_reason, self.device))


def _reason(wanted: str) -> str:
    """Return why a device was taken, or the sentence that says what is wrong with PyTorch."""
    from napari_compressed_transcriptomics.core.device import resolve_device

    load_torch_library()
    try:
        return resolve_device(wanted).reason
    except Exception as error:  # a broken library raises anything
        if (problem := import_problem(error)) is None:
            raise
        return problem
