"""Files of a result that are whole but wrong: refused, and each names the file and what to do."""

import json
import shutil

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics import open_result
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.readers.volume import LATENTS
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.io.writers.results import save_results
from phantom import make_phantom
from small import compressed

DATA = make_phantom()
PLACE = DATA.parcellation


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "result"
    save_results(compressed(DATA, 2), folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def write(folder, name, volume, kind):
    write_volume(folder / name, volume, PLACE.affine, kind=kind, provenance={})


def row(folder, name, change):
    """Change the first row of a table."""
    header, first, *rest = (folder / name).read_text().splitlines()
    (folder / name).write_text("\n".join([header, change(first), *rest, ""]))


def record(folder, **changes):
    found = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(found | changes))


LABELS = PLACE.labels
HOLE = np.where(LABELS == 3, np.nan, 1).astype(np.float32)
LATENT = np.float32(np.stack([HOLE, np.where(LABELS > 0, 1, np.nan)], -1))
FULL = np.nan_to_num(LATENT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda f: write(f, "error.nii.gz", LABELS, "labels"),
            "does not hold rmse",
        ),
        (
            lambda f: write(f, "error.nii.gz", np.full(LABELS.shape, np.nan, np.float32), "rmse"),
            r"error\.nii\.gz holds no value",
        ),
        (
            lambda f: write(f, "latents.nii.gz", FULL[1:], LATENTS),
            r"latents\.nii\.gz .* does not belong to the volumes",
        ),
        (lambda f: row(f, "latents.csv", lambda r: f"{r},1"), r"latents\.csv is damaged in line 2"),
        (
            lambda f: row(f, "gene_error.csv", lambda r: r[: r.index(",")] + ",1_0,1,1,1"),
            r"gene_error\.csv is damaged in line 2",
        ),
    ],
)
def test_a_folder_whose_tables_and_volumes_are_read(folder, change, words):
    change(folder)
    with pytest.raises(UserError, match=words):
        read_results(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: (f / "latents.nii.gz").unlink(), r"has no latents\.nii\.gz, which belongs to"),
        (lambda f: record(f, latent_size=9), "has latent_size 2 and .* 9"),
        (lambda f: record(f, n_genes=1234), "has n_genes .* 1,234"),
        (lambda f: write(f, "samples.nii.gz", LABELS + 1, "labels"), "is not of the .* samples of"),
        (
            lambda f: write(f, "samples.nii.gz", np.where(LABELS == 3, 0, LABELS), "labels"),
            r"samples\.nii\.gz lacks samples of its result",
        ),
        (
            lambda f: write(f, "latents.nii.gz", FULL[..., :1], LATENTS),
            "does not hold the 2 components",
        ),
        (
            lambda f: write(f, "latents.nii.gz", FULL[1:], LATENTS),
            "is on another grid than",
        ),
        (lambda f: write(f, "latents.nii.gz", LATENT, LATENTS), "lacks values at samples of"),
    ],
)
def test_a_folder_that_is_opened_again(folder, change, words):
    change(folder)
    with pytest.raises(UserError, match=words):
        open_result(folder)


def test_an_atlas_for_results(folder, tmp_path):
    """It is for those of voxels, and has regions where these are."""
    away = PLACE.affine + np.eye(4, k=3) * 1e4
    nib.save(nib.Nifti1Image(np.int16(LABELS > 0), away), tmp_path / "away.nii.gz")
    with pytest.raises(UserError, match=r"No voxel of the results lies in a region of .*away"):
        read_results(folder, tmp_path / "away.nii.gz")
    pairs = Parcellation((LABELS + 1) // 2, PLACE.affine)
    n = pairs.labels.max()
    regions = Expression(DATA.values[:n], DATA.genes, DATA.samples[:n], pairs, name="regions")
    save_results(compressed(regions, 2), tmp_path / "regions")
    with pytest.raises(UserError, match="holds results of regions already; leave out the atlas"):
        read_results(tmp_path / "regions", tmp_path / "away.nii.gz")
