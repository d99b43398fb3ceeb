"""The comparison and the prediction of a session, each by the folder where it lies."""

from collections.abc import Callable
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.writers.comparison import save_comparison
from napari_compressed_transcriptomics.io.writers.prediction import save_prediction
from napari_compressed_transcriptomics.io.writers.reopen.studies import (
    open_comparison,
    open_prediction,
)

from .session_places import Places

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.widgets.shared.work import Work

KINDS = ("comparison", "prediction")
_SAVERS: dict[str, Callable[[Any, Path], Any]] = {
    "comparison": save_comparison,
    "prediction": save_prediction,
}
_OPENERS: dict[str, Callable[[Path], Any]] = {
    "comparison": open_comparison,
    "prediction": open_prediction,
}


def save_studies(work: "Work", beside: Path) -> tuple[dict[str, Any], list[str]]:
    """Return where comparison and prediction lie, and what the user should know.

    One that was never saved is saved in a folder of its own in `beside`.
    """
    record, notes = {}, []
    for kind in KINDS:
        study = getattr(work, kind)
        if study is None or not study.scores:
            continue
        folder = work.studies_in.get(kind)
        if folder is None:
            folder = _free(beside / kind)
            _SAVERS[kind](study, folder)
            work.studies_in[kind] = folder.resolve()
            notes.append(f"The {kind}, which was not saved yet, is in {beside.name}, next to it")
        told = folder / f"{kind}.json"
        sha256 = file_sha256(told) if told.is_file() else ""
        record[kind] = {"path": str(folder.absolute()), "sha256": sha256}
    if work.latents:
        notes.append(
            "Of methods fitted to be seen beside each other only the maps are kept; to see more "
            "of their components, fit them again"
        )
    return record, notes


def _free(folder: Path) -> Path:
    """Return a folder that is not there yet: this one, or one with a number."""
    numbered = (folder.with_name(f"{folder.name}_{number}") for number in count(2))
    return next(path for path in chain([folder], numbered) if not path.exists())


def read_studies(record: Any, places: Places) -> tuple[dict[str, Any], list[str]]:
    """Return comparison and prediction by kind, with their folders, and what was not found.

    Parameters
    ----------
    record : dict
        As `save_studies` gives it.
    places : Places
        Tells where they are now.
    """
    found, notes = {}, []
    for kind in KINDS:
        entry = record.get(kind) if isinstance(record, dict) else None
        if not isinstance(entry, dict):
            continue
        sha256 = entry.get("sha256")
        folder = places.at(str(entry.get("path")), sha256, f"{kind}.json")
        try:
            found[kind] = (_OPENERS[kind](folder), folder)
        except UserError as error:
            notes.append(f"The {kind} is left out: {error}")
            continue
        if file_sha256(folder / f"{kind}.json") != sha256:
            notes.append(f"{folder} was saved again after the session")
    return found, notes
