"""Save session and open it: asking, reading in a thread, and telling what could not be brought."""

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.io.files.files import SESSION, suffix
from napari_compressed_transcriptomics.viewer.notices import report, tell, user_errors_shown
from napari_compressed_transcriptomics.widgets.shared.job import Job
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


def open_session(viewer: Any, path: Path) -> Job:
    """Open a session: what it names is read in a thread, then shown as it was.

    Raises
    ------
    UserError
        The file is none of ours, damaged, or of a newer version.
    """
    check_session(path)
    job = Job(partial(read_session, path), "Opening session", parent=session(viewer))

    def show(found: Any) -> None:
        with user_errors_shown():
            tell(show_session(viewer, found))

    job.succeeded.connect(show)
    job.failed.connect(partial(report, doing="Opening session"))
    for ended in (job.succeeded, job.failed, job.cancelled):
        ended.connect(job.deleteLater)
    job.start()
    return job
