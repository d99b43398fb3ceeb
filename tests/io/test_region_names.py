"""Names of regions and label tables, as they are really written."""

import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.readers.region_names import (
    match_names,
    read_region_names,
    region_key,
    structure_key,
    unique_names,
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("L_bankssts", ("L", "bankssts")),
        ("lh.bankssts", ("L", "bankssts")),
        ("ctx-rh-bankssts", ("R", "bankssts")),
        ("Lthal", ("L", "thal")),
        ("Raccumb", ("R", "accumb")),
        ("HIP-rh", ("R", "hip")),
        ("Left-Thalamus-Proper", ("L", "thalamusproper")),
        ("7Networks_LH_Vis_1", ("L", "7networks:vis_1")),
        ("17Networks_RH_VisCent_ExStr_2", ("R", "17networks:viscentexstr_2")),
        ("lh_17Networks_LH_VisCent_ExStr_2", ("L", "17networks:viscentexstr_2")),
        ("G_Frontal_Sup-1-L", ("L", "gfrontalsup_1")),
        ("Precentral_R", ("R", "precentral")),
        # A leading l or r is a side only before a subcortical structure.
        ("lingual", ("", "lingual")),
        ("rostralmiddlefrontal", ("", "rostralmiddlefrontal")),
        ("brainstem", ("", "brainstem")),
    ],
)
def test_region_key(name, key):
    assert region_key(name) == key


def test_numbers_do_not_run_together():
    assert region_key("L_Vis_1_1") != region_key("L_Vis_11")


def test_synonyms_of_structures():
    spellings = ["Lthal", "L_thalamusproper", "pTHA-lh", "aTHA-lh", "Left-Thalamus"]
    assert {structure_key(name) for name in spellings} == {("L", "thal")}
    for enigma, abagen, tian in [
        ("caud", "caudate", "CAU"),
        ("put", "putamen", "PUT"),
        ("pal", "pallidum", "GP"),
        ("accumb", "accumbensarea", "NAc"),
        ("hippo", "hippocampus", "HIP"),
        ("amyg", "amygdala", "AMY"),
    ]:
        names = (f"R{enigma}", f"R_{abagen}", f"{tian}-rh")
        assert {structure_key(name) for name in names} == {("R", enigma)}


def test_two_ids_are_one_row_only_where_the_table_has_one(tmp_path):
    names = {3: "pTHA-rh", 4: "aTHA-rh"}
    assert match_names(["Rthal"], names, tmp_path) == {3: 0, 4: 0}
    assert match_names(["aTHA-rh", "pTHA-rh"], names, tmp_path) == {3: 1, 4: 0}
    # Two ids of the very same name are one row, too.
    assert match_names(["L_x"], {1: "L_x", 2: "L_x"}, tmp_path) == {1: 0, 2: 0}


def test_two_rows_for_one_region_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"t\.csv has two rows for one region \(L_x and lh\.x\)"):
        match_names(["L_x", "lh.x"], {1: "L_x"}, tmp_path / "t.csv")
    with pytest.raises(UserError, match="two rows"):
        match_names(["Lthal", "Left-Thalamus"], {1: "pTHA-lh"}, tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.csv", "id,label,hemisphere,structure\n1,insula,L,cortex\n2,insula,R,cortex\n"),
        ("b.csv", "\ufeffindex,name\n0,Background\n1,insula_L\n2,insula_R\n"),
        ("c.tsv", "label\tname\n1\tL_insula\n2\tR_insula\n"),
        ("d.csv", "1,L_insula\n2,R_insula\n"),
        ("e.txt", "L-insula\n1 10 20 30 255\nR-insula\n2 40 50 60 255\n"),
        ("g.csv", "hemisphere,id,label\nL,1,insula\nR,2,insula\n"),
        ("h.txt", "1 Left Insula 220 216 20 0\n2 Right Insula 103 255 255 0\n"),
        ("i.tsv", "1\tleft insula\t220\t216\t20\n2\tright insula\t1\t2\t3\n"),
        ("f.txt", "# FreeSurfer\n0 Unknown 0 0 0 0\n1 L_insula 9 9 9 0\n2 R_insula 1 1 1 0\n"),
    ],
)
def test_label_tables(file, text, tmp_path):
    (tmp_path / file).write_text(text, "utf-8")
    names = read_region_names(tmp_path / file)
    assert {i: region_key(name) for i, name in names.items()} == {
        1: ("L", "insula"),
        2: ("R", "insula"),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,label\n1,a\n1,b\n", "two names"),
        ("id,colour\n1,red\n", "no column of names"),
        ("label,colour\nx,red\n", "no column of ids"),
        ("id,label\n1,a\n2\n", "line 3"),
        ("id,label\n", "names no region"),
        ("²,L_a\n", "no column"),
        ("² L_a 1 2 3 0\n", "no column"),
        ("L_a\n² 1 2 3 0\n", "no column"),
        ("1 L_a 1 2 ² 0\n", "no column"),
        ("1 L_a 1 2 256\n", "no column"),
        ("id,label\n" + "1,a\n" * 1_000_001, "too long"),
    ],
)
def test_faulty_label_tables(text, words, tmp_path):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UserError, match=words) as refusal:
        read_region_names(tmp_path / "labels.csv")
    assert "labels.csv" in str(refusal.value)


def test_numbers_at_the_end_of_names_are_no_colours(tmp_path):
    table = tmp_path / "lut.txt"
    areas = [(1, "Area 1"), (2, "Area 2"), (3, "Area 3")]
    for n_colours, others in ((3, "4 Insula"), (3, "4 Area 4"), (4, "4 Area 4")):
        opacity = " 0" * (n_colours - 3)
        lines = [f"{i} {name} {50 * i} 10 {20 * i}{opacity}" for i, name in areas]
        table.write_text("\n".join([*lines, f"{others} 9 9 9{opacity}"]))
        assert read_region_names(table) == {**dict(areas), 4: others[2:]}


def test_what_is_no_label_table_is_not_told(tmp_path):
    secret = "root:$6$bD8w2vWmR4sT9xQz:20228:0:99999:7:::"
    (tmp_path / "labels.csv").write_text(f"{secret}\ndaemon:*:1\n")
    with pytest.raises(UserError, match="no column of ids") as refusal:
        read_region_names(tmp_path / "labels.csv")
    assert "root" not in str(refusal.value)
    (tmp_path / "labels.csv").write_text(f"name,{'x' * 40}\na,b\n")
    with pytest.raises(UserError, match=r"its columns are name, x{12}…x{11}$"):
        read_region_names(tmp_path / "labels.csv")


def test_long_names_are_not_taken_apart():
    """Neither is a region's; the time to look for sides in them grows with its square."""
    for name in ("x" + "_" * 100_000 + "q", "l" + "-" * 100_000):
        assert region_key(name) == ("", name)


def test_ids_that_share_a_name_are_told_apart():
    names = {1: "hippo", 2: "hippo", 3: "amyg"}
    assert unique_names([1, 2, 3, 4], names) == ["hippo (1)", "hippo (2)", "amyg", "4"]


def test_real_label_tables():
    dk = read_region_names(real_data("atlas/dk_abagen_labels.csv"))
    assert len(dk) == 83
    assert (dk[1], dk[42], dk[83]) == ("L_bankssts", "R_bankssts", "brainstem")
    tian = read_region_names(real_data("atlas/schaefer100_tianS1_labels.txt"))
    assert len(tian) == 116
    assert (tian[1], tian[11], tian[17]) == ("HIP-rh", "pTHA-lh", "7Networks_LH_Vis_1")
    assert len(read_region_names(real_data("atlas/schaefer200_tianS1_labels.txt"))) == 216
    aicha = read_region_names(real_data("atlas/aicha_labels.csv"))
    assert (len(aicha), aicha[2]) == (384, "G_Frontal_Sup-1-R")


def test_real_table_that_gives_an_id_twice(tmp_path):
    text = real_data("atlas/dk_order_enigma.csv").read_text("utf-8-sig")
    text = text.replace("Region", "label").replace("Enigma_order", "id")
    (tmp_path / "order.csv").write_text(text)
    with pytest.raises(UserError, match=r"id 79 two names \(R_caudate and R_hippocampus\)"):
        read_region_names(tmp_path / "order.csv")


def test_real_table_that_starts_with_a_byte_order_mark():
    with pytest.raises(UserError, match=r"its columns are Region, Freesurfer_order"):
        read_region_names(real_data("atlas/dk_order_enigma.csv"))


def test_a_colour_table_that_lacks_a_name(tmp_path):
    path = tmp_path / "lut.txt"
    path.write_text("1 L_a 10 20 30 0\n2 20 30 40 0\n3 R_a 30 40 50 0\n")
    with pytest.raises(UserError, match="no name for the id 2"):
        read_region_names(path)


def test_two_columns_of_one_name(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("id,id,label\n2,1,L_a\n3,2,L_b\n")
    with pytest.raises(UserError, match="has two columns 'id'"):
        read_region_names(path)
