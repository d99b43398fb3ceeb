"""What the window tells the user: notes, and errors of theirs as one sentence."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .core.errors import UserError


def tell(notes: Iterable[str]) -> None:
    """Show notes, if any, as one notification."""
    from napari.utils.notifications import show_warning

    if text := "\n".join(notes):
        show_warning(text)


@contextmanager
def user_errors_shown() -> Iterator[None]:
    """Show a `UserError` from the body as a notification, without a traceback, and go on."""
    try:
        yield
    except UserError as error:
        report(error)


def report(error: Exception) -> None:
    """Show an error: a `UserError` as its sentence, a bug with its traceback behind a button."""
    from napari.utils.notifications import notification_manager, show_error

    if isinstance(error, UserError):
        show_error(str(error))
    else:
        notification_manager.receive_error(type(error), error, error.__traceback__)
