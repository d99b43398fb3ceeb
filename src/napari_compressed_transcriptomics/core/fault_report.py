"""What is kept of an unexpected fault: a file to send to the authors, as the screen shows a line.

Only the standard library is needed: it must work where memory is short or an import failed.
"""

import os
import platform
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

MAX_REPORTS = 20
_NAME = "napari-compressed-transcriptomics"
_OF_INTEREST = (_NAME, "napari", "numpy", "pandas", "scikit-learn", "scipy", "torch", "anndata")


def write_report(error: BaseException, about: dict[str, object]) -> Path | None:
    """Write a report of an error that is no `UserError`; return its path.

    It lies in the user's log folder or, where that cannot be written, in the temporary folder,
    can be read by its owner alone, and replaces the oldest once there are `MAX_REPORTS`.

    Parameters
    ----------
    error : BaseException
        With its traceback.
    about : dict
        What was being done ("arguments", "job"), each shown in a line.

    Returns
    -------
    Path or None
        None where no report could be written anywhere. Nothing is ever raised.
    """
    # What goes wrong here must not hide the fault that is to be told.
    with suppress(Exception):
        text = _text(error, about)
        for folder in _folders():
            with suppress(OSError):
                return _write(folder, text)
    return None


def _text(error: BaseException, about: dict[str, object]) -> str:
    lines = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: _version(name) for name in _OF_INTEREST},
        **about,
    }
    head = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return f"{head}\n{''.join(traceback.format_exception(error))}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _folders() -> Iterator[Path]:
    from platformdirs import user_log_path

    yield user_log_path(_NAME, appauthor=False)
    yield Path(tempfile.gettempdir())  # not asked for earlier: it fails where none is writable


def _write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    prefix, suffix = f"{_NAME}-fault-", ".txt"
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f-")  # so that names are in order of time
    descriptor, name = tempfile.mkstemp(suffix, prefix + moment, folder)  # for the owner alone
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        path.unlink()
        raise
    for old in sorted(folder.glob(f"{prefix}*{suffix}"))[:-MAX_REPORTS]:
        with suppress(OSError):
            old.unlink()
    return path
