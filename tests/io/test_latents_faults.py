"""Latents that cannot be read: what is given is named, and what to give in its place."""

import nibabel as nib
import numpy as np
import pytest
from anndata import AnnData

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.readers.latents.read import read_latents
from phantom import AFFINES, make_phantom


def annotated(path, **obsm):
    AnnData(np.ones((5, 3), np.float32), obsm=obsm).write_h5ad(path)
    return path


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda f: [], "There are no latents; choose at least one file"),
        (lambda f: [f], r"holds no latents\.nii\.gz; choose a folder of results, or files"),
        (
            lambda f: [f / "a.csv", f / "b.csv"],
            r"a\.csv and b\.csv are not components of one set; give one table",
        ),
        (lambda f: [f / "a.txt"], r"a\.txt holds no latents that can be read; choose NIfTI"),
        (lambda f: [annotated(f / "a.h5ad")], r"a\.h5ad has no obsm\['X_latent'\]"),
        (
            lambda f: [annotated(f / "a.h5ad", X_latent=np.ones((5, 2, 2), np.float32))],
            r"a\.h5ad has 3-D latents; a row per sample is needed",
        ),
        (
            lambda f: [annotated(f / "a.h5ad", X_latent=np.ones((5, 2), np.float32))],
            r"a\.h5ad does not say where its samples lie; add obsm\['spatial'\]",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path, write, words):
    for name in ("a.csv", "b.csv", "a.txt"):
        (tmp_path / name).write_text("x\n")
    with pytest.raises(UserError, match=words):
        read_latents(write(tmp_path))


def test_voxels_without_a_component_are_left_out_and_counted(tmp_path):
    phantom = make_phantom()
    volumes = np.moveaxis(phantom.parcellation.paint(phantom.values[:, :2]), -1, 0)
    hole = tuple(np.argwhere(phantom.parcellation.labels == 4)[0])
    volumes[1][hole] = np.nan
    paths = [tmp_path / f"a_pca{i}.nii" for i in range(2)]
    for path, volume in zip(paths, volumes, strict=True):
        nib.save(nib.Nifti1Image(volume, AFFINES["LAS"]), path)
    found = read_latents(paths)
    assert "1 voxel(s) without a value in every component are left out" in found.notes
    np.testing.assert_array_equal(found.values, np.delete(phantom.values[:, :2], 3, axis=0))
    assert found.parcellation.labels[hole] == 0
