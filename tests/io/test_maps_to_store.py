"""A folder of one volume per gene becomes a store gene by gene, and the store is the same brain."""

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine

from commands import refused, run
from data import real_data
from gene_maps import flat, log_phantom, maps_of, nested, save
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.store import convert
from phantom import AFFINES
from stores import small_chunks


@pytest.fixture(autouse=True)
def two_genes_at_once(monkeypatch):
    small_chunks(monkeypatch, (8, 2), 2)


@pytest.mark.parametrize("affine", AFFINES)
@pytest.mark.parametrize("write", [flat, nested])
def test_lazy_folder_and_its_store_are_what_is_read_into_memory(write, affine, tmp_path):
    folder = write(tmp_path / "maps", log_phantom(affine=AFFINES[affine]))
    whole = read_expression(folder)

    lazy = read_expression(folder, lazy=True)
    assert isinstance(lazy.values, LazyValues)
    assert lazy.source == whole.source
    assert lazy.notes == whole.notes
    stored = read_expression(convert(lazy, tmp_path / "maps.zarr").path)

    for one in (lazy, stored):
        assert (one.genes, one.samples, one.name) == (whole.genes, whole.samples, whole.name)
        np.testing.assert_array_equal(one.parcellation.labels, whole.parcellation.labels)
        np.testing.assert_array_equal(one.parcellation.affine, whole.parcellation.affine)
        np.testing.assert_array_equal(one.values[:, [4, 1]], whole.values[:, [4, 1]])
    np.testing.assert_array_equal(np.asarray(stored.values), whole.values)


@pytest.mark.parametrize("impute", ["drop_genes", "gene_mean"])
def test_bad_maps_are_left_out_or_filled_on_the_way(impute, tmp_path):
    phantom = log_phantom()
    folder = flat(tmp_path / "maps", phantom)
    volume = maps_of(phantom)[phantom.genes[2]]
    volume[tuple(np.argwhere(volume)[0])] = np.nan
    save(folder / f"{phantom.genes[2]}_mirr_mRNA.nii.gz", volume, phantom.parcellation.affine)
    with pytest.raises(UserError, match=f"bad maps of 1 gene.*{phantom.genes[2]}"):
        read_expression(folder, lazy=True)
    whole = read_expression(folder, impute=impute)

    lazy = read_expression(folder, impute=impute, lazy=True)
    stored = read_expression(convert(lazy, tmp_path / "maps.zarr").path)

    assert stored.genes == whole.genes
    np.testing.assert_array_equal(np.asarray(stored.values), whole.values)
    np.testing.assert_array_equal(stored.imputed, whole.imputed)
    assert stored.notes == lazy.notes == whole.notes


def test_rows_of_a_folder_are_not_read_from_every_file(tmp_path):
    lazy = read_expression(flat(tmp_path / "maps", log_phantom()), lazy=True)
    with pytest.raises(UserError, match="make a store of it with convert"):
        lazy.values[:3]


def test_a_store_that_cannot_be_written_is_told_before_maps_are_read(tmp_path, capsys):
    folder = flat(tmp_path / "maps", log_phantom())
    said = refused(capsys, "convert", folder, "--out", tmp_path / "maps.h5ad")
    assert "must end in .zarr" in said
    said = refused(capsys, "convert", folder, "--out", folder / "maps.zarr")
    assert "maps.zarr" in said


def test_real_maps_in_a_store_are_those_of_nibabel(tmp_path, monkeypatch):
    folder, out = real_data("mrna"), tmp_path / "mrna.zarr"
    small_chunks(monkeypatch, (4096, 4), 14)

    assert run("convert", folder, "--impute", "drop_genes", "--out", out) == 0

    stored = read_expression(out)
    assert (stored.n_samples, stored.n_genes) == (185_682, 14)
    some = np.random.default_rng(0).integers(0, stored.n_samples, 50)
    voxels = np.array([stored.samples[row].split("_") for row in some], int)
    for gene in ("GABRA1", "GRM5"):
        image = nib.load(folder / f"{gene}_mirr_mRNA.nii.gz")
        expected = np.asarray(image.dataobj)[tuple(voxels.T)].astype(np.float32)
        np.testing.assert_array_equal(stored.values[:, stored.column(gene)][some], expected)
        mm = apply_affine(image.affine, voxels)
        np.testing.assert_allclose(stored.parcellation.centroids[some], mm, atol=1e-9)
