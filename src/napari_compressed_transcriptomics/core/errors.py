"""The one exception that means: the user's input or setting is at fault."""

LONGEST_MESSAGE = 500
_LONGEST_NAME = 60


class UserError(ValueError):
    r"""Bad input or setting, told in one sentence that says what to do.

    The message names the file, row, gene or setting. The command line prints it and
    exits with code 2; the window shows it as a notification. Anything else that is
    raised is a bug.

    Names come from files, so they may hold anything: what is not printable is shown as an
    escape (``\x1b``), and the middle of a message of more than `LONGEST_MESSAGE` characters
    is left out.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(shortened(printable(str(message)), LONGEST_MESSAGE))


def listing(names: object, most: int = 5) -> str:
    """Join names for a message, naming at most `most` and counting the rest.

    Parameters
    ----------
    names : iterable
        Things to list; each is shown as ``str``, long ones without their middle.
    most : int
        How many to name.

    Examples
    --------
    >>> listing(["A", "B", "C"], most=2)
    'A, B and 1 more'
    """
    items = list(names)  # type: ignore[call-overload]
    shown = ", ".join(shortened(str(name), _LONGEST_NAME) for name in items[:most])
    rest = len(items) - most
    return f"{shown} and {rest} more" if rest > 0 else shown


def shortened(text: str, longest: int) -> str:
    """Return a text of at most `longest` characters: where it is longer, without its middle."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[: longest - 1 - half]}…{text[len(text) - half :]}"


def printable(text: str) -> str:
    r"""Return a text in one line, what cannot be printed in it as an escape such as ``\x1b``."""
    if text.isprintable():
        return text
    text = " ".join(text.splitlines())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def first_line(error: BaseException) -> str:
    """Return the first line of what an exception of a library says, or its name."""
    return (str(error).splitlines() or [type(error).__name__])[0]
