"""One contract for every format: the same values, genes and places, whatever the affine."""

import gzip
import json

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.io import read_expression, sniff
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from napari_compressed_transcriptomics.io.writers.store import convert
from phantom import make_phantom


def write_nifti(folder, phantom, name, fill=np.nan):
    volume = phantom.parcellation.paint(phantom.values)
    volume[np.isnan(volume)] = fill
    image = nib.Nifti1Image(volume, phantom.parcellation.affine)
    nib.save(image, folder / name)
    (folder / "phantom.genes.tsv").write_text("gene\n" + "\n".join(phantom.genes) + "\n")
    return folder / name


def write_table(folder, phantom, name):
    """Rows backwards, so that only their names can place them."""
    import pandas as pd

    parcellation = phantom.parcellation
    atlas = nib.Nifti1Image(parcellation.labels, parcellation.affine)
    nib.save(atlas, folder / "phantom_atlas.nii.gz")
    frame = pd.DataFrame(phantom.values, columns=list(phantom.genes))
    frame.index = pd.Index(range(1, phantom.n_samples + 1), name="id")
    frame.insert(0, "label", phantom.samples)
    path, frame = folder / name, frame[::-1]
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="\t" if ".tsv" in name else ",")
    return path


def write_anndata(folder, phantom, name):
    return write_h5ad(folder / name, phantom)[0]


def write_ours(folder, phantom, name):
    volume = phantom.parcellation.paint(phantom.values)
    record = {"genes": list(phantom.genes)}
    affine = phantom.parcellation.affine
    return write_volume(folder / name, volume, affine, kind="expression", provenance=record)[0]


def write_store(folder, phantom, name):
    return convert(phantom, folder / name).path


FORMATS = {
    "phantom.nii": write_nifti,
    "phantom.nii.gz": write_nifti,
    "phantom.csv": write_table,
    "phantom.tsv": write_table,
    "phantom.csv.gz": write_table,
    "phantom.tsv.gz": write_table,
    "phantom.parquet": write_table,
    "phantom.h5ad": write_anndata,
    "ours.nii.gz": write_ours,
    "phantom.zarr": write_store,
}


@pytest.mark.parametrize("name", FORMATS)
def test_same_expression_in_every_format(name, phantom, tmp_path):
    path = FORMATS[name](tmp_path, phantom, name)
    read = read_expression(path).in_memory()

    assert read.name == name.split(".")[0]
    assert read.values.dtype == np.float32
    assert read.values.flags.c_contiguous
    assert read.genes == phantom.genes
    assert set(read.samples) == set(phantom.samples)
    row = [read.samples.index(sample) for sample in phantom.samples]
    np.testing.assert_array_equal(read.values[row], phantom.values)
    np.testing.assert_array_equal(read.parcellation.affine, phantom.parcellation.affine)
    np.testing.assert_allclose(
        read.parcellation.centroids[row], phantom.parcellation.centroids, atol=1e-9
    )
    for gene in phantom.genes:
        np.testing.assert_array_equal(read.gene_volume(gene), phantom.gene_volume(gene))
    assert read.excluded == ()
    assert read.notes == ()
    assert read.source["expression"]["path"] == str(path.resolve())
    assert len(read.source["expression"]["sha256"]) == 64
    json.dumps(read.source)


@pytest.mark.parametrize("name", FORMATS)
def test_sniffed_without_reading(name, las, tmp_path):
    path = FORMATS[name](tmp_path, las, name)
    table = FORMATS[name] is write_table
    assert sniff(path) == ("table" if table else "expression")


@pytest.mark.parametrize("fill", [0.0, 0.5, np.nan])
def test_constant_voxels_are_outside(fill, las, tmp_path):
    read = read_expression(write_nifti(tmp_path, las, "phantom.nii.gz", fill))
    assert read.samples == las.samples
    np.testing.assert_array_equal(read.values, las.values)


def test_voxel_that_varies_only_late_is_inside(tmp_path, monkeypatch):
    from napari_compressed_transcriptomics.io.readers import nifti_expression

    monkeypatch.setattr(nifti_expression, "_BLOCK_BYTES", 1)  # two genes a block
    volume = np.zeros((3, 2, 2, 9), np.float32)
    volume[2, 1, 0] = np.arange(9)
    volume[0, 0, 1] = 0.25
    volume[0, 0, 1, 5:] = 0.75  # joins in the third block, before the other in order
    volume[1, 1, 1, 8] = 1  # joins with the last gene
    nib.save(nib.Nifti1Image(volume, np.eye(4)), tmp_path / "late.nii.gz")
    read = read_expression(tmp_path / "late.nii.gz")
    assert read.samples == ("0_0_1", "1_1_1", "2_1_0")
    expected = [volume[0, 0, 1], volume[1, 1, 1], volume[2, 1, 0]]
    np.testing.assert_array_equal(read.values, expected)


@pytest.mark.parametrize("tile", [1, 5, 1 << 10])
@pytest.mark.parametrize("genes_a_block", [2, 3, 7])
def test_tiles_and_blocks_give_the_voxels_that_vary(tile, genes_a_block, tmp_path, monkeypatch):
    """With gaps between voxels, zeros of both signs, and NaN of several kinds outside."""
    from napari_compressed_transcriptomics.io.readers import nifti_expression

    rng = np.random.default_rng(5)
    volume = rng.random((5, 4, 3, 7), np.float32)
    outside = rng.random(volume.shape[:3]) < 0.4
    volume[outside] = 0
    volume[outside, 3] = -0.0
    kinds = np.array([0x7FC00000, 0x7FC00001, 0xFFC00000], np.uint32).view(np.float32)
    volume[0, 0], outside[0, 0] = kinds[[0, 1, 2, 0, 0, 1, 1]], True
    nib.save(nib.Nifti1Image(volume, np.eye(4)), tmp_path / "x.nii")
    monkeypatch.setattr(nifti_expression, "_TILE", tile)
    monkeypatch.setattr(nifti_expression, "_BLOCK_BYTES", 8 * 60 * genes_a_block)
    read = read_expression(tmp_path / "x.nii")
    np.testing.assert_array_equal(read.parcellation.labels > 0, ~outside)
    np.testing.assert_array_equal(read.values, volume[~outside])


def test_scaled_and_big_endian_nifti(las, tmp_path):
    stored = np.nan_to_num(las.parcellation.paint(np.rint(las.values * 1000))).astype(">i2")
    header = nib.Nifti1Header(endianness=">")
    image = nib.Nifti1Image(stored, las.parcellation.affine, header)
    image.header.set_slope_inter(0.001, 0.25)
    nib.save(image, tmp_path / "scaled.nii.gz")
    stored_slope = nib.load(tmp_path / "scaled.nii.gz").dataobj.slope
    read = read_expression(tmp_path / "scaled.nii.gz")
    expected = nib.load(tmp_path / "scaled.nii.gz").get_fdata()[las.parcellation.labels > 0]
    assert stored_slope != 1
    np.testing.assert_allclose(read.values, expected, rtol=1e-6)


def test_genes_are_numbered_with_a_note_where_nothing_names_them(las, tmp_path):
    path = write_nifti(tmp_path, las, "phantom.nii")
    (tmp_path / "phantom.genes.tsv").unlink()
    read = read_expression(path)
    assert read.genes[:2] == ("gene_00001", "gene_00002")
    assert any("phantom.nii" in note and "NAME.genes.tsv" in note for note in read.notes)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("phantom.genes.tsv", "id\tgene\n1\tA\n2\tNA\n3\tC\n4\tD\n5\tE\n"),
        ("phantom.genes.txt", "A\nNA\nC\nD\nE\n"),
        ("phantom.json", json.dumps({"genes": ["A", "NA", "C", "D", "E"]})),
    ],
)
def test_gene_sidecars(name, text, las, tmp_path):
    path = write_nifti(tmp_path, las, "phantom.nii")
    (tmp_path / "phantom.genes.tsv").unlink()
    (tmp_path / name).write_text(text)
    assert read_expression(path).genes == ("A", "NA", "C", "D", "E")


def test_packed_table_is_what_its_name_says(las, tmp_path):
    path = write_table(tmp_path, las, "phantom.csv.gz")
    assert gzip.decompress(path.read_bytes()).startswith(b"id,label,A1BG,NA")


ENSEMBL = ("ENSG00000022355.4", "ENSG00000121410.12", "ENSG00000141510", "ENSG00000181790.1")
ENTREZ = ("2554", "1", "7157", "575")


@pytest.mark.parametrize(("ids", "kind"), [(ENSEMBL, "ensembl"), (ENTREZ, "entrez")])
@pytest.mark.parametrize("name", FORMATS)
def test_genes_by_id_get_their_symbols_in_every_format(name, ids, kind, tmp_path):
    phantom = make_phantom(genes=ids)
    read = read_expression(FORMATS[name](tmp_path, phantom, name))
    assert read.genes == ("GABRA1", "A1BG", "TP53", "ADGRB1")
    row = [read.samples.index(sample) for sample in phantom.samples]
    np.testing.assert_array_equal(read.values[row], phantom.values)
    assert sum("shown by their symbols" in note for note in read.notes) == 1
    record = read.source["gene_ids"]
    assert (record["kind"], record["translated"], record["unknown"]) == (kind, 4, 0)
    json.dumps(read.source)
