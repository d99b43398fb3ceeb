"""Search as you type, and the layer shows the gene."""

import numpy as np
from qtpy.QtCore import Qt

from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.choose_gene import ChooseGene
from viewing import add


def test_typing_narrows_and_enter_shows(las, model, qtbot):
    widget = ChooseGene(model)
    qtbot.addWidget(widget)
    layer = add_expression(model, las)
    assert widget.genes.count.text() == "5 of 5 genes"
    qtbot.keyClicks(widget.genes.search, "na")
    assert widget.genes.count.text() == "2 of 5 genes"
    qtbot.keyClick(widget.genes.search, Qt.Key.Key_Return)  # NA itself, not NAT1
    assert shown(layer).gene == "NA"
    qtbot.keyClicks(widget.genes.search, "t1")
    qtbot.keyClick(widget.genes.search, Qt.Key.Key_Return)
    assert shown(layer).gene == "NAT1"
    values = las.values[:, las.column("NAT1")]
    np.testing.assert_array_equal(np.sort(layer.data[np.isfinite(layer.data)]), np.sort(values))


def test_arrow_keys_walk_through_the_list(las, model, qtbot):
    widget = ChooseGene(model)
    qtbot.addWidget(widget)
    layer = add_expression(model, las)
    widget.show()
    widget.genes.table.setFocus()
    widget.genes.table.setCurrentIndex(widget.genes.table.model().index(0, 0))
    qtbot.keyClick(widget.genes.table, Qt.Key.Key_Down)
    assert shown(layer).gene == sorted(las.genes)[1]


def test_a_reconstructed_gene_can_be_switched_too(result, model, qtbot):
    widget = ChooseGene(model)
    qtbot.addWidget(widget)
    layer = add(model, layers.gene_layer(result, "NA"))
    qtbot.keyClicks(widget.genes.search, "tp53")
    qtbot.keyClick(widget.genes.search, Qt.Key.Key_Return)
    assert shown(layer).gene == "TP53"
    np.testing.assert_array_equal(shown(layer).values, result.gene("TP53"))


def test_many_genes_stay_smooth(model, qtbot):
    """The list holds 15,633 genes without a widget for each."""
    from napari_compressed_transcriptomics.core.expression import Expression, Parcellation

    parcellation = Parcellation.from_mask(np.ones((2, 2, 2), bool), np.eye(4))
    values = np.random.default_rng(0).random((8, 15_633), np.float32)
    genes = tuple(f"GENE{i:05d}" for i in range(15_633))
    widget = ChooseGene(model)
    qtbot.addWidget(widget)
    add_expression(model, Expression(values, genes, tuple("abcdefgh"), parcellation))
    qtbot.keyClicks(widget.genes.search, "999")
    found = sum("999" in gene for gene in genes)
    assert widget.genes.count.text() == f"{found} of 15,633 genes"


def test_nothing_to_choose_from_is_said(model, qtbot):
    widget = ChooseGene(model)
    qtbot.addWidget(widget)
    assert "Open" in widget.genes.count.text()


def test_the_viewer_outlives_the_dock(las, model, qtbot):
    widget = ChooseGene(model)
    layer = add_expression(model, las)
    widget.deleteLater()
    qtbot.waitUntil(lambda: gone(widget))
    layer.name = "renamed"
    model.layers.remove(layer)


def gone(widget):
    try:
        widget.isVisible()
    except RuntimeError:
        return True
    return False
