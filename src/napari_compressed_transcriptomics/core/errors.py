"""The one exception that means: the user's input or setting is at fault."""


class UserError(ValueError):
    """Bad input or setting, told in one sentence that says what to do.

    The message names the file, row, gene or setting. The command line prints it and
    exits with code 2; the window shows it as a notification. Anything else that is
    raised is a bug.
    """


def listing(names: object, most: int = 5) -> str:
    """Join names for a message, naming at most `most` and counting the rest.

    Parameters
    ----------
    names : iterable
        Things to list; each is shown as ``str``.
    most : int
        How many to name.

    Examples
    --------
    >>> listing(["A", "B", "C"], most=2)
    'A, B and 1 more'
    """
    items = [str(name) for name in names]  # type: ignore[attr-defined]
    shown = ", ".join(items[:most])
    rest = len(items) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
