"""Latents from files: grouped by name, on their own voxels, right where they lie."""

import nibabel as nib
import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.study.named_latents import latent_name, read_named_latents
from phantom import AFFINES, make_phantom

LAS = AFFINES["LAS"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("abagen_ae0_8mm.nii.gz", ("abagen", "ae", 0, "8mm")),
        ("abagen_kpca1_4mm.nii.gz", ("abagen", "kpca", 1, "4mm")),
        ("my_data_PCA12.nii", ("my_data", "pca", 12, "")),
        ("t-sne0_1.5mm.nii.gz", ("", "t-sne", 0, "1.5mm")),
        ("latents.nii.gz", ("", "latents", None, "")),
        ("5HT1a_WAY_HC36x.nii", ("", "5HT1a_WAY_HC36x", None, "")),
    ],
)
def test_what_names_say(name, parts):
    assert latent_name(name) == parts


@pytest.fixture
def phantom():
    return make_phantom(LAS)


def save(folder, name, values, phantom, background=0.3, affine=LAS):
    volume = np.nan_to_num(phantom.parcellation.paint(values), nan=background)
    nib.save(nib.Nifti1Image(volume, affine), folder / name)
    return folder / name


def test_components_come_together_in_order_on_one_parcellation(tmp_path, phantom):
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 1, (phantom.n_samples, 5)).astype(np.float32)
    names = ("x_umap1_8mm.nii", "x_pca1_8mm.nii", "x_pca0_8mm.nii", "x_umap0_8mm.nii", "x_odd0.nii")
    paths = [
        save(tmp_path, name, values[:, i], phantom, background=0.1 * i)
        for i, name in enumerate(names)
    ]
    pca, umap, odd = read_named_latents(paths)
    assert (pca.name, pca.title) == ("x_pca_8mm", "x PCA 8mm")
    assert (umap.name, odd.title) == ("x_umap_8mm", "x odd")
    np.testing.assert_array_equal(pca.values, values[:, [2, 1]])
    np.testing.assert_array_equal(umap.values, values[:, [3, 0]])
    assert odd.latent_size == 1
    assert pca.parcellation is umap.parcellation is odd.parcellation
    np.testing.assert_array_equal(pca.parcellation.labels, phantom.parcellation.labels)
    assert set(pca.record["source"]) == {"x_pca0_8mm.nii", "x_pca1_8mm.nii"}


def test_a_value_like_the_background_inside_one_component_is_no_hole(tmp_path, phantom):
    one = np.linspace(0.1, 0.9, phantom.n_samples)
    two = one[::-1] + 0.01
    one[3] = 0.5
    paths = [
        save(tmp_path, f"a_pca{i}.nii", values, phantom, background=0.5)
        for i, values in enumerate((one, two))
    ]
    (pca,) = read_named_latents(paths)
    assert len(pca.values) == phantom.n_samples
    assert pca.values[3, 0] == np.float32(0.5)


def test_our_own_latents_keep_all_components(tmp_path, phantom):
    volume = phantom.parcellation.paint(phantom.values[:, :3])
    write_volume(tmp_path / "latents.nii.gz", volume, LAS, kind="latents", provenance={})
    (own,) = read_named_latents([tmp_path / "latents.nii.gz"])
    assert own.title == "latents"
    np.testing.assert_array_equal(own.values, phantom.values[:, :3])


def test_faults(tmp_path, phantom):
    one = np.linspace(0.1, 0.9, phantom.n_samples)
    here = save(tmp_path, "a_pca0.nii", one, phantom)
    shifted = LAS + np.eye(4, k=3)
    (tmp_path / "b").mkdir()
    cases = {
        "no latent image; choose at least": [],
        "not a latent image; choose NIfTI": [tmp_path / "table.csv"],
        "no file": [tmp_path / "a_pca7.nii"],
        "different grids": [here, save(tmp_path, "a_pca1.nii", one, phantom, affine=shifted)],
        "same component": [here, save(tmp_path / "b", "a_pca0.nii", one, phantom)],
        "one value everywhere": [save(tmp_path, "a_x0.nii", one * 0 + 0.3, phantom)],
    }
    for says, paths in cases.items():
        with pytest.raises(UserError, match=says):
            read_named_latents(paths)
    full = np.random.default_rng(0).uniform(size=(4, 4, 4)).astype(np.float32)
    nib.save(nib.Nifti1Image(full, LAS), tmp_path / "a_y0.nii")
    with pytest.raises(UserError, match="no background"):
        read_named_latents([tmp_path / "a_y0.nii"])
    labels = nib.Nifti1Image((phantom.parcellation.labels > 0).astype(np.int16), LAS)
    nib.save(labels, tmp_path / "a_z0.nii")
    with pytest.raises(UserError, match="labels"):
        read_named_latents([tmp_path / "a_z0.nii"])


def test_published_latents():
    folder = real_data("latents")
    paths = sorted(folder.glob("*_8mm.nii.gz"))
    sets = read_named_latents(paths)
    assert [one.title for one in sets] == [
        "abagen AE",
        "abagen PCA",
        "abagen NMF",
        "abagen kernel PCA",
        "abagen UMAP",
        "abagen t-SNE",
    ]
    assert {one.values.shape for one in sets} == {(3670, 2)}
    assert len({one.parcellation for one in sets}) == 1
    image = nib.load(folder / "abagen_ae1_8mm.nii.gz")
    volume = image.get_fdata(dtype=np.float32)
    for mm in ([-50.0, -22, 16], [50.0, -22, 16], [10.0, 58, 0]):
        voxel = np.linalg.solve(image.affine, [*mm, 1])[:3]
        sample = sets[0].parcellation.sample_at(mm)
        assert sets[0].values[sample, 1] == volume[tuple(np.rint(voxel).astype(int))]
