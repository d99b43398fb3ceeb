"""What was saved, opened in the window: results, comparisons, predictions, models, sessions."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.codecs.registry import short_title
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import sniff
from napari_compressed_transcriptomics.io.writers.reopen.studies import (
    open_comparison,
    open_prediction,
)
from napari_compressed_transcriptomics.widgets.shared.dock import open_dock
from napari_compressed_transcriptomics.widgets.shared.session import session

from .result import open_saved_result
from .session_menu import open_session


def open_saved(viewer: Any, path: Path) -> None:
    """Open a folder or file that `sniff` knows as one of these; a `UserError` says what is wrong.

    A dock that shows it comes to the front.
    """
    openers: dict[str | None, Callable[[Any, Path], Any]] = {
        "result": open_saved_result,
        "comparison": partial(_open_study, "comparison", open_comparison, "Compare methods"),
        "prediction": partial(_open_study, "prediction", open_prediction, "Predict maps"),
        "model": _offer_model,
        "session": open_session,
    }
    opener = openers.get(sniff(path))
    if opener is None:
        raise UserError(f"{path} holds nothing that this program saved; choose another")
    opener(viewer, path)


def _open_study(kind: str, read: Callable[[Path], Any], dock: str, viewer: Any, path: Path) -> None:
    work = session(viewer).work
    work.keep_study(kind, read(path), path)
    work.study_opened.emit()
    open_dock(viewer, dock)


def _offer_model(viewer: Any, path: Path) -> None:
    """Choose a model in Compress, once it is known to be one."""
    from napari.utils.notifications import show_info

    from napari_compressed_transcriptomics.codecs.models.model_file import load_model

    codec = load_model(path)
    dock = open_dock(viewer, "Compress")
    if dock is None:
        raise UserError(f"{path.name} is a model; open expression and choose it in Compress")
    dock.choose_model(path)
    words = f"{short_title(codec.id)}, k = {codec.latent_size}, {len(codec.genes):,} genes"
    show_info(f"{path.name} ({words}) is chosen in Compress")
