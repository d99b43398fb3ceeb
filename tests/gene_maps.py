"""Folders of one volume per gene, made from the phantom."""

import io
import zipfile

import nibabel as nib
import numpy as np

from phantom import make_phantom

# Numbers that are no Entrez ids: they keep their names.
GENES = ("990001", "990002", "990003", "990004", "990005", "990006")


def maps_of(phantom):
    """Return one float64 volume per gene, 0 outside, as whole-brain maps are distributed."""
    volumes = phantom.parcellation.paint(phantom.values).astype(float)
    return dict(zip(phantom.genes, np.moveaxis(np.nan_to_num(volumes), -1, 0), strict=True))


def log_phantom(**how):
    """Return the phantom with values as of log2 expression, which no gene has far from others."""
    from dataclasses import replace

    phantom = make_phantom(**({"genes": GENES} | how))
    return replace(phantom, values=(phantom.values * 3 + 6).astype(np.float32))


def save(path, volume, affine):
    """Save one map; a path in a zip that is not there makes a zip of one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(volume, affine), path)
    return path


def as_bytes(volume, affine):
    return nib.Nifti1Image(volume, affine).to_bytes()


def zipped(path, **members):
    """Write a zip; names with `.` or `/` are given as a dict in `members["_"]`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.pop("_", members).items():
            file.writestr(name, content)
    path.write_bytes(packed.getvalue())
    return path


def flat(folder, phantom, ending="_mirr_mRNA.nii.gz"):
    for gene, volume in maps_of(phantom).items():
        save(folder / f"{gene}{ending}", volume, phantom.parcellation.affine)
    return folder


def nested(folder, phantom):
    for gene, volume in maps_of(phantom).items():
        save(folder / gene / f"{gene}_mRNA.nii", volume, phantom.parcellation.affine)
    return folder


def zips(folder, phantom):
    for gene, volume in maps_of(phantom).items():
        content = as_bytes(volume, phantom.parcellation.affine)
        names = {f"{gene}/{gene}_mRNA.nii": content, f"__MACOSX/{gene}/._{gene}_mRNA.nii": b"junk"}
        zipped(folder / f"{gene}.zip", _=names)
    return folder


def plain(folder, phantom):
    return flat(folder, phantom, ".nii")
