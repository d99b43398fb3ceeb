"""One 3-D NIfTI per gene: read exactly from folders, zips and lists, or refused in one sentence."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine

import gene_maps
from data import real_data
from gene_maps import GENES, log_phantom, maps_of, save, zipped
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, sniff
from napari_compressed_transcriptomics.io.files.overwriting import refuse_overwriting
from napari_compressed_transcriptomics.io.readers.gene_volumes.plan import plan_gene_volumes
from phantom import AFFINES

FORMS = [gene_maps.flat, gene_maps.nested, gene_maps.zips, gene_maps.plain]


@pytest.fixture
def maps(tmp_path):
    """A folder of flat maps; its phantom has `affine`."""
    return gene_maps.flat(tmp_path / "maps", log_phantom())


def file_of(folder, gene):
    return folder / f"{gene}_mirr_mRNA.nii.gz"


def change(folder, gene, make, affine=None):
    """Write the map of a gene anew, as `make` changes it."""
    path = file_of(folder, gene)
    image = nib.load(path)
    volume = make(image.get_fdata().copy())
    return save(path, volume, image.affine if affine is None else affine)


def refused(paths, **how):
    with pytest.raises(UserError) as error:
        read_expression(paths, **how)
    return str(error.value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("affine", ["LAS", "permuted"])
def test_each_form_holds_the_same(form, affine, tmp_path):
    phantom = log_phantom(affine=AFFINES[affine])
    (tmp_path / "maps").mkdir()
    folder = form(tmp_path / "maps", phantom)
    assert sniff(folder) == "gene_volumes"
    read = read_expression(folder)
    assert (read.genes, read.name) == (phantom.genes, "maps")
    np.testing.assert_array_equal(read.values, phantom.values)
    np.testing.assert_array_equal(read.parcellation.labels, phantom.parcellation.labels)
    np.testing.assert_allclose(read.parcellation.affine, phantom.parcellation.affine, atol=1e-6)
    (note,) = read.notes
    assert f"{phantom.n_samples} voxels in which at least half of the 6 maps have data" in note
    assert read.source["expression"] | {"sha256": ""} == {
        "path": str(folder.resolve()),
        "n_files": 6,
        "sha256": "",
    }


def test_entrez_ids_in_names_become_symbols(tmp_path):
    phantom = log_phantom(genes=("2554", "2555", "2556", "2557", "2558"))
    read = read_expression(gene_maps.nested(tmp_path / "maps", phantom))
    assert read.genes == ("GABRA1", "GABRA2", "GABRA3", "GABRA4", "GABRA5")
    np.testing.assert_array_equal(read.values, phantom.values)


def test_a_list_of_files(maps):
    chosen = [file_of(maps, gene) for gene in GENES[:3]]
    assert sniff(list(map(str, chosen))) == "gene_volumes"
    read = read_expression(list(map(str, chosen)))
    assert read.genes == GENES[:3]
    assert read.source["expression"]["files"] == [path.name for path in chosen]
    assert "a.csv is not NIfTI" in refused([*chosen, maps / "a.csv"])
    assert "no file" in refused([])


def test_one_gene_at_a_time_is_what_the_matrix_holds(maps):
    volumes = plan_gene_volumes(maps)
    assert volumes.n_voxels == log_phantom().n_samples
    for i, gene in enumerate(volumes.genes):
        np.testing.assert_array_equal(volumes.read_gene(i), log_phantom().values[:, i])
        assert gene == GENES[i]


def test_the_hash_tells_that_a_map_changed(maps):
    before = read_expression(maps).source["expression"]["sha256"]
    assert read_expression(maps).source["expression"]["sha256"] == before
    change(maps, "990003", lambda volume: volume * 1.01)
    assert read_expression(maps).source["expression"]["sha256"] != before


def test_measured_and_mirrored_are_never_mixed(maps):
    phantom = log_phantom()
    measured = replace(phantom, values=phantom.values + 1).values
    for i, (gene, volume) in enumerate(maps_of(phantom).items()):
        if i < 5:
            save(
                maps / f"{gene}_mRNA.nii", (volume + 1) * (volume > 0), phantom.parcellation.affine
            )
    sentence = refused(maps)
    assert "5 gene(s) as measured (_mRNA) and 6 mirrored" in sentence
    assert "--variant" in sentence
    np.testing.assert_array_equal(read_expression(maps, variant="mirrored").values, phantom.values)
    read = read_expression(maps, variant="measured")
    np.testing.assert_allclose(read.values, measured[:, :5], rtol=1e-6)
    assert "1 gene(s) of maps have no measured map (990006)" in read.notes
    assert "choose measured or mirrored" in refused(maps, variant="both")


def test_a_variant_that_is_not_there(maps, tmp_path):
    assert "no measured maps" in refused(maps, variant="measured")
    table = tmp_path / "t.csv"
    table.write_text("x")
    assert "leave variant" in refused(table, variant="measured")


def test_two_files_of_one_gene_are_named(maps):
    save(maps / "deeper" / "990002_mirr_mRNA.nii", np.zeros((2, 2, 2)), np.eye(4))
    sentence = refused(maps)
    assert "990002_mirr_mRNA.nii.gz and " in sentence
    assert "are both of gene 990002; keep one" in sentence


def test_other_volumes_among_the_maps_are_refused(maps):
    save(maps / "atlas.nii.gz", np.zeros((2, 2, 2)), np.eye(4))
    assert "1 other volume(s) (atlas.nii.gz)" in refused(maps)


def test_a_mask_among_plain_names_is_no_gene(tmp_path):
    phantom = log_phantom()
    folder = gene_maps.plain(tmp_path / "maps", phantom)
    save(folder / "mask.nii.gz", np.uint8(phantom.parcellation.labels > 0), AFFINES["LAS"])
    assert "1 of 7 volumes of maps (mask.nii.gz) hold labels, a mask" in refused(folder)


def test_the_map_on_another_grid_is_named(maps):
    change(maps, "990004", lambda volume: volume[:-1])
    assert (
        "1 of 6 maps of maps lie on another grid (990004_mirr_mRNA.nii.gz: 5 x 5 x 7 voxels where "
        "the rest have 6 x 5 x 7)"
    ) in refused(maps)


def test_the_map_in_another_place_is_named(maps):
    moved = AFFINES["LAS"].copy()
    moved[0, 3] += 1
    change(maps, "990001", lambda volume: volume, moved)
    sentence = refused(maps)
    assert "990001_mirr_mRNA.nii.gz: other positions in mm" in sentence


def test_a_4d_file_is_named(maps):
    save(file_of(maps, "990009"), np.zeros((6, 5, 7, 3)), AFFINES["LAS"])
    assert "990009_mirr_mRNA.nii.gz is 4-D (6 x 5 x 7 x 3)" in refused(maps)


@pytest.mark.parametrize("unpacked", [False, True])
def test_a_file_cut_in_the_middle_is_named(unpacked, tmp_path):
    folder = gene_maps.flat(
        tmp_path / "m", log_phantom(), "_mRNA.nii" if unpacked else "_mRNA.nii.gz"
    )
    path = next(folder.glob("990003*"))
    path.write_bytes(path.read_bytes()[:-100])
    sentence = refused(folder)
    assert path.name in sentence
    assert "cut short" in sentence


def test_folders_without_maps(tmp_path):
    assert f"{tmp_path.name} holds no NIfTI" in refused(tmp_path)
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "x.zip").write_bytes(zipped(tmp_path / "y.zip", readme="text").read_bytes())
    assert "holds no NIfTI" in refused(tmp_path)
    save(tmp_path / "a_mRNA.nii", np.zeros((3, 3, 3)), np.eye(4))
    assert "no voxel in which half of the maps have data" in refused(tmp_path)


def test_what_else_lies_there_is_left_alone(maps):
    for name in ("._990001_mirr_mRNA.nii.gz", ".DS_Store", "readme.txt", "summary.json"):
        (maps / name).write_text("x")
    (maps / "old.csv").write_text("x")
    read = read_expression(maps)
    assert read.genes == GENES
    assert read.notes[0] == ("1 other file(s) of maps that look like data (old.csv) are ignored")


def test_bad_maps_are_refused_left_out_or_filled(maps):
    phantom = log_phantom()
    inside = np.argwhere(phantom.parcellation.labels)
    holes, junk = tuple(inside[3]), tuple(inside[5])

    def spoil(volume):
        volume[holes], volume[junk] = np.nan, 250
        return volume

    change(maps, "990002", spoil)
    change(maps, "990005", lambda volume: np.where(volume == volume[junk], 0, volume))
    sentence = refused(maps)
    assert "990002: 1 without data and 1 far outside, 990005: 1 without data)" in sentence
    assert "--impute drop_genes" in sentence

    read = read_expression(maps, impute="drop_genes")
    assert read.genes == ("990001", "990003", "990004", "990006")
    np.testing.assert_array_equal(read.values, phantom.values[:, [0, 2, 3, 5]])
    assert "2 gene(s) with bad maps are left out" in read.notes[-1]

    read = read_expression(maps, impute="gene_mean")
    assert read.genes == GENES
    assert sorted(map(tuple, read.imputed)) == [(3, 1), (5, 1), (5, 4)]
    good = np.delete(phantom.values[:, 1], [3, 5])
    assert read.values[3, 1] == read.values[5, 1] == np.float32(good.mean(dtype=np.float64))
    own = np.ones(read.values.shape, bool)
    own[tuple(read.imputed.T)] = False
    np.testing.assert_array_equal(read.values[own], phantom.values[own])


def test_a_map_without_data_cannot_be_filled(maps):
    change(maps, "990002", lambda volume: volume * np.nan)
    assert "990002 has no data within the brain" in refused(maps, impute="gene_mean")
    assert "990002" not in read_expression(maps, impute="drop_genes").genes


def test_zero_is_a_value_where_most_maps_have_it(maps):
    for gene in GENES[:4]:
        change(maps, gene, lambda volume: np.where(volume == volume.max(), 0, volume))
    read = read_expression(maps)
    assert np.count_nonzero(read.values == 0) == 4
    assert "0 within the brain is taken for a value: 4 of 6 maps have it" in read.notes


def test_results_cannot_be_written_among_the_maps(maps, tmp_path):
    source = read_expression(maps).source
    with pytest.raises(UserError, match="among the files of its own input"):
        refuse_overwriting([maps / "new" / "latents.nii.gz"], source)
    refuse_overwriting([tmp_path / "latents.nii.gz"], source)
    source = read_expression([file_of(maps, "990001"), file_of(maps, "990002")]).source
    with pytest.raises(UserError, match="is an input"):
        refuse_overwriting([file_of(maps, "990002")], source)
    refuse_overwriting([file_of(maps, "990003")], source)


def test_regions_of_maps(maps, tmp_path):
    phantom = log_phantom()
    halves = 1 + (phantom.parcellation.labels > 10)
    atlas = save(tmp_path / "a.nii", np.int16(halves), phantom.parcellation.affine)
    read = read_expression(maps, atlas=atlas)
    np.testing.assert_allclose(read.values[0], phantom.values[:10].mean(axis=0), rtol=1e-5)
    assert "leave ids out" in refused(maps, ids="id")


def test_folders_of_others_are_not_claimed(tmp_path):
    def folder(name, *files):
        for file in files:
            save(tmp_path / name / file, np.ones((3, 3, 3), np.float32), np.eye(4))
        return tmp_path / name

    assert sniff(folder("bids", "sub-01_T1w.nii.gz", "sub-01_T2w.nii.gz")) is None
    assert sniff(folder("tumour", "T1.nii", "T1CE.nii", "T2.nii", "FLAIR.nii")) is None
    assert sniff(folder("genes", "GABRA1.nii", "C1orf112.nii.gz")) == "gene_volumes"
    assert sniff(folder("genes", "T1.nii")) is None
    labels = folder("labels", "1.nii", "2.nii")
    for path in labels.iterdir():
        image = nib.Nifti1Image(np.ones((3, 3, 3), np.float32), np.eye(4))
        image.header.set_intent("label")
        nib.save(image, path)
    assert sniff(labels) is None
    for name, files in {
        "image.zarr": ("zarr.json", ".zattrs", "0"),
        "dicom": ("IM0001.dcm", "DICOMDIR"),
        "photos": ("a.png", "b.zip"),
        "empty": (),
    }.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_bytes(b"x")
        assert sniff(tmp_path / name) is None
    assert sniff([str(tmp_path / "bids" / "sub-01_T1w.nii.gz")] * 2) is None


def test_the_real_maps():
    folder = real_data("mrna")
    read = read_expression(folder, impute="drop_genes")
    assert read.values.shape == (185_682, 14)
    assert "GABRD: 3,167 without data" in read.notes[-1]
    assert "GRIN2C: 22,315 without data" in read.notes[-1]
    rng = np.random.default_rng(3)
    for gene in ("GABRA1", "GRM5"):
        image = nib.load(folder / f"{gene}_mirr_mRNA.nii.gz")
        data = image.get_fdata()
        for row in rng.integers(0, read.n_samples, 200):
            place = tuple(map(int, read.samples[row].split("_")))
            assert read.values[row, read.column(gene)] == np.float32(data[place])
            mm = apply_affine(image.affine, place)
            assert read.parcellation.sample_at(mm) == row
    np.testing.assert_array_equal(read.parcellation.affine, image.affine)
