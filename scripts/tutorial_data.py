"""The data of the tutorials: real where they are here, else synthetic.

Real samples are used where they lie in the cache, or in the folder that `CT_TEST_DATA` names. Each
function brings files into the working folder.
"""

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_compressed_transcriptomics import Expression

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("CT_TEST_DATA", ROOT.parent / "shared" / "data"))

used: list[str] = []
"""The data that a tutorial was given, in words."""


def table() -> tuple[Path, Path, Path]:
    """Bring ``regions.csv``, ``atlas.nii.gz`` and ``labels.csv`` into this folder."""
    if (folder := _sample("ahba_dk82")) is not None:
        names = ("ahba_dk82.csv", "desikan_killiany.nii.gz", "desikan_killiany_labels.csv")
        used.append("the real sample `ahba_dk82`")
    else:
        folder = ROOT / "sample_data"
        names = tuple(f"synthetic_regions{of}" for of in (".csv", "_atlas.nii.gz", "_labels.csv"))
        used.append("synthetic regions")
    here = Path("regions.csv"), Path("atlas.nii.gz"), Path("labels.csv")
    for name, path in zip(names, here, strict=True):
        shutil.copy(folder / name, path)
    return here


def expression_of_regions() -> "Expression":
    """Return the table of `table`, read where it lies."""
    from napari_compressed_transcriptomics import read_expression

    return read_expression(*table())


def maps() -> Path:
    """Bring a folder of one NIfTI a gene into this folder."""
    if (folder := _sample("receptor_genes_2mm")) is not None:
        used.append("the real sample `receptor_genes_2mm`")
        return Path(shutil.copytree(folder, "mrna"))
    used.append("synthetic maps")
    return _synthetic_maps()


def _synthetic_maps(n: int = 16) -> Path:
    import nibabel as nib
    import numpy as np

    from napari_compressed_transcriptomics import synthetic_brain

    brain, folder = synthetic_brain(), Path("mrna")
    folder.mkdir()
    for i, gene in enumerate(brain.genes[:n]):
        volume = brain.parcellation.paint(brain.values[:, i].astype(np.float32))
        volume = np.nan_to_num(volume)
        nib.save(nib.Nifti1Image(volume, brain.parcellation.affine), folder / f"{gene}_mRNA.nii.gz")
    return folder


def targets() -> list[Path]:
    """Bring maps to predict into ``targets/``: PET of receptors, or maps made of a few genes."""
    Path("targets").mkdir()
    found = [REAL / "pet" / name for name in _PET]
    if _sample("ahba_dk82") is not None and all(path.exists() for path in found):
        used.append("PET maps of receptors")
        return [Path(shutil.copy(path, f"targets/{_PET[path.name]}")) for path in found]
    used.append("made-up targets")
    return _synthetic_targets()


_PET = {
    "5HT1a_WAY_HC36.nii": "5HT1a.nii",
    "D2_RACLOPRIDE_c11.nii": "D2.nii",
    "GABAa_FLUMAZENIL_c11.nii": "GABAa.nii",
    "MU_CARFENTANIL_c11.nii": "MOR.nii",
}
"""Maps by what they are called here."""


def _synthetic_targets() -> list[Path]:
    import nibabel as nib
    import numpy as np

    from napari_compressed_transcriptomics import read_expression

    stem = ROOT / "sample_data" / "synthetic_regions"
    regions = read_expression(stem.with_suffix(".csv"))
    rng, paths = np.random.default_rng(0), []
    for i, name in enumerate(("receptor", "transporter", "noise")):
        values = regions.values[:, 40 * i : 40 * i + 8].mean(axis=1) * (name != "noise")
        values = values + rng.normal(0, 0.4 * (values.std() or 1), len(values))
        volume = np.nan_to_num(regions.parcellation.paint(values.astype(np.float32)))
        paths.append(Path(f"targets/{name}.nii.gz"))
        nib.save(nib.Nifti1Image(volume, regions.parcellation.affine), paths[-1])
    return paths


def _sample(key: str) -> Path | None:
    """Return the folder of a real sample; None where it is neither in the cache nor beside us."""
    from napari_compressed_transcriptomics.io.readers.samples.real import SAMPLES

    sample = SAMPLES[key]
    if sample.is_here():
        return sample.folder()
    cache = ROOT / "build" / "samples"
    for folder in ("expr", "atlas", "mrna"):
        with contextlib.suppress(Exception):  # it is not all there: the next, or synthetic data
            sample.take(REAL / folder, cache)
    return sample.folder(cache) if sample.is_here(cache) else None
