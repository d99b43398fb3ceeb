"""What the window tells the user: notes, and errors of theirs as one sentence."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from napari_compressed_transcriptomics.core.errors import (
    LONGEST_MESSAGE,
    UserError,
    printable,
    shortened,
)
from napari_compressed_transcriptomics.core.installation import import_problem


def tell(notes: Iterable[str]) -> None:
    """Show notes, if any, as one notification."""
    from napari.utils.notifications import show_warning

    if text := "\n".join(notes):
        show_warning(text)


@contextmanager
def user_errors_shown() -> Iterator[None]:
    """Show what users can mend as a notification, without a traceback, and go on.

    That is a `UserError` from the body, and a library that cannot be imported.
    """
    try:
        yield
    except Exception as error:
        if _mendable(error) is None:
            raise
        report(error)


def report(error: BaseException, doing: str = "") -> None:
    """Show an error in one notification: a sentence where users can mend it, else its traceback.

    The traceback of a bug stands behind a button, and in a file that the notification names.

    Parameters
    ----------
    error : BaseException
    doing : str
        What was being done ("Compress"), for that file.
    """
    from napari.utils.notifications import ErrorNotification, notification_manager, show_error

    from napari_compressed_transcriptomics.core.fault_report import write_report

    if (mendable := _mendable(error)) is not None:
        show_error(mendable)
        return
    path = write_report(error, {"window": doing})
    notification = ErrorNotification(error)
    written = f"\nThe full report is in {path}" if path is not None else ""
    notification.message = f"{sentence(error)}{written}"
    notification_manager.dispatch(notification)


def sentence(error: BaseException) -> str:
    """Return an error in one line: what users can mend as it is, another with its kind."""
    if (mendable := _mendable(error)) is not None:
        return mendable
    return shortened(printable(f"{type(error).__name__}: {error}".strip(" :")), LONGEST_MESSAGE)


def _mendable(error: BaseException) -> str | None:
    """Return the sentence on an error of the user's, or of their installation; else None."""
    return str(error) if isinstance(error, UserError) else import_problem(error)
