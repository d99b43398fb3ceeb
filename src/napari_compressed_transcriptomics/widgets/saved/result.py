"""A folder of results in the window: its layers, and all docks as on the day it was made."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.viewer.window.notices import tell
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from napari_compressed_transcriptomics.widgets.shared.session import session

from .originals import original_values, read_originals

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

READ_AT_ONCE = 2**28
"""Bytes of originals that are read as soon as a result is open; more are read when asked for."""


def open_saved_result(viewer: Any, folder: str | Path) -> "Reconstruction":
    """Open a folder of results in a viewer; see `open_result`.

    Its originals follow in a thread, if they are where they were and not large, or in a store.
    Where they are missing that is told.

    Raises
    ------
    UserError
        As `open_result`.
    """
    from napari_compressed_transcriptomics.io.writers.reopen.result import (
        open_result,
        parameters_in,
    )

    work = session(viewer).work
    places = [data.parcellation for data in work.data]
    places += [result.expression.parcellation for result in work.results]
    result = open_result(folder, places)
    work.saved(result, Path(folder).resolve())
    work.keep(result, parameters_in(folder))
    add_result(viewer, result, Outputs(), partial(_get_ready, result))
    bring_originals(viewer, result)
    return result


def _get_ready(result: "Reconstruction") -> None:
    """Import in a thread what makes networks: it takes seconds, and not at the first gene."""

    def work() -> None:
        with suppress(UserError):  # which is told where the codec is needed
            result.codec.tensors()

    Thread(target=work, name="importing", daemon=True).start()


def bring_originals(viewer: Any, result: "Reconstruction") -> None:
    """Read the originals of a result, if that takes little; say it where they are missing."""
    values = original_values(result)
    if values is None or values.at_hand:
        return
    if values.origin is None or not values.origin.found:
        tell([values.why])
    elif 4 * values.shape[0] * values.shape[1] <= READ_AT_ONCE or values.origin.is_store:
        read_originals(viewer, result)
