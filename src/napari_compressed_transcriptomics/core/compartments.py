"""Which compartment of the brain a sample is of: cortex, subcortex, cerebellum or brainstem.

Genes and most maps of the brain have a step between these, which chance must have, too, where
maps are compared (see `spatial_null`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import UserError
from .expression import Expression
from .regions import RegionVolume

COMPARTMENTS = ("cortex", "subcortex", "cerebellum", "brainstem")

# As they stand in the names of DK, Destrieux, Schaefer, HCP, AICHA, AAL, Tian, Harvard-Oxford
# and FreeSurfer's segmentation; what is left of a name is looked for in this order.
_PATTERNS = {
    "cerebellum": r"cerebell|vermis|(?<![a-z])crus|dentate nucleus",
    "brainstem": r"brain.?stem|(?<![a-z])pons(?![a-z])|medulla|midbrain|(?<![a-z])raphe|tegment"
    r"|substantia.?nigra|red.?nucleus",
    "subcortex": r"(?<!para)hippo|(?<![a-z])[lr]?hip(?![a-z])|amyg|(?<![a-z])amy(?![a-z])|thal"
    r"|(?<![a-z])[ap]?tha(?![a-z])|caud(?!al)|(?<![a-z])cau(?![a-z])|putam|(?<![a-z])[lr]?put(?![a-z])"
    r"|pallid|(?<![a-z])[lr]?pal(?![a-z])|(?<![a-z])gp[ie]?(?![a-z])|accumb|(?<![a-z])nac(?![a-z])"
    r"|striat|ventral.?dc|claustrum|basal.?ganglia|(?<![a-z])n_",
    "cortex": r"networks_|ctx|cort(?:ex|ical)|(?<![a-z])[gs]_|_roi(?![a-z])|gyr|sulc|front|pariet"
    r"|tempor|occip|cingul|insul|cuneus|calcarine|lingual|fusiform|rolandic|bankssts|entorhinal"
    r"|hippocampal|supramarginal|central|pars|heschl|olfactory|rectus|angular|operc|limbic"
    r"|precun|pole|motor|visual|auditory",
}
_LEAST_KNOWN = 0.9
# Deep grey matter in MNI space (mm), left out of cortical samples by every atlas.
_DEEP_LOW, _DEEP_HIGH = np.array([-32.0, -32.0, -12.0]), np.array([32.0, 20.0, 18.0])
_LEAST_DEEP = 3
_MOST_GIVEN = 12


@dataclass(frozen=True, eq=False)
class Compartments:
    """The compartment of each sample.

    Attributes
    ----------
    names : tuple of str
        Those that there are.
    of_sample : ndarray of int64, shape (n_samples,)
        Index into `names`.
    note : str
        What should be known of them where p-values are read; empty where nothing.
    """

    names: tuple[str, ...]
    of_sample: np.ndarray
    note: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many samples each compartment has."""
        numbers = np.bincount(self.of_sample, minlength=len(self.names))
        return dict(zip(self.names, map(int, numbers), strict=True))


def compartment_of_name(name: str) -> str:
    """Return the compartment that a region's name tells, or an empty string.

    Examples
    --------
    >>> [compartment_of_name(name) for name in ("Lthal", "HIP-rh", "L_parahippocampal", "V9")]
    ['subcortex', 'subcortex', 'cortex', '']
    """
    plain = name.strip().lower()
    return next((c for c, pattern in _PATTERNS.items() if re.search(pattern, plain)), "")


def compartments_of(expression: Expression, given: RegionVolume | None = None) -> Compartments:
    """Return the compartments of samples: from a label volume, else from the regions' names.

    Where neither tells, all samples are taken for one compartment, and the note says whether
    that is likely wrong.

    Parameters
    ----------
    expression : Expression
    given : RegionVolume, optional
        In the same space. Where its regions' names tell compartments these are taken, else
        each of its labels is one. Samples outside all labels are one of their own.

    Raises
    ------
    UserError
        The volume has too many labels to be of compartments.
    """
    if given is not None:
        return _given(expression, given)
    found = [compartment_of_name(name) for name in expression.samples]
    if sum(map(bool, found)) >= _LEAST_KNOWN * len(found):
        # The few that are not known go with most of the brain.
        return _numbered([name or COMPARTMENTS[0] for name in found])
    of_sample = np.zeros(expression.n_samples, np.int64)
    return Compartments(("brain",), of_sample, _doubt(expression))


def _given(expression: Expression, volume: RegionVolume) -> Compartments:
    regions = volume.of(expression.parcellation)
    told = [compartment_of_name(name) for name in regions.names]
    if not all(told) and len(told) > _MOST_GIVEN:
        raise UserError(
            f"{volume.name} has {len(told)} regions whose names tell no compartment; give a label "
            f"volume of at most {_MOST_GIVEN} compartments (cortex, subcortex, ...)"
        )
    names = told if all(told) else list(regions.unique_names)
    return _numbered([names[i] if i >= 0 else "elsewhere" for i in regions.of_sample])


def _numbered(names: Sequence[str]) -> Compartments:
    there = sorted(set(names), key=lambda n: ((*COMPARTMENTS, n).index(n), n))
    index = {name: number for number, name in enumerate(there)}
    return Compartments(tuple(there), np.array([index[name] for name in names], np.int64))


def _doubt(expression: Expression) -> str:
    positions = expression.parcellation.centroids
    deep = ((positions > _DEEP_LOW) & (positions < _DEEP_HIGH)).all(axis=1).sum()
    if deep < _LEAST_DEEP:
        return ""
    return (
        f"{expression.name} does not tell cortex from subcortex, and {deep:,} of its samples lie "
        "deep: p-values are too small for maps that differ between them; give a label volume of "
        "compartments"
    )
