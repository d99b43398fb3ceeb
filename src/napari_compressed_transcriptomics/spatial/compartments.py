"""Which compartment of the brain a sample is of: cortex, subcortex, cerebellum or brainstem.

Genes and most maps of the brain have a step between these, which chance must have, too, where
maps are compared (see `spatial_null`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import RegionVolume

from .surface_place import SurfaceParcellation

COMPARTMENTS = ("cortex", "subcortex", "cerebellum", "brainstem")

# As they stand in the names of DK, Destrieux, Schaefer, HCP, AICHA, AAL, Tian, Harvard-Oxford
# and FreeSurfer's segmentation; what is left of a name is looked for in this order.
_PATTERNS = {
    "cerebellum": r"cerebell|vermis|(?<![a-z])crus|dentate nucleus",
    "brainstem": r"brain.?stem|(?<![a-z])pons(?![a-z])|medulla|midbrain|(?<![a-z])raphe|tegment"
    r"|substantia.?nigra|red.?nucleus",
    "subcortex": r"(?<!para)hippo|amyg|thal|caud(?!al)|putam|pallid|accumb|striat|ventral.?dc"
    r"|claustrum|basal.?ganglia|(?<![a-z])n_"
    r"|(?<![a-z])[a-z]?(?:hip|amy|tha|cau|put|pal|gp[ie]?|nac)(?![a-z])",
    "cortex": r"networks_|ctx|cort(?:ex|ical)|(?<![a-z])[gs]_|_roi(?![a-z])|gyr|sulc|front|pariet"
    r"|tempor|occip|cingul|insul|cuneus|calcarine|lingual|fusiform|rolandic|bankssts|entorhinal"
    r"|hippocampal|supramarginal|central|pars|heschl|olfactory|rectus|angular|operc|limbic"
    r"|precun|pole|motor|visual|auditory",
}
_MAX_UNKNOWN = 0.1
# Boxes in MNI space (mm) without cortical regions: deep grey matter, cerebellum, brainstem.
_NO_CORTEX = (
    ((-32, -32, -12), (32, 20, 18)),
    ((-55, -90, -70), (55, -42, -30)),
    ((-14, -42, -70), (14, -12, -12)),
)
_MIN_BELOW = 3
_MAX_GIVEN = 12


@dataclass(frozen=True, eq=False)
class Compartments:
    """The compartment of each sample."""

    names: tuple[str, ...]
    """Those that there are."""
    of_sample: np.ndarray
    """Index into `names`. Of int64, shape (n_samples,)."""
    note: str = ""
    """What should be known of them where p-values are read; empty where nothing."""
    doubtful: bool = False
    """They are not known, and there likely are several."""

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


def compartments_of(
    parcellation: Parcellation,
    names: Sequence[str] = (),
    given: RegionVolume | None = None,
    about: str = "The data",
) -> Compartments:
    """Return the compartments of samples: from a label volume, else from the regions' names.

    Where neither tells, all samples are taken for one compartment, and the note says whether
    that is likely wrong.

    Parameters
    ----------
    parcellation : Parcellation
        Where the samples lie.
    names : sequence of str
        Of the samples, where they have any.
    given : RegionVolume, optional
        In the same space. Where its regions' names tell compartments these are taken, else
        each of its labels is one. Samples outside all labels are one of their own.
    about : str
        What notes call the samples.

    Raises
    ------
    UserError
        The volume has too many labels to be of compartments, or holds no sample.
    """
    if given is not None:
        return _given(parcellation, given)
    of_sample = np.zeros(parcellation.n_samples, np.int64)
    if isinstance(parcellation, SurfaceParcellation):
        return Compartments(COMPARTMENTS[:1], of_sample)  # all of it is cortex
    found = [compartment_of_name(name) for name in names]
    unknown = found.count("")
    if found and unknown <= _MAX_UNKNOWN * len(found):
        note = f"{unknown} sample(s) of {about} whose names give no compartment count as cortex"
        return _numbered([name or COMPARTMENTS[0] for name in found], note if unknown else "")
    doubt = _doubt(parcellation, about)
    return Compartments(("brain",), of_sample, doubt, bool(doubt))


def _given(parcellation: Parcellation, volume: RegionVolume) -> Compartments:
    regions = volume.of(parcellation)
    if not len(regions.ids):
        raise UserError(
            f"{volume.name} and the samples do not overlap in space; give a label volume of "
            "compartments in their space (MNI)"
        )
    found = [compartment_of_name(name) for name in regions.names]
    if not all(found) and len(found) > _MAX_GIVEN:
        raise UserError(
            f"{volume.name} has {len(found)} regions, some of whose names give no compartment; "
            f"give a label volume of at most {_MAX_GIVEN} compartments (cortex, subcortex, ...)"
        )
    names = found if all(found) else list(regions.unique_names)
    outside = int((regions.of_sample < 0).sum())
    note = f"{outside:,} sample(s) outside all labels of {volume.name} are a compartment together"
    in_words = [names[i] if i >= 0 else "elsewhere" for i in regions.of_sample]
    return _numbered(in_words, note if outside else "")


def _numbered(names: Sequence[str], note: str) -> Compartments:
    there = sorted(set(names), key=lambda n: ((*COMPARTMENTS, n).index(n), n))
    index = {name: number for number, name in enumerate(there)}
    return Compartments(tuple(there), np.array([index[name] for name in names], np.int64), note)


def _doubt(parcellation: Parcellation, about: str) -> str:
    positions = parcellation.centroids
    below = sum(
        int(((positions > low) & (positions < high)).all(axis=1).sum()) for low, high in _NO_CORTEX
    )
    if below < _MIN_BELOW:
        return ""
    return (
        f"{about} does not tell cortex from subcortex, cerebellum and brainstem, and {below:,} of "
        f"{len(positions):,} samples lie where there is no cortex: p-values are too small for maps "
        "that differ between these; give a label volume of compartments"
    )
