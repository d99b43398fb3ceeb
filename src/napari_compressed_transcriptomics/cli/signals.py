"""Signals that end the work: as Ctrl-C does, so that nothing is left behind."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_OTHERS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_WORDS = "stopping, and saving the best so far; Ctrl-C again leaves at once"
_notes = {False: f"\nnote: {_WORDS}\n", True: f'{{"event": "note", "text": "{_WORDS}"}}\n'}
_json = False
SECONDS_TO_END = 5.0
"""Of threads, after an interrupt."""
_came: list[int] = []


def how_ended() -> tuple[int, str]:
    """Return the exit code after `KeyboardInterrupt`, 128 + the signal, and words for it."""
    number = _came[0] if _came else signal.SIGINT
    name = signal.Signals(number).name
    return 128 + number, "interrupted" if number == signal.SIGINT else f"ended by {name}"


def speak_json(wanted: bool) -> None:
    """Say what is said of signals as JSON, or as people read it."""
    global _json
    _json = wanted


@contextmanager
def all_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `KeyboardInterrupt`, unless they are ignored or taken."""
    _came.clear()
    with _handled(_interrupt, dict.fromkeys(_OTHERS, signal.SIG_DFL)):
        yield


@contextmanager
def first_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C was pressed; pressed again, it interrupts.

    The other signals that end the work count as Ctrl-C.
    """
    asked = threading.Event()

    def on_interrupt(number: int, frame: Any) -> None:
        if asked.is_set():
            _interrupt(number, frame)
        asked.set()
        _came.append(number)
        with suppress(OSError):  # not print: the handler may run in the middle of one
            os.write(2, _notes[_json].encode())

    theirs = dict.fromkeys(_OTHERS, _interrupt)
    with _handled(on_interrupt, {signal.SIGINT: signal.default_int_handler, **theirs}):
        yield asked.is_set


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals that end the work wait for the end of an import.

    Within PyTorch's import their exception may meet C++ code, which ends Python by SIGABRT.
    """
    came: list[int] = []
    theirs = dict.fromkeys(_OTHERS, _interrupt)
    usual = {signal.SIGINT: signal.default_int_handler, **theirs}
    with _handled(lambda number, frame: came.append(number), usual):
        yield
    if came:
        _interrupt(came[0], None)


def forget_interrupt() -> None:
    """Let Python end with the exit code that it is given.

    A `KeyboardInterrupt` that leaves code run from text (`exec` of a string, as dataclasses and
    named tuples use) makes Python end by SIGINT instead, even if it is caught further out:
    ``python -m`` looks at that after the exit code. Running any other text undoes it.
    """
    exec("")


def end_soon(code: int) -> None:
    """End the process at the latest in a moment, when all is said and put away.

    Python waits for its threads, and one that waits for a server may do so for minutes.
    """
    watch = threading.Timer(SECONDS_TO_END, os._exit, [code])
    watch.daemon = True
    watch.start()


def _interrupt(number: int, frame: Any) -> None:
    _came.append(number)
    raise KeyboardInterrupt


@contextmanager
def _handled(handler: Callable[[int, Any], None], instead_of: dict[int, Any]) -> Iterator[None]:
    """Handle those of some signals whose handler is the one given; others are somebody else's."""
    mine = {}
    if threading.current_thread() is threading.main_thread():  # no other may set handlers
        mine = {n: usual for n, usual in instead_of.items() if signal.getsignal(n) is usual}
    try:
        for number in mine:
            signal.signal(number, handler)
        yield
    finally:
        for number, usual in mine.items():
            signal.signal(number, usual)
