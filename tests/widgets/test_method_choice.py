"""Boxes of methods and the line of latent sizes."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QStylePainter

from napari_compressed_transcriptomics.codecs.registry import METHODS, Method
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.widgets.compare_methods.dock import CompareMethods
from napari_compressed_transcriptomics.widgets.predict_maps.dock import PredictMaps
from napari_compressed_transcriptomics.widgets.shared import fields
from napari_compressed_transcriptomics.widgets.shared.method_choice import LatentSizes, MethodChoice


def test_a_method_that_is_not_to_be_had_says_why_and_is_not_chosen(qtbot):
    widget = MethodChoice({"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE"}, ("pca", "umap"))
    qtbot.addWidget(widget)
    widget.show()
    with qtbot.waitSignal(widget.changed):
        widget.offer({"umap": "Install the extra umap"})
    assert widget.methods == ("pca",)
    assert widget.boxes["umap"].toolTip() == "Install the extra umap"
    QTest.keyClick(widget.boxes["tsne"], Qt.Key.Key_Space)
    assert widget.methods == ("pca", "tsne")
    widget.offer({})
    assert widget.methods == ("pca", "umap", "tsne")


def test_sizes_are_read_as_people_write_them(qtbot):
    line = LatentSizes((2, 4))
    qtbot.addWidget(line)
    assert line.sizes() == (2, 4)
    for text, sizes in (("8, 2;8  16", (8, 2, 16)), (" 3 ", (3,))):
        line.setText(text)
        assert line.sizes() == sizes


@pytest.mark.parametrize("text", ["", "two", "2 -4", "0", "1.5", "²", "9" * 5000])
def test_what_is_no_size_is_named(qtbot, text):
    line = LatentSizes((2,))
    qtbot.addWidget(line)
    line.setText(text)
    with pytest.raises(UserError, match="number of components"):
        line.sizes()


def test_a_method_that_was_registered_is_offered(qtbot, make_napari_viewer, monkeypatch):
    monkeypatch.setitem(METHODS, "eighth", Method("eighth", "an eighth", "#123456", "pca"))
    viewer = make_napari_viewer()
    for dock in (CompareMethods(viewer), PredictMaps(viewer)):
        qtbot.addWidget(dock)
        texts = [box.text() for box in dock.findChildren(QCheckBox)]
        assert texts.count("an eighth") == (2 if isinstance(dock, CompareMethods) else 1)


def test_a_long_entry_keeps_both_ends(qtbot, monkeypatch):
    drawn = []

    class Painter(QStylePainter):
        def drawControl(self, element, option):
            drawn.append(option.currentText)
            super().drawControl(element, option)

    monkeypatch.setattr(fields, "QStylePainter", Painter)
    whole = "ahba_schaefer100_r0.6 of many subjects: pca k=4"
    made = fields.choice({"": "short", "long": whole})
    qtbot.addWidget(made)
    made.resize(180, 24)
    made.setCurrentIndex(1)
    made.grab()
    made.resize(900, 24)
    made.grab()
    made.setPlaceholderText("Run Compress first")
    made.setCurrentIndex(-1)
    made.grab()
    cut, uncut, nothing = drawn
    assert cut.startswith("ahba")
    assert cut.endswith("k=4")
    assert len(cut) < len(whole)
    assert made.fontMetrics().horizontalAdvance(cut) < 180
    assert (uncut, nothing) == (whole, "Run Compress first")
