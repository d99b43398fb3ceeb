"""Tables whose header lacks a cell, whose cells are no numbers, or that unpack to very much."""

import gzip
import json
import os

import nibabel as nib
import numpy as np
import pytest

from faults import refuses
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, sniff
from napari_compressed_transcriptomics.io.files import text
from napari_compressed_transcriptomics.io.readers.parquet import read_parquet
from napari_compressed_transcriptomics.io.readers.row_names import read_row_names
from napari_compressed_transcriptomics.io.readers.text_table import read_text_table

ROWS = ("L_a,0.1,0.2,0.3", "L_b,0.4,0.5,0.6", "R_a,0.7,0.8,0.9")


@pytest.fixture
def folder(tmp_path):
    """A folder with an atlas and a label table for ``t.*``."""
    labels = np.zeros((3, 3, 3), np.uint8)
    labels[0], labels[1], labels[2] = 1, 2, 3
    affine = np.diag([2.0, 2, 2, 1])
    affine[0, 3] = -3
    nib.save(nib.Nifti1Image(labels, affine), tmp_path / "t_atlas.nii.gz")
    (tmp_path / "t_labels.csv").write_text("id,label\n1,L_a\n2,L_b\n3,R_a\n")
    return tmp_path


def written(folder, *lines, name="t.csv"):
    path = folder / name
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


# Headers


def test_a_header_without_one_gene_is_no_header_of_r(folder):
    """Each gene after the gap would get its neighbour's values."""
    known = ("label", "Region", "Row", "rownames", "Unnamed: 0", "parcel_name", "ID", "", ".")
    for first in known:
        told = refuses(written(folder, f"{first},A1BG,TP53", *ROWS))
        assert "4 cells in line 2 (row L_a)" in told
        assert "3 in its header (line 1)" in told
        assert "column 4" in told


def test_headers_of_r_are_told(folder):
    for genes in ("A1BG,ID1,TP53", "GENE1,NA,REG1A"):
        read = read_expression(written(folder, genes, *ROWS))
        assert read.genes == tuple(genes.split(","))
        assert any("write.table" in note and "first column" in note for note in read.notes)
    told = refuses(written(folder, "A1BG,ID1,TP53", *ROWS[:2], "R_a,0.7,0.8"))
    assert "3 cells in line 4 (row R_a)" in told


SEPARATORS = ((",", "comma"), ("\t", "tab"), (";", "semicolon"))


@pytest.mark.parametrize(("separator", "called"), SEPARATORS)
def test_rows_that_end_in_a_separator(folder, separator, called):
    for header in ("label,A,B,C", "A,B,C"):
        rows = ROWS if header == "A,B,C" else [f"{row}," for row in ROWS]
        lines = [header, rows[0], rows[1], rows[2].rsplit(",", 1)[0] + ","]
        path = written(folder, *(line.replace(",", separator) for line in lines))
        told = refuses(path, impute="drop_genes")
        assert f"end in a {called}" in told
        assert f"(row {'L_a' if 'label' in header else 'R_a'})" in told
    some = written(folder, "label,A,B,C", ROWS[0], f"{ROWS[1]},", ROWS[2])
    assert "line 3 (row L_b)" in refuses(some)


def test_unbalanced_quotes_name_their_line(folder):
    assert 'unbalanced quote (") in line 1' in refuses(written(folder, 'label,A,"B,C', *ROWS))
    told = refuses(written(folder, "label,A,B,C", ROWS[0], 'L_b,0.4,"0.5,0.6', ROWS[2]))
    assert 'unbalanced quote (") in line 3' in told
    fine = written(folder, 'label,A,"B, ""b""",C', *ROWS)
    assert read_expression(fine).genes == ("A", 'B, "b"', "C")


# Cells


def test_digits_of_other_scripts_are_no_numbers(folder):
    for cell in ("²", "٣", "1²"):
        told = refuses(written(folder, "label,A,B,C", ROWS[0], f"L_b,0.4,{cell},0.6", ROWS[2]))
        assert cell in told
        assert "line 3 (row L_b), gene B" in told


def test_infinite_and_missing_cells_name_line_and_row(folder):
    told = refuses(written(folder, "label,A,B,C", "", ROWS[2], "L_b,0.4,inf,0.6", ROWS[0]))
    assert "row L_b (line 4), gene B" in told
    told = refuses(written(folder, "label,A,B,C", "L_b,,,", ROWS[2], "L_a,0.4,,0.6"))
    assert "row L_a (line 4), gene B" in told


def test_counters_and_dates_among_genes_are_named(folder):
    rows = [f"{row},{i},{7 * i},0.5,0.5,0.5" for i, row in enumerate(ROWS)]
    header = "label,A,B,C,Unnamed: 5,level_0,2-Sep,Mar-01,1-Dec-24"
    notes = read_expression(written(folder, header, *rows)).notes
    assert any("2 gene(s)" in n and "(Unnamed: 5, level_0)" in n for n in notes)
    assert any("3 gene symbol(s)" in n and "(2-Sep, Mar-01, 1-Dec-24)" in n for n in notes)
    header = "label,A,B,C,JUN.1,MARCHF1,SEPTIN2,DEC1,HLA-A"
    assert read_expression(written(folder, header, *rows)).notes == ()


# Sizes


def test_a_long_cell_and_a_long_line(folder):
    long = written(folder, "label,A,B,C", ROWS[0], f'L_b,0.1,"{"9" * 200_000}",1')
    assert "more than 131,072 characters in line 3" in refuses(long)
    path = written(folder, "a" * ((1 << 25) + 1), name="t.csv.gz")
    assert "33,554,432 characters in line 1" in refuses(path)
    columns = written(folder, "label" + ",G" * 1_000_001, name="t.csv.gz")
    assert "1,000,000 cells in line 1" in refuses(columns)


def test_blank_lines_without_end_are_refused(folder):
    path = written(folder, "label,A,B,C", "\n" * (1 << 19), ROWS[0], name="t.csv.gz")
    assert "blank lines up to line" in refuses(path)
    some = written(folder, "", "label,A,B,C", "\n" * 1000, *ROWS, name="t.csv.gz")
    assert read_expression(some).n_samples == 3


def test_what_unpacks_to_very_much_is_refused(folder, monkeypatch):
    path = written(folder, "label,A,B,C", *["L_a,0,0,0"] * 20_000, name="t.csv.gz")
    assert path.stat().st_size < 1_000
    monkeypatch.setattr(text, "_NO_BOMB", 10_000)
    assert "unpacked more than 200 times its size" in refuses(path)
    assert len(read_text_table(written(folder, "label,A", *["L_a,0"] * 9_000)).values) == 9_000


def test_sniffing_reads_only_the_beginning(tmp_path):
    def sniffed(*lines):
        path = written(tmp_path, *lines, name="some.csv.gz")
        read = gzip.GzipFile.read
        sizes = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gzip.GzipFile, "read", lambda s, n=-1: sizes.append(n) or read(s, n))
            kind = sniff(path)
        assert all(0 < size <= 1 << 16 for size in sizes), sizes
        assert sum(sizes) < 1 << 17
        return kind

    genes = ",".join(f"GENE{i}" for i in range(20_000))
    assert sniffed(f"label,{genes}", "x,1") == "table_without_atlas"
    assert sniffed(f'"label","{genes}"', "x,1") is None
    few = ",".join(f"G{i}" for i in range(12))
    assert sniffed(f"label,{few}", "L_a" + ",0.5" * 12) == "table_without_atlas"
    assert sniffed(f"label,{few}", "L_a" + ",x" * 12) is None
    assert sniffed("a" * 10_000_000) is None
    assert sniffed("\n" * 10_000_000) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_sniffing_waits_for_no_pipe(tmp_path):
    for name in ("p.csv", "p.csv.gz", "p.nii.gz", "p.parquet"):
        os.mkfifo(tmp_path / name)
        assert sniff(tmp_path / name) is None


# Lists


def test_lists_of_a_header_only(folder):
    path = written(folder, "label,hemisphere", name="list.csv")
    with pytest.raises(UserError, match=r"list\.csv has a header and no rows"):
        read_row_names(path)


# Parquet


def parquet(folder, **columns):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    metadata = columns.pop("metadata", None)
    table = pa.table({"label": ["L_a", "L_b", "R_a"], "A": [0.1, 0.2, 0.3], **columns})
    if metadata is not None:
        table = table.replace_schema_metadata({b"pandas": metadata})
    pq.write_table(table, folder / "t.parquet", compression="zstd")
    return folder / "t.parquet"


def test_parquet_columns_that_are_no_numbers_name_their_type(folder):
    import datetime

    when = datetime.datetime(2020, 1, 1)
    faulty = {
        "timestamp": [when] * 3,
        "date32": [when.date()] * 3,
        "duration": [datetime.timedelta(1)] * 3,
        "time64": [when.time()] * 3,
        "bool": [True, False, True],
        "binary": [b"0.5"] * 3,
        "list": [[1.0]] * 3,
        "struct": [{"x": 1.0}] * 3,
    }
    for kind, cells in faulty.items():
        told = refuses(parquet(folder, B=cells))
        assert f"holds {kind}" in told
        assert "column 'B'" in told
    assert "'1+2j'" in refuses(parquet(folder, B=["1+2j"] * 3))


def test_parquet_columns_of_every_kind_of_number(folder):
    import decimal

    pa = pytest.importorskip("pyarrow")
    numbers = [1, 2, 3]
    columns = {
        "whole": numbers,
        "half": pa.array(np.array(numbers, np.float16)),
        "decimal": [decimal.Decimal(n) for n in numbers],
        "text": [f"{n}.0" for n in numbers],
        "repeated": pa.array(numbers, pa.int32()).dictionary_encode(),
        "words": pa.array(["1", "2", "3"]).dictionary_encode(),
        "large": pa.array(["1", "2", "3"], pa.large_string()),
    }
    read = read_expression(parquet(folder, **columns))
    for gene in columns:
        np.testing.assert_array_equal(read.values[:, read.column(gene)], numbers)
    holes = parquet(folder, B=[1, None, 3], C=pa.array([2**63, None, 1], pa.uint64()))
    np.testing.assert_allclose(read_expression(holes, impute="gene_mean").values[1, 1], 2)


def test_parquet_of_categories_and_with_ids_in_any_column(folder):
    import pyarrow as pa

    labels = pa.array(["L_a", None, "L_a"]).dictionary_encode()
    path = parquet(folder, label=labels, A=pa.array([0.5, 2.0, 0.5]).dictionary_encode())
    read = read_parquet(path)
    assert list(read.describing["label"]) == ["L_a", "", "L_a"]
    np.testing.assert_array_equal(read.values[:, read.genes.index("A")], [0.5, 2, 0.5])
    path = parquet(folder, A=[0.1, 0.2, 0.3], id=[3, 1, 2])
    moved = read_parquet(path, ids="id")
    assert "id" not in moved.genes
    assert list(moved.describing["id"]) == ["3", "1", "2"]


def test_parquet_without_columns_or_with_rows_of_another_number(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({}), folder / "t.parquet")
    with pytest.raises(UserError, match=r"t\.parquet has no columns; get the file again"):
        read_parquet(folder / "t.parquet")
    counted = {"name": "row", "kind": "range", "start": 0, "stop": 7, "step": 1}
    metadata = json.dumps({"index_columns": [counted]}).encode()
    assert "metadata of pandas" in refuses(parquet(folder, metadata=metadata))


def test_parquet_metadata_of_pandas_that_is_odd(folder):
    for metadata in (
        b"no JSON",
        b"\xff",
        b"[]",
        b'{"index_columns": 3}',
        b'{"index_columns": ["nowhere"]}',
        b'{"index_columns": [[]]}',
        json.dumps({"index_columns": [{"name": "n", "start": 0, "stop": 10**30, "step": 1}]}),
    ):
        assert "metadata of pandas" in refuses(parquet(folder, metadata=metadata))
    read = read_expression(parquet(folder, metadata=b'{"index_columns": ["label"]}'))
    assert read.samples == ("L_a", "L_b", "R_a")


def test_parquet_that_takes_far_more_memory_than_disk(folder, monkeypatch):
    """Refused by its stated sizes or types, before it is read."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = folder / "t.parquet"
    cells = pa.array(np.zeros(10_000_000, np.int8))
    offsets = pa.array([0, len(cells)], pa.int32())
    nested = pa.table({"label": ["L_a"], "A": pa.ListArray.from_arrays(offsets, cells)})
    pq.write_table(nested, path, compression="zstd")
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    assert "list" in refuses(path)
    same = pa.array([0] * 1000).take(pa.array(np.zeros(1_000_000, np.int64)))
    pq.write_table(pa.table({f"G{i}": same for i in range(20)}), path, compression="zstd")
    assert path.stat().st_size < 200_000
    limit = "napari_compressed_transcriptomics.core.memory.available_memory"
    monkeypatch.setattr(limit, lambda: 200_000_000)
    assert "GB of memory" in refuses(path)


def test_parquet_texts_that_repeat_are_in_memory_once(folder):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    words = pa.array(["x" * 1000] * 5000)
    pq.write_table(pa.table({"label": words, "A": ["1"] * 5000}), folder / "t.parquet")
    texts = read_parquet(folder / "t.parquet").describing["label"]
    assert texts == ["x" * 1000] * 5000
    assert len(set(map(id, texts))) == 1


def test_damaged_parquet_is_one_sentence(folder):
    words = [f"word{i}" for i in (1, 2, 1)]
    raw = parquet(folder, B=words).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(raw)
        for place in rng.integers(0, len(raw), 3):
            damaged[place] = rng.integers(256)
        (folder / "t.parquet").write_bytes(damaged)
        with pytest.raises(UserError):  # B holds words
            read_expression(folder / "t.parquet")


def test_parquet_with_several_names_above_a_column(tmp_path):
    pytest.importorskip("pyarrow")
    import pandas as pd

    frame = pd.DataFrame(np.random.default_rng(0).random((2, 2)), ["L_a", "R_a"])
    frame.columns = pd.MultiIndex.from_product([["batch"], ["SST", "PVALB"]])
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    with pytest.raises(UserError, match="has 2 names above each column"):
        read_parquet(path)
