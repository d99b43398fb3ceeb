"""Two Qt bindings in one process, of which matplotlib would take another one than napari has."""

import sys

from qtpy import API_NAME

from napari_compressed_transcriptomics.core.errors import UserError

_ORDER = ("PyQt6", "PySide6", "PyQt5", "PySide2")
"""In which matplotlib looks for one that is loaded (`matplotlib.backends.qt_compat`)."""


def require_one_qt() -> None:
    """Raise a `UserError` where figures would be made by another Qt than the window's.

    Widgets of one binding in windows of another end the program without a word.
    """
    taken = next((name for name in _ORDER if f"{name}.QtCore" in sys.modules), API_NAME)
    if taken != API_NAME:
        raise UserError(
            f"napari runs on {API_NAME}, but {taken} is loaded, too, and figures would be made by "
            f"it: run pip uninstall {taken}, or set the environment variable QT_API to "
            f"{taken.lower()}, then restart napari"
        )
