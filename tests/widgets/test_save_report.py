"""The button Save report, as a person uses it."""

import html5lib
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.figures import slices
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.widgets.inspect.dock import InspectReconstruction
from small import compressed


@pytest.fixture
def dock(make_napari_viewer, monkeypatch):
    monkeypatch.setattr(slices, "PIXELS", 30)
    viewer = make_napari_viewer(show=True)
    dock = InspectReconstruction(viewer)
    viewer.window.add_dock_widget(dock, name="Inspect reconstruction")
    return viewer, dock


def answer(monkeypatch, path):
    """Stand in for the person in the file dialog, which belongs to the desktop."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def show(viewer, result):
    data, attributes, _ = layers.error_layer(result)
    return viewer.add_image(data, **attributes)


def test_a_click_saves_the_page(dock, tmp_path, qtbot, monkeypatch):
    viewer, inspect = dock
    bar, path = inspect.report, tmp_path / "it.html"
    assert not bar.run.isEnabled()
    assert bar.status.text() == "Run Compress first."
    result = compressed(synthetic_brain(voxel_mm=20, n_genes=30))
    show(viewer, result)
    answer(monkeypatch, path)
    click(bar.run)
    qtbot.waitUntil(lambda: bar.status.text() == f"Saved {path}", timeout=60_000)
    page = path.read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert f"{result.rmse:.4g}" in page
    assert "Errors by region are missing" in page
    assert bar.run.isEnabled()

    labels = viewer.add_labels(
        (viewer.layers[0].data > 0).astype(int) * 3,
        scale=viewer.layers[0].scale,
        translate=viewer.layers[0].translate,
        name="all of it",
    )
    assert inspect.results.result is result
    click(bar.run)
    qtbot.waitUntil(lambda: "region 3" in path.read_text("utf-8"), timeout=60_000)
    qtbot.waitUntil(lambda: bar.job is None)
    assert labels in viewer.layers


def test_a_bad_name_is_told_and_nothing_written(dock, tmp_path, monkeypatch):
    viewer, inspect = dock
    show(viewer, compressed(synthetic_brain(voxel_mm=20, n_genes=30)))
    answer(monkeypatch, tmp_path / "it.png")
    told = []
    notification_manager.notification_ready.connect(told.append)
    click(inspect.report.run)
    notification_manager.notification_ready.disconnect(told.append)
    assert "must end in .html" in told[0].message
    answer(monkeypatch, "")
    click(inspect.report.run)
    assert inspect.report.job is None
    assert not list(tmp_path.iterdir())
