"""What genes are called: facts of HGNC, and what is not guessed."""

import gzip
import runpy
from pathlib import Path

import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.genes import hgnc
from napari_compressed_transcriptomics.core.genes.hgnc import (
    described,
    gene_table,
    kind_of,
    meanings,
    searched,
)
from napari_compressed_transcriptomics.core.genes.ids_to_symbols import translated
from napari_compressed_transcriptomics.core.genes.synonyms import counterparts
from phantom import make_phantom

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_gene_identities.py"
TABLE = Path(hgnc.__file__).with_name("hgnc.tsv.gz")


def counted(*genes):
    """A phantom of these genes whose columns hold 0, 1, 2 ..."""
    phantom = make_phantom(genes=genes)
    phantom.values[:] = np.arange(len(genes))
    return phantom


def test_the_table_is_small_and_says_what_it_is():
    assert TABLE.stat().st_size < 700_000
    with gzip.open(TABLE, "rt") as file:
        start = [next(file) for _ in range(3)]
    assert "HGNC" in start[0]
    assert gene_table().date in start[0]
    assert "CC0" in start[1]
    assert gene_table().name == "HGNC's table of 2023-02 at the latest"


def test_the_script_makes_the_table_that_is_shipped():
    make = runpy.run_path(str(SCRIPT))["make"]
    made = make(real_data("genes/hgnc.tsv.gz"), gene_table().date)
    # zlib packs the same differently from version to version
    assert gzip.decompress(made) == gzip.decompress(TABLE.read_bytes())
    assert made == make(real_data("genes/hgnc.tsv.gz"), gene_table().date)


def test_the_script_reads_the_complete_set_of_hgnc(tmp_path):
    source = tmp_path / "hgnc_complete_set.txt"
    source.write_text(
        "hgnc_id\tsymbol\talias_symbol\tprev_symbol\tentrez_id\tensembl_gene_id\n"
        'HGNC:7729\tSEPTIN2\t"hNedd5|KIAA0158"\t"SEPT2|NEDD5"\t4735\tENSG00000168385\n'
        "HGNC:5\tA1BG\t\t\t1\tENSG00000121410\n"
    )
    lines = gzip.decompress(runpy.run_path(str(SCRIPT))["make"](source, "2026-01-06")).decode()
    assert lines.splitlines()[0].endswith("2026-01-06 (up to HGNC:7729)")
    assert lines.splitlines()[2:] == [
        "symbol\tentrez\tensembl\tprevious\taliases",
        "A1BG\t1\tENSG00000121410\t\t",
        "SEPTIN2\t4735\tENSG00000168385\tNEDD5|SEPT2\tKIAA0158|hNedd5",
    ]


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("GABRA1", ("GABRA1",)),
        ("ENSG00000022355", ("GABRA1",)),
        ("ENSG00000022355.12", ("GABRA1",)),
        ("BAI1", ("ADGRB1",)),  # renamed
        ("SEPT2", ("SEPTIN2",)),  # its symbol before, and an alias of SEPTIN6
        ("KIAA1837", ("KIAA0319L",)),  # an alias
        ("CAST", ("CAST",)),  # also an alias of POLR1G
        ("AK3", ("AK3", "AK4")),  # a symbol, and the one that AK4 had before
        ("ACSM2", ("ACSM2A", "ACSM2B")),  # split
        ("ENSG00000230417", ("LINC00595", "LINC00856")),
        ("ENSG00000022355_PAR_Y", ()),
        ("2554", ()),  # a number means a gene only among numbers
        ("SYN0001", ()),
    ],
)
def test_what_a_name_may_mean(name, symbols):
    assert meanings(name) == symbols


def test_entrez_ids():
    assert meanings("2554", entrez=True) == ("GABRA1",)
    assert meanings("02554", entrez=True) == ()


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["2554", "7157", "575"], "entrez"),
        (["2554", "2555", "2556"], "entrez"),  # GABRA1 to GABRA3 do not count columns
        (["2554"], "entrez"),
        (["0", "1", "2"], "numbers"),
        (["1", "2", "3"], "numbers"),  # A1BG, A2M and A2MP1, or three columns
        (["10", "20", "30"], "numbers"),
        (["1"], "numbers"),
        ([str(2 * n + 37) for n in range(100)], "numbers"),
        (["9" * 5000, "1"], "symbols"),
        (["ENSG00000022355.4", "ENSG00000141510"], "ensembl"),
        (["A1BG", "TP53"], "symbols"),
        (["ENSMUSG00000022355"], "symbols"),
        ([], "symbols"),
    ],
)
def test_what_names_are(names, kind):
    assert kind_of(names) == kind


def test_a_list_of_entrez_ids_as_people_keep_it():
    ids = real_data("genes/AHBAEntrez.txt").read_text().split()
    read = translated(ids)
    assert read.kind == "entrez"
    assert read.unknown == ("23285", "114299", "643832", "730098", "653219")
    assert not read.ambiguous
    assert read.n_translated == len(ids) - 5
    assert read.genes[ids.index("348")] == "APOE"
    assert set(read.unknown) < set(read.genes)
    said, unknown = read.notes("ahba.txt")
    assert "2399 gene(s) of ahba.txt are named by Entrez ids" in said
    assert "5 of the Entrez ids" in unknown
    assert "730098" in unknown
    record = read.record()
    assert (record["translated"], record["unknown"], record["ambiguous"]) == (2399, 5, 0)
    # the ids can be had back: of each symbol from the table, and their hash tells
    table = gene_table()
    assert [table.row(g)[0] if g in table.rows else g for g in read.genes] == ids
    assert translated(reversed(ids)).record()["sha256"] != record["sha256"]


def test_two_ids_of_one_symbol_stay_as_they_are():
    names = ("ENSG00000022355.1", "ENSG00000022355.2", "ENSG00000141510", "ENSG00000230417")
    read = translated(names)
    assert read.genes == (*names[:2], "TP53", names[3])
    assert set(read.ambiguous) == {*names[:2], names[3]}
    assert "ENSG00000022355.1: GABRA1" in read.notes("x.csv")[1]
    assert "LINC00595 or LINC00856" in read.notes("x.csv")[1]


def test_an_id_that_stands_twice_is_named_as_the_file_names_it():
    genes = translated(("2554", "2554", "7157")).genes
    with pytest.raises(UserError, match="duplicate genes \\(2554\\)"):
        make_phantom(genes=genes)


def test_an_id_beside_its_symbol_stays_and_other_ids_among_symbols_do_not():
    read = translated(("GABRA1", "ENSG00000022355", "ENSG00000141510", "SEPT2", "7157"))
    assert read.genes == ("GABRA1", "ENSG00000022355", "TP53", "SEPT2", "7157")
    assert read.twice == ("7157 is TP53",)  # the other one is told as an id that stays
    assert read.record()["kind"] == "ensembl"


def test_symbols_are_not_made_new_and_nothing_is_said_of_them():
    read = translated(("BAI1", "A1BG", "not a gene"))
    assert read.genes == read.original
    assert read.notes("x") == []
    assert read.record() == {}


def test_numbers_that_are_no_entrez_ids_are_said():
    (note,) = translated([str(2 * n + 37) for n in range(100)]).notes("x.csv")
    assert "of 100 are Entrez ids" in note
    assert translated(["1", "2", "3"]).notes("x.csv") == []


def test_genes_under_another_name_are_found():
    found, ambiguous = counterparts(
        ("TP53", "BAI1", "SEPTIN2", "KIAA1837", "2554"), ("TP53", "ADGRB1", "SEPT2", "KIAA0319L")
    )
    assert found == {"BAI1": "ADGRB1", "SEPTIN2": "SEPT2", "KIAA1837": "KIAA0319L"}
    assert ambiguous == {}
    assert counterparts(("2554", "7157"), ("GABRA1", "TP53"))[0] == {
        "2554": "GABRA1",
        "7157": "TP53",
    }
    assert counterparts(("GABRA1",), ("ENSG00000022355.4", "A1BG"))[0] == {
        "GABRA1": "ENSG00000022355.4"
    }


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        (("SEPTIN2",), ("SEPT2", "DIFF6")),  # two old symbols of it
        (("SEPT2", "DIFF6"), ("SEPTIN2",)),  # both may be it
        (("AK4",), ("AK3",)),  # may be what is AK3 now
        (("ACSM2",), ("ACSM2A",)),  # may be ACSM2B
    ],
)
def test_genes_that_may_be_another_are_told_and_not_taken(wanted, present):
    found, ambiguous = counterparts(wanted, present)
    assert found == {}
    assert ambiguous == {name: list(present) for name in wanted}


def test_a_name_that_is_asked_for_is_not_given_to_another_gene():
    found, ambiguous = counterparts(("SEPT2", "SEPTIN2"), ("SEPTIN2", "TP53"))
    assert (found, ambiguous) == ({}, {})


def test_a_model_finds_its_genes_under_other_symbols():
    data = counted("A1BG", "ADGRB1", "TP53", "SEPTIN2")
    aligned = data.aligned_to(("SEPT2", "TP53", "BAI1"))
    assert aligned.genes == ("SEPT2", "TP53", "BAI1")
    np.testing.assert_array_equal(aligned.values[0], [3, 2, 1])
    assert "2 gene(s)" in aligned.notes[-1]
    assert "BAI1 as ADGRB1" in aligned.notes[-1]
    assert data.aligned_to(("TP53",)).notes == data.notes


def test_genes_that_are_missing_or_ambiguous_are_named_and_filled_only_if_asked():
    data = counted("TP53", "SEPT2", "DIFF6", "ADGRB1")
    with pytest.raises(UserError, match=r"lacks 1 of the 3 .*SEPTIN2: SEPT2, DIFF6"):
        data.aligned_to(("SEPTIN2", "TP53", "BAI1"))
    many = tuple(f"GENE{i}" for i in range(18))
    data = counted(*many, "ADGRB1", "TP53")
    wanted = (*many, "BAI1", "A1BG")
    filled = data.aligned_to(wanted, fill=np.full(20, 0.5, np.float32))
    assert filled.filled == ("A1BG",)
    assert filled.values[0, -2] == 18
    assert filled.values[0, -1] == 0.5


def test_imputed_cells_follow_their_genes():
    from dataclasses import replace

    data = replace(counted("A1BG", "ADGRB1", "TP53"), imputed=np.array([[4, 1], [5, 2]]))
    np.testing.assert_array_equal(data.aligned_to(("TP53", "BAI1")).imputed, [[4, 1], [5, 0]])


@pytest.mark.parametrize(
    ("gene", "said"),
    [
        ("BAI1", "it is called ADGRB1 here"),
        ("2554", "it is called GABRA1 here"),
        ("ENSG00000022355.3", "it is called GABRA1 here"),
        ("AK4", "it may be called AK3 here"),
        ("ZZZ", "check the symbol"),
    ],
)
def test_a_gene_that_is_not_there_is_named_as_it_is_called_here(gene, said):
    data = counted("ADGRB1", "GABRA1", "AK3")
    with pytest.raises(UserError, match=said):
        data.column(gene)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2554", {"GABRA1": "Entrez id"}),
        ("ensg00000022355.7", {"GABRA1": "Ensembl id"}),
        ("sept2", {"SEPTIN2": "previous symbol", "SEPTIN6": "alias"}),
        ("P53", {"TP53": "alias"}),
        ("p53", {"TP53": "alias"}),
        ("c1orf43", {"C1orf43": "symbol"}),
        ("no such gene", {}),
    ],
)
def test_names_are_searched_in_whatever_case(text, found):
    assert searched(text) == found


def test_a_gene_is_described_by_its_other_names():
    assert described("SEPT2").splitlines() == [
        "Now: SEPTIN2",
        "Entrez: 4735",
        "Ensembl: ENSG00000168385",
        "Before: DIFF6, NEDD5, SEPT2",
        "Also: KIAA0158, Pnutl3, hNedd5",
    ]
    assert described("AK3") == described("SYN0001") == ""


def test_a_gene_that_is_there_by_symbol_and_by_entrez_id_is_told():
    found = translated(("GABRA1", "2554", "GRIN1", "2555", "TP53"))
    assert found.genes == found.original
    (note,) = found.notes("maps")
    assert note.startswith("1 gene(s) of maps may be there twice")
    assert "2554 is GABRA1" in note
    assert translated(("GABRA1", "2555")).notes("maps") == []


def test_a_symbol_among_entrez_ids_is_told_once():
    symbols = ("GABRA1", "TP53", "APOE", "GRIN1", "BDNF", "GAD1", "GAD2", "SYT1", "SNAP25", "GRM1")
    ids = [gene_table().row(symbol)[0] for symbol in symbols]
    found = translated((*ids, "GABRA1"))
    assert found.kind == "entrez"
    assert found.genes == ("2554", *symbols[1:], "GABRA1")
    assert sum("2554" in note for note in found.notes("maps")) == 1
