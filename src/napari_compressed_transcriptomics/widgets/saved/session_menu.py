"""Save session and open it: asking, reading in a thread, and telling what could not be brought."""

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_compressed_transcriptomics.io.files.files import SESSION, suffix
from napari_compressed_transcriptomics.viewer.window.notices import tell, user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.job import Job, run_job
from napari_compressed_transcriptomics.widgets.shared.session import session

from .session_read import check_session, read_session
from .session_record import save_session
from .session_show import show_session


def ask_and_save_session(viewer: Any) -> None:
    """Ask for a file and write the session there; results that were never saved go beside it."""
    from napari.utils.notifications import show_info

    name, _ = QFileDialog.getSaveFileName(
        None, "Save session", f"brain{SESSION[0]}", f"Sessions (*{SESSION[0]})"
    )
    if not name:
        return
    path = Path(name) if suffix(name, SESSION) else Path(f"{name}{SESSION[0]}")
    with user_errors_shown():
        notes = save_session(viewer, path)
        show_info("\n".join([f"Saved {path}", *notes]))


def ask_where(missing: list[Path]) -> Path | None:
    """Ask in which folder files of a session are now; None opens what there is without them."""
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    names = ", ".join(sorted({path.name for path in missing}))
    words = f"Not where it was: {names}. Locate the folder that holds it now, perhaps further down?"
    if QMessageBox.question(None, "Open session", words, yes | no, yes) != yes:
        return None
    folder = QFileDialog.getExistingDirectory(None, "Which folder holds what was moved?")
    return Path(folder) if folder else None


def open_session(viewer: Any, path: Path, look_in: Path | None = None) -> Job:
    """Open a session: what it names is read in a thread, then shown as it was.

    Where something was moved, a folder is asked for in which it is looked for, unless it is given.

    Raises
    ------
    UserError
        The file is none of ours, damaged, or of a newer version.
    """
    check_session(path)

    def show(found: Any) -> None:
        if found.places.missing and look_in is None:
            folder = ask_where(found.places.missing)
            if folder is not None:
                open_session(viewer, path, folder)
                return
        with user_errors_shown():
            tell(show_session(viewer, found))

    read = partial(read_session, path, look_in=look_in)
    return run_job(read, "Opening session", session(viewer), show)
