"""Standard output and error, which may be closed, full, or unable to write a name."""

import os
import sys
from contextlib import suppress
from typing import Any


def make_safe() -> None:
    r"""See to it that writing to the standard streams ends no work.

    What a stream's encoding lacks is written as an escape (``\xe4``). A stream that was closed
    leads nowhere; its number is taken, or a file of results would get it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream: Any = getattr(sys, name)
        if stream is None:
            with suppress(OSError):
                os.fstat(number)
                continue
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(number, mode, errors="backslashreplace"))
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    output: Any = sys.stdout
    own = output is sys.__stdout__
    if own:  # what cannot be written is kept back, for `output_problem` to find
        output.reconfigure(write_through=False)


def say(text: str, end: str = "\n") -> None:
    """Write to standard error; where that cannot be, nothing is said any more."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except (OSError, ValueError):  # ValueError: it was closed
        _forget(sys.stderr)


def output_problem() -> OSError | None:
    """Return why standard output could not be written, if so; it then leads nowhere."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _forget(sys.stdout)
        return error
    return None


def _forget(stream: Any) -> None:
    """Send what is not written yet nowhere: Python would try again at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
