"""Which space of the brain data lie in: MNI152, and which one, another, or not known."""

import re
from typing import Any

from .errors import UserError

NLIN6 = "MNI152NLin6Asym"
NLIN2009C = "MNI152NLin2009cAsym"
MNI = "MNI152"
OTHER = "other"

SPACES = {
    NLIN6: "MNI152NLin6Asym (FSL, SPM12 from 2014)",
    NLIN2009C: "MNI152NLin2009cAsym (fMRIPrep, TemplateFlow)",
    MNI: "MNI152, version unknown",
    OTHER: "another space, or none",
}
"""Spaces by the name under which they are recorded, with words for people."""

KEY = "space"
"""Where `Expression.source`, sidecars and summaries have it; absent where it is not known."""

MNI_CODE = 4
"""Of ``sform_code`` and ``qform_code``: NIFTI_XFORM_MNI_152."""

# Names that files have after TemplateFlow, BIDS and common habit; the more exact ones first.
_NAMES = (
    (re.compile(r"NLin6|MNI6Asym", re.I), NLIN6),
    (re.compile(r"2009c", re.I), NLIN2009C),
    (re.compile(r"(?:space|tpl)-MNI", re.I), MNI),
    (re.compile(r"(?:space|tpl)-[a-z0-9]+", re.I), OTHER),
)


def space_in_name(name: str) -> str:
    """Return the space that a file's name tells, empty where it tells none.

    ``tpl-MNI152NLin2009cAsym``, ``space-MNI152NLin6Asym``, ``MNI6Asym`` and the like.
    """
    return next((space for pattern, space in _NAMES if pattern.search(name)), "")


def space_of(source: dict[str, Any]) -> str:
    """Return the space that an `Expression.source` or a sidecar records, empty if not known.

    A sidecar of ours has it in its own ``source``.
    """
    found = source.get(KEY)
    if found is None and isinstance(source.get("source"), dict):
        found = source["source"].get(KEY)
    return found if isinstance(found, str) and found in SPACES else ""


def is_mni(space: str) -> bool:
    """Whether a space is one of MNI152, so that its template lies right under the data."""
    return space in (NLIN6, NLIN2009C, MNI)


def record_space(source: dict[str, Any], space: str) -> None:
    """Record the space of data in their `Expression.source`, for all that share it.

    Raises
    ------
    UserError
        The space is none of `SPACES`.
    """
    if space not in SPACES:
        raise UserError(f"{space!r} is not a known space; choose {' or '.join(SPACES)}")
    source[KEY] = space


def recorded(space: str) -> dict[str, str]:
    """Return the entry of `Expression.source` for a space, none where it is not known."""
    return {KEY: space} if space else {}
