"""Genes are found by ids and by other symbols, too."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_compressed_transcriptomics.core.genes.hgnc import gene_table
from napari_compressed_transcriptomics.widgets.shared.gene_model import GeneModel
from napari_compressed_transcriptomics.widgets.shared.gene_table import GeneTable

GENES = ("A1BG", "SEPT2", "GABRA1", "KIAA0319L", "P53AIP1", "TP53", "SEPTIN6")


def shown(model):
    return {model.gene(row) for row in range(model.rowCount())}


@pytest.mark.parametrize(
    ("text", "gene", "how"),
    [
        ("2554", "GABRA1", "Entrez id"),
        ("ENSG00000022355.4", "GABRA1", "Ensembl id"),
        ("septin2", "SEPT2", "symbol"),  # what HGNC calls it now
        ("NEDD5", "SEPT2", "previous symbol"),
        (" kiaa1837 ", "KIAA0319L", "alias"),
    ],
)
def test_genes_are_found_by_other_names(text, gene, how):
    model = GeneModel()
    model.set_genes(GENES, {})
    model.narrow(text)
    assert shown(model) == {gene}
    assert model.otherwise == {gene: how}
    assert model.first() == gene
    model.narrow("")
    assert shown(model) == set(GENES)
    assert model.otherwise == {}


def test_a_part_of_a_symbol_still_finds_it_and_comes_first_if_it_is_all_of_it():
    model = GeneModel()
    model.set_genes(GENES, {})
    model.narrow("p53")
    assert shown(model) == {"P53AIP1", "TP53"}
    model.narrow("sept2")  # an alias of SEPTIN6, too
    assert shown(model) == {"SEPT2", "SEPTIN6"}
    assert model.first() == "SEPT2"
    model.set_genes(GENES[:2], {})
    assert shown(model) == {"SEPT2"}
    assert model.otherwise == {}


def test_one_letter_is_only_a_part_of_symbols():
    model = GeneModel()
    model.set_genes(("A1BG", "TP53"), {})
    model.narrow("1")  # the Entrez id of A1BG
    assert model.otherwise == {}


def test_regions_have_no_other_names():
    model = GeneModel("region", "region name")
    model.set_genes(("SEPT2", "GABRA1"), {})
    model.narrow("2554")
    assert shown(model) == set()
    model.narrow("")
    assert model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole) == "GABRA1"


def test_genes_found_otherwise_are_sorted_among_the_others():
    model = GeneModel()
    model.set_genes(GENES, {"rmse": np.arange(len(GENES), dtype=float)})
    model.sort(1, Qt.SortOrder.DescendingOrder)
    model.narrow("sept2")
    assert [model.gene(row) for row in range(2)] == ["SEPTIN6", "SEPT2"]


def test_many_genes_are_searched():
    """Each gene of 15,633 by its id; the other names are looked up, not searched through."""
    table = gene_table()
    genes = list(table.rows)[::2][:15_633]
    model = GeneModel()
    model.set_genes(genes, {})
    for gene in genes[::1000]:
        ensembl = table.row(gene)[1]
        model.narrow(ensembl)
        assert gene in shown(model) or not ensembl


def test_the_tooltip_and_the_count_tell_the_names(qtbot):
    table = GeneTable("")
    qtbot.addWidget(table)
    table.set_genes(GENES, {})
    qtbot.keyClicks(table.search, "2554")
    assert table.count.text() == "1 of 7 genes (GABRA1 by Entrez id)"
    tip = table.model.data(table.model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines()[:2] == ["GABRA1", "Entrez: 2554"]
    qtbot.keyClick(table.search, Qt.Key.Key_Return)
    assert table.gene == "GABRA1"


def test_without_genes_the_words_stand_where_the_table_would(qtbot):
    table = GeneTable("Press Find genes.")
    qtbot.addWidget(table)
    table.resize(300, 500)
    table.show()
    assert not table.table.isVisible()
    assert not table.search.isVisible()
    assert table.count.text() == "Press Find genes."
    table.set_genes(GENES, {"rmse": np.arange(7.0)})
    assert table.table.isVisible()
    assert table.search.isVisible()
    table.search.setText("none of them")
    assert table.table.isVisible()  # to find another one
