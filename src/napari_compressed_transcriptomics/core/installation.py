"""What must be installed, in sentences: libraries that are missing, broken, too old or unsafe."""

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType

from .errors import UserError, first_line

_OURS = __name__.partition(".")[0]
_PACKAGES = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn"}
"""What pip calls a module, where that is not its own name."""


def require(package: str, least: tuple[int, ...], purpose: str) -> None:
    """Raise a `UserError` where a package is older than it must be.

    Parameters
    ----------
    package : str
        As pip calls it.
    least : tuple of int
        The first version that will do.
    purpose : str
        What it is needed for ("Opening x.pt"), the subject of the sentence.
    """
    try:
        found = version(package)
    except PackageNotFoundError:
        found = ""
    if _numbers(found) < least:
        wanted = ".".join(map(str, least))
        has = f"{found} is installed" if found else "it is not installed"
        raise UserError(
            f"{purpose} needs {package} {wanted} or later, and {has}: run "
            f'pip install --upgrade "{package}>={wanted}", then restart'
        )


def import_problem(error: BaseException) -> str | None:
    """Return the sentence for an import that failed, of whatever kind the exception is.

    Broken libraries raise anything while they are imported: `ImportError`, `OSError` (libraries of
    the system), `AttributeError` (versions that do not fit each other).

    Parameters
    ----------
    error : BaseException
        With its traceback.

    Returns
    -------
    str or None
        None where it is something else, a failed import within this package included.
    """
    module = _being_imported(error.__traceback__)
    wanted = (getattr(error, "name", None) or "") if isinstance(error, ImportError) else ""
    wanted = wanted.partition(".")[0]
    if module is None and not _is_library(wanted):
        return None
    package = _PACKAGES.get(module or wanted, module or wanted)
    if module is None and isinstance(error, ModuleNotFoundError) and error.name == wanted:
        return f"{package} is not installed: run pip install {package}, then restart"
    return (
        f"{package} cannot be loaded ({first_line(error)}): run pip install --force-reinstall "
        f"{package}, then restart"
    )


def _being_imported(traceback: TracebackType | None) -> str | None:
    """Return the last library whose modules were being run when something was raised."""
    found = None
    while traceback is not None:
        frame = traceback.tb_frame
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if frame.f_code.co_name == "<module>" and _is_library(module):
            found = module
        traceback = traceback.tb_next
    return found


def _is_library(module: str) -> bool:
    return module not in {"", _OURS, "__main__", *sys.stdlib_module_names}


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers a version begins with: (2, 6, 0) of ``2.6.0+cpu`` or ``2.6.0rc1``."""
    begins = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, begins.group().split("."))) if begins else ()
