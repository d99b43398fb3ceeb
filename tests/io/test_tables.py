"""Tables as people really have them, and as they should not be."""

import sys

import nibabel as nib
import numpy as np
import pytest

from faults import refuses
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, sniff

HEADER = "id,A1BG,NA,TP53"
ROWS = ["1,0.1,0.2,0.3", "2,0.4,0.5,0.6", "4,0.7,0.8,0.9"]


@pytest.fixture
def table(tmp_path):
    """Write text (or bytes) as a table beside an atlas with the ids 1, 2, 4."""
    labels = np.zeros((3, 3, 3), np.uint8)
    labels[0], labels[1], labels[2] = 1, 2, 4
    nib.save(nib.Nifti1Image(labels, np.diag([2.0, 2, 2, 1])), tmp_path / "t_atlas.nii.gz")

    def write(text=None, name="t.csv", encoding="utf-8"):
        path = tmp_path / name
        text = "\n".join([HEADER, *ROWS]) + "\n" if text is None else text
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def assert_plain(expression):
    assert expression.genes == ("A1BG", "NA", "TP53")
    np.testing.assert_allclose(
        expression.values, [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]
    )
    np.testing.assert_allclose(expression.parcellation.centroids[:, 0], [0, 2, 4])


def test_a_gene_called_na_stays_and_rows_follow_their_ids(table):
    assert_plain(read_expression(table()))
    backwards = read_expression(table("\n".join([HEADER, *ROWS[::-1]])))
    np.testing.assert_allclose(backwards.gene_volume("A1BG")[:, 0, 0], [0.1, 0.4, 0.7])
    assert backwards.samples == ("4", "2", "1")


@pytest.mark.parametrize(("decimal", "note"), [(".", "semicolons"), (",", "decimal commas")])
def test_semicolons_and_decimal_commas_are_read_right_and_noted(table, decimal, note):
    text = "\n".join([HEADER, *ROWS]).replace(",", ";").replace(".", decimal)
    read = read_expression(table(text))
    assert_plain(read)
    assert any(note in n and "t.csv" in n for n in read.notes)


def test_decimal_commas_between_commas_are_refused(table):
    text = HEADER + "\n" + "\n".join(row.replace(".", ",") for row in ROWS)
    refuses(table(text), "line 2", "7 cells", "has 4", "decimal commas")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(table, encoding):
    read = read_expression(table(encoding=encoding))
    assert_plain(read)
    assert any("UTF-16" in note for note in read.notes) == (encoding == "utf-16")


def test_other_encodings_and_binary_are_refused(table):
    refuses(table("\n".join([HEADER, *ROWS]).encode("utf-16-le")), "UTF-8")
    # A byte that is no UTF-8, in the third line.
    refuses(table(f"{HEADER}\n{ROWS[0]}\n".encode() + b"\xe9,1,2,3\n"), "UTF-8")
    refuses(table(b"\x89PNG\r\n\x1a\n\0\0\0"), "PNG")
    refuses(table(b"PK\x03\x04\0\0\0"), "Excel")


def test_empty_and_misnamed(table, tmp_path):
    import gzip

    refuses(table(b""), "empty")
    refuses(table(b"\n\n"), "empty")
    refuses(tmp_path / "missing.csv", "no file")
    refuses(table(gzip.compress(b"id,A\n1,2\n")), "gzip", "t.csv.gz")
    refuses(table(b"id,A\n1,2\n", name="t.csv.gz"), "text")
    packed = gzip.compress("\n".join([HEADER, *ROWS]).encode())
    assert_plain(read_expression(table(packed, name="t.csv.gz")))
    refuses(table(packed[:-6], name="t.csv.gz"), "cut short")
    refuses(table(packed[:-8] + b"\0" * 8, name="t.csv.gz"), "damaged")


def test_ragged_rows_name_the_line(table):
    refuses(table(f"{HEADER}\n{ROWS[0]}\n\n2,0.4,0.5\n{ROWS[2]}\n"), "line 4", "3 cells", "has 4")
    refuses(table(f"{HEADER}\n{ROWS[0]}\n{ROWS[1]},9\n"), "line 3 (row 2)", "5 cells")


def test_blank_lines_quotes_and_windows_ends(table):
    text = (
        '"id","A1BG","NA","TP53"\r\n\r\n"1",0.1,"0.2",0.3\r\n2,0.4,0.5,0.6\r\n4,.7,.8,9e-1\r\n\r\n'
    )
    assert_plain(read_expression(table(text)))


def test_header_of_r(table):
    assert_plain(read_expression(table("\n".join(["A1BG,NA,TP53", *ROWS]))))


@pytest.mark.parametrize("cell", ["high", "0,5", "0_5", "1.2.3"])
def test_text_cells_name_row_and_gene(table, cell):
    refuses(table(f'{HEADER}\n{ROWS[0]}\n2,0.4,"{cell}",0.6\n{ROWS[2]}'), cell, "line 3", "gene NA")


@pytest.mark.parametrize("cell", ["inf", "-Inf", "1e39"])
def test_infinite_cells_name_row_and_gene(table, cell):
    refuses(
        table(f"{HEADER}\n{ROWS[0]}\n2,0.4,{cell},0.6\n{ROWS[2]}"), "row 2", "gene NA", "infinite"
    )


@pytest.mark.parametrize("cell", ["", "NaN", "NA", "nan", "null"])
def test_rows_without_data_are_excluded_and_said_once(table, cell):
    read = read_expression(table(f"{HEADER}\n{ROWS[0]}\n2,{cell},{cell},{cell}\n{ROWS[2]}"))
    assert read.excluded == ("2",)
    assert read.samples == ("1", "4")
    assert sum("without data (2)" in note for note in read.notes) == 1
    np.testing.assert_allclose(read.gene_volume("A1BG")[:, 0, 0], [0.1, np.nan, 0.7])


def test_single_missing_cells_are_refused_unless_imputed(table):
    path = table(f"{HEADER}\n1,0.1,NA,0.3\n2,,,\n4,0.7,0.8,0.9\n")
    refuses(path, "row 1", "gene NA", "1 empty cell", "gene_mean")
    filled = read_expression(path, impute="gene_mean")
    np.testing.assert_allclose(filled.values, [[0.1, 0.8, 0.3], [0.7, 0.8, 0.9]])
    assert filled.excluded == ("2",)
    assert filled.imputed.tolist() == [[0, 1]]
    assert any("1 empty cell(s) in 1 gene(s)" in note for note in filled.notes)
    dropped = read_expression(path, impute="drop_genes")
    assert dropped.genes == ("A1BG", "TP53")
    assert any("(NA)" in note for note in dropped.notes)
    with pytest.raises(UserError, match="impute is 'median'"):
        read_expression(path, impute="median")
    nothing = table(f"{HEADER}\n1,0.1,,0.3\n2,0.1,,0.3\n4,0.7,,0.9\n")
    refuses(nothing, "(NA)", "drop_genes", impute="gene_mean")


def test_duplicate_genes_and_nameless_genes(table):
    with pytest.raises(UserError, match=r"duplicate genes \(A1BG\)"):
        read_expression(table("id,A1BG,TP53,A1BG\n1,1,2,3\n2,1,2,3\n"))
    refuses(table("id,A1BG,,TP53\n1,1,2,3\n2,1,2,3\n"), "no gene symbol", "column 3")
    refuses(table("1,0.1,0.2\n2,0.3,0.4\n4,0.5,0.6\n"), "header")


def test_one_row_no_rows_no_genes(table):
    with pytest.raises(UserError, match=r"t has 1 usable sample"):
        read_expression(table("id,A,B\n1,1,2\n"))
    refuses(table("id,A,B\n"))
    with pytest.raises(UserError, match=r"0 gene"):
        read_expression(table("id\n1\n2\n4\n"))


def test_rows_that_nothing_names(table):
    refuses(table("A,B,C\n0.1,0.2,0.3\n0.4,0.5,0.6\n"), "region ids or names")
    # pandas' counter is no id: it starts with 0, and would be off by one.
    refuses(table(",A,B\n0,1,2\n1,3,4\n2,5,6\n"), "id 0", "counted")


def test_counter_before_names_is_ignored(table, tmp_path):
    (tmp_path / "t_labels.csv").write_text("id,label\n1,L_a\n2,mid\n4,R_a\n")
    read = read_expression(table("Unnamed: 0,region,A,B\n0,R_a,1,2\n1,L_a,3,4\n2,mid,5,6\n"))
    assert read.samples == ("R_a", "L_a", "mid")
    np.testing.assert_array_equal(read.gene_volume("A")[:, 0, 0], [3, 5, 1])


def test_abagens_rows_of_label_and_hemisphere(table, tmp_path):
    (tmp_path / "t_labels.csv").write_text("id,label,hemisphere\n1,a,L\n2,stem,B\n4,a,R\n")
    read = read_expression(table("label,hemisphere,A,B\na,R,1,2\na,L,3,4\nstem,B,5,6\n"))
    assert read.samples == ("R_a", "L_a", "stem")
    np.testing.assert_array_equal(read.gene_volume("A")[:, 0, 0], [3, 5, 1])


def test_transposed_tables_are_named_so(table, tmp_path):
    transposed = "gene,1,2,4\nA1BG,0.1,0.2,0.3\nTP53,0.4,0.5,0.6\n"
    refuses(table(transposed), "transpose")
    (tmp_path / "t_labels.csv").write_text("id,label\n1,L_a\n2,mid\n4,R_a\n")
    refuses(table("gene,L_a,mid,R_a\nA1BG,0.1,0.2,0.3\nTP53,0.4,0.5,0.6\n"), "transpose")
    # Genes as Entrez ids, one of which happens to be an atlas id.
    refuses(table("gene,L_a,mid,R_a\n1,0.1,0.2,0.3\n2157,0.4,0.5,0.6\n9,0,0,0\n"), "transpose")


def test_a_table_larger_than_memory_is_refused(table, monkeypatch):
    from napari_compressed_transcriptomics.io.readers import text_table as module

    path = table()
    monkeypatch.setattr(module, "available_memory", lambda: 50)
    refuses(path, "memory")


def test_parquet_needs_its_extra(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refuses(table(b"PAR1", name="t.parquet"), '"napari-compressed-transcriptomics[parquet]"')


def test_faulty_parquet(table, tmp_path):
    import pandas as pd

    refuses(table(b"PAR1 and nothing more", name="t.parquet"), "Parquet")
    frame = pd.DataFrame({"id": [1, 2], "A": ["x", "y"], "B": [1.0, 2.0]})
    frame.to_parquet(tmp_path / "t.parquet")
    refuses(tmp_path / "t.parquet", "'x'", "row 1", "gene A")
    frame["A"] = [None, 1.0]
    frame.to_parquet(tmp_path / "t.parquet")
    refuses(tmp_path / "t.parquet", "row 1", "gene A", "no value")
    assert sniff(tmp_path / "t.parquet") == "table"


def test_sniffing_claims_only_what_looks_like_expression(tmp_path):
    def kind(text):
        (tmp_path / "some.csv").write_text(text)
        return sniff(tmp_path / "some.csv")

    genes = ",".join(f"G{i}" for i in range(12))
    numbers = ",".join(["0.5"] * 11 + ["NaN"])
    assert kind(f"label,{genes}\nL_a,{numbers}\n") == "table_without_atlas"
    assert kind("index,axis-0,axis-1,axis-2\n0,1,2,3\n") is None
    components = ",".join(f"component_{i}" for i in range(12))
    assert kind(f"sample,{components}\nL_a,{numbers}\n") is None
    assert kind("name,comment\nx,y\n") is None
    assert kind("") is None
    (tmp_path / "some.json").write_text("broken")  # reading it says so
    assert (
        kind(f"label,{genes}\nL_a,{numbers}\n") == "table_without_atlas"
    )  # reading it says what is wrong
    (tmp_path / "some.json").write_text('{"atlas": "elsewhere.nii.gz"}')
    assert kind("label,G\nL_a,1\n") == "table"
