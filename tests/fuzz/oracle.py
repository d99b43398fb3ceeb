"""Whether an outcome is allowed.

That is one of: refused in a clear sentence; read as the valid file is; read with a note that is
about the change; or read otherwise where nobody could see it (`change.Change`). Everything else
is a fault: another exception, a difference without a word, too much time or memory.
"""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import LONGEST_MESSAGE, UserError
from napari_compressed_transcriptomics.io import sniff

from .change import Change
from .memory import bytes_read, peak, reset_peak
from .reading import Entries, Reading

SECONDS, BYTES = 2.0, 500e6
SNIFF_SECONDS, SNIFF_BYTES = 0.2, 1e6
# Notes on how a file is written tell of no difference in what was read.
_ON_FORM = ("is separated by", "is UTF-16", "decimal commas", "Positions are taken as")


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    name: str
    """One of "refused", "equal", "told" or "unseen", else a fault: "exception", "unclear",
    "silent", "wrong", "slow", "large", "sniff", "crash" or "hang"."""
    where: str = ""
    """Of an exception: its type and the place in our code."""
    said: str = ""
    """The change, and the message, traceback or differences."""

    @property
    def is_fault(self) -> bool:
        """Whether this must not be."""
        return self.name not in ("refused", "equal", "told", "unseen")


def judge(
    read: Callable[[], Reading], valid: Reading, change: Change, soft: frozenset[str]
) -> Outcome:
    """Read a changed file and say what came of it.

    Parameters
    ----------
    read : callable
    valid : Reading
        Of the file as it was.
    change : Change
    soft : frozenset of str
        Kinds of entries that this kind of file does not have to keep.
    """
    reset_peak()
    before, start = peak(), time.process_time()
    try:
        outcome = _compared(read(), valid, change, soft)
    except UserError as error:
        outcome = _refused(str(error), change)
    except Exception as error:  # whatever it is, it is what is looked for
        outcome = Outcome("exception", _place_of(error), traceback.format_exc())
    seconds, more = time.process_time() - start, peak() - before
    if not outcome.is_fault and seconds > SECONDS:
        outcome = Outcome("slow", said=f"{seconds:.1f} s, {outcome.name}: {outcome.said}")
    if not outcome.is_fault and more > BYTES:
        outcome = Outcome("large", said=f"{more / 1e6:.0f} MB, {outcome.name}: {outcome.said}")
    return Outcome(outcome.name, outcome.where, f"{change.said} -> {outcome.said}")


def judge_sniffing(path: Path) -> Outcome | None:
    """Return the fault of a glance at a file: it raises, lasts, or reads much of the file."""
    before, start = bytes_read(), time.process_time()
    try:
        sniff(path)
    except Exception as error:  # it must never raise
        return Outcome("sniff", _place_of(error), traceback.format_exc())
    seconds, n_bytes = time.process_time() - start, bytes_read() - before
    if seconds > SNIFF_SECONDS or n_bytes > SNIFF_BYTES:
        return Outcome("sniff", said=f"{seconds:.2f} s, {n_bytes / 1e6:.1f} MB")
    return None


def _refused(message: str, change: Change) -> Outcome:
    unclear = (
        not message.strip()
        or len(message) > LONGEST_MESSAGE
        or not message.isprintable()
        or "Traceback" in message
        or ("object at 0x" in message)
    )
    if unclear:
        return Outcome("unclear", said=repr(message[:600]))
    if change.must == "equal":
        return Outcome("wrong", said=f"refused, but it is right: {message}")
    return Outcome("refused", said=message)


def _compared(got: Reading, valid: Reading, change: Change, soft: frozenset[str]) -> Outcome:
    if change.must == "refuse":
        return Outcome("wrong", said="read, but it must be refused")
    lost, gained = differences(valid.entries, got.entries, soft)
    if not lost and not gained:
        return Outcome("equal")
    told = [note for note in got.notes if note not in valid.notes]
    if any(form not in note for note in told for form in _ON_FORM) and _is_on_content(told):
        return Outcome("told", said=told[0])
    if change.renames and _is_one_name(lost, gained):
        return Outcome("unseen", said="another name")
    if _is_declared(set(lost) | set(gained), change):
        return Outcome("unseen", said=f"{len(lost)} entries")
    differ = sorted(set(map(str, (*lost, *gained))))
    return Outcome("silent", said=f"{len(differ)} entries differ: {', '.join(differ[:3])[:300]}")


def _is_on_content(notes: list[str]) -> bool:
    return any(not any(form in note for form in _ON_FORM) for note in notes)


def differences(
    valid: Entries, got: Entries, soft: frozenset[str] = frozenset()
) -> tuple[Entries, Entries]:
    """Return the entries that are lost or changed, and those that are new or changed."""
    lost = {k: v for k, v in valid.items() if got.get(k, _NONE) != v and k[0] not in soft}
    gained = {k: v for k, v in got.items() if valid.get(k, _NONE) != v and k[0] not in soft}
    return lost, gained


_NONE = object()


def _is_declared(keys: set[tuple], change: Change) -> bool:
    if "*" in change.unseen:
        return True
    if len(keys) > change.most or any(key[0] not in change.unseen for key in keys):
        return False
    return not change.among or all(change.among & set(map(str, key)) for key in keys)


def _is_one_name(lost: Entries, gained: Entries) -> bool:
    """Whether one name became another, and nothing else differs."""
    old = _words(lost) - _words(gained)
    new = _words(gained) - _words(lost)
    if len(old) != 1 or len(new) != 1:
        return False
    become = {old.pop(): new.pop()}
    renamed = {
        tuple(become.get(word, word) for word in key): _renamed(value, become)
        for key, value in lost.items()
    }
    return renamed == gained


def _renamed(value: object, become: dict) -> object:
    return become.get(value, value) if isinstance(value, str) else value


def _words(entries: Entries) -> set:
    return {word for key in entries for word in key} | {
        value for value in entries.values() if isinstance(value, str)
    }


def _place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "napari_compressed_transcriptomics" in frame.filename]
    frame = (ours or frames)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
