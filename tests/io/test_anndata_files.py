"""AnnData that others wrote, and damaged ones."""

import h5py
import numpy as np
import pytest

from faults import refuses
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from phantom import AFFINES, make_phantom


def write(path, phantom, *, spatial=None, sparse=False, values=None, order=slice(None)):
    import anndata
    import pandas as pd
    import scipy.sparse

    values = phantom.values if values is None else values
    data = anndata.AnnData(
        X=scipy.sparse.csr_matrix(values[order]) if sparse else values[order],
        obs=pd.DataFrame(index=np.array(phantom.samples, object)[order]),
        var=pd.DataFrame(index=list(phantom.genes)),
        obsm={} if spatial is None else {"spatial": spatial[order]},
    )
    data.write_h5ad(path)
    return path


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("affine", ["RAS", "LAS", "permuted"])
def test_voxels_on_a_grid(affine, sparse, tmp_path):
    phantom = make_phantom(AFFINES[affine])
    positions = phantom.parcellation.centroids
    shuffled = np.random.default_rng(0).permutation(phantom.n_samples)
    # Rounded to float32, as such files are.
    path = write(
        tmp_path / "grid.h5ad",
        phantom,
        spatial=positions.astype(np.float32),
        sparse=sparse,
        order=shuffled,
    )
    read = read_expression(path)
    assert read.samples == tuple(np.array(phantom.samples)[shuffled])
    np.testing.assert_array_equal(read.values, phantom.values[shuffled])
    np.testing.assert_allclose(read.parcellation.centroids, positions[shuffled], atol=1e-5)
    step = np.linalg.norm(phantom.parcellation.affine[:3, :3], axis=1)
    np.testing.assert_allclose(np.diag(read.parcellation.affine)[:3], step)
    assert any("RAS mm" in note for note in read.notes)


def test_fine_steps_keep_their_size(tmp_path):
    phantom = make_phantom(np.diag([0.7, 0.7, 0.7, 1]))
    spatial = phantom.parcellation.centroids.astype(np.float32)
    read = read_expression(write(tmp_path / "fine.h5ad", phantom, spatial=spatial))
    np.testing.assert_allclose(np.diag(read.parcellation.affine)[:3], 0.7, rtol=1e-5)


def test_positions_that_are_no_grid(las, tmp_path):
    positions = las.parcellation.centroids
    rng = np.random.default_rng(0)
    path = tmp_path / "x.h5ad"
    jittered = positions + rng.uniform(-1, 1, positions.shape)
    refuses(write(path, las, spatial=jittered), "no regular grid")
    refuses(write(path, las, spatial=positions[:, :2]), "2 coordinates", "x, y and z")
    refuses(write(path, las, spatial=positions * 0), "one position")
    twice = positions.copy()
    twice[1] = twice[0]
    refuses(write(path, las, spatial=twice), "several samples at one position")
    twice[1] = np.nan
    refuses(write(path, las, spatial=twice), "valid positions")
    refuses(write(path, las), "does not say where")


def test_hostile_positions_take_no_memory(las, tmp_path):
    positions = las.parcellation.centroids
    positions[0] = 1e7  # on the same grid, but millions of voxels away
    refuses(write(tmp_path / "far.h5ad", las, spatial=positions), "no regular grid")


def test_regions_without_positions_are_a_table(las, tmp_path):
    import nibabel as nib

    path = write(tmp_path / "t.h5ad", las)
    parcellation = las.parcellation
    nib.save(nib.Nifti1Image(parcellation.labels, parcellation.affine), tmp_path / "t_atlas.nii.gz")
    names = "\n".join(f"{i + 1},{name}" for i, name in enumerate(las.samples))
    (tmp_path / "t_labels.csv").write_text("id,label\n" + names)
    read = read_expression(path)
    assert read.samples == las.samples
    np.testing.assert_array_equal(read.parcellation.labels, parcellation.labels)


def test_voxels_are_averaged_in_regions(las, tmp_path):
    import nibabel as nib

    (path,) = write_h5ad(tmp_path / "v.h5ad", las)
    halves = np.zeros(las.parcellation.labels.shape, np.uint8)
    halves[:3], halves[3:] = 1, 2
    nib.save(nib.Nifti1Image(halves, las.parcellation.affine), tmp_path / "halves.nii.gz")
    read = read_expression(path, tmp_path / "halves.nii.gz")
    left = np.argwhere(las.parcellation.labels)[:, 0] < 3
    np.testing.assert_allclose(
        read.values, [las.values[left].mean(0), las.values[~left].mean(0)], rtol=1e-6
    )


def test_missing_cells_and_repeated_names(las, tmp_path):
    spatial, path = las.parcellation.centroids, tmp_path / "x.h5ad"
    values = las.values.copy()
    values[3] = np.nan
    read = read_expression(write(path, las, spatial=spatial, values=values))
    assert read.excluded == (las.samples[3],)
    values[4, 1] = np.nan
    refuses(write(path, las, spatial=spatial, values=values), las.samples[4], "gene NA")
    again = write_h5ad(tmp_path / "again.h5ad", read)[0]
    assert read_expression(again).excluded == (las.samples[3],)


def test_damaged_and_foreign_files(las, tmp_path):
    (path,) = write_h5ad(tmp_path / "x.h5ad", las)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refuses(path, "truncated")
    path.write_bytes(b"id,A\n1,2\n")
    refuses(path, "text")
    path.write_bytes(b"")
    refuses(path, "empty")
    with h5py.File(path, "w") as file:
        file["matrix"] = [1, 2]
    refuses(path, "without X")
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        file["uns/parcellation/labels"][...] = 1
    refuses(path, "not 1 to")
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        del file["uns/parcellation/affine"]
        file["uns/parcellation/affine"] = np.zeros((4, 4))
    refuses(path, "parcellation")


def test_sizes_are_checked_before_memory_is_taken(las, tmp_path, monkeypatch):
    from napari_compressed_transcriptomics.core import memory

    monkeypatch.setattr(memory, "available_memory", lambda: 8 << 30)
    path = write(tmp_path / "x.h5ad", las, spatial=las.parcellation.centroids, sparse=True)
    with h5py.File(path, "a") as file:
        file["X"].attrs["shape"] = (10**8, 10**7)  # a few bytes in the file
    refuses(path, "memory")
    path = write(path, las, spatial=las.parcellation.centroids)
    with h5py.File(path, "a") as file:
        del file["obs/_index"]
        file["obs"].create_dataset("_index", (10**9,), h5py.string_dtype(), chunks=(10**8,))
    refuses(path, "names in obs", "1000000000")


def test_obs_names_that_count_are_no_atlas_ids_unless_the_user_says_so(las, tmp_path):
    """What anndata calls rows without names, after the first was filtered out."""
    import nibabel as nib
    import pandas as pd
    from anndata import AnnData

    path = tmp_path / "t.h5ad"
    values = np.random.default_rng(0).random((3, 5), dtype=np.float32)
    AnnData(values, obs=pd.DataFrame(index=["1", "2", "3"])).write_h5ad(path)
    atlas = tmp_path / "atlas.nii.gz"
    labels = np.zeros((4, 4, 4), np.int16)
    labels[0], labels[1], labels[2] = 1, 2, 3
    nib.save(nib.Nifti1Image(labels, np.eye(4)), atlas)
    with pytest.raises(UserError, match="may hold row numbers or atlas ids"):
        read_expression(path, atlas=atlas)
    read = read_expression(path, atlas=atlas, ids="obs_names")
    np.testing.assert_array_equal(read.gene_volume(read.genes[0])[1, 0, 0], values[1, 0])
