"""The dock Predict maps, driven by clicks and keys in the real window."""

import threading
from dataclasses import fields
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox

from clicking import press, settle
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.io.readers.targets import read_targets
from napari_compressed_transcriptomics.io.readers.volume import Volume
from napari_compressed_transcriptomics.io.writers.prediction import PREDICTION_FILES
from napari_compressed_transcriptomics.spatial import spatial_covariance, spatial_null
from napari_compressed_transcriptomics.spatial.spatial_covariance import rows_to_fit
from napari_compressed_transcriptomics.study import predict
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.predict_maps.dock import PredictMaps
from napari_compressed_transcriptomics.widgets.shared import job
from viewing import value_at

PLUGIN = "napari-compressed-transcriptomics"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def brain():
    return synthetic_brain(voxel_mm=16, n_genes=40)


@pytest.fixture(scope="module")
def maps(brain, tmp_path_factory):
    """Maps that genes make; the first is larger on the right."""
    folder = tmp_path_factory.mktemp("maps")
    x = brain.parcellation.centroids[:, 0]
    values = {"sided": 50 + 20 * brain.values[:, 0] + 0.2 * x, "even": 9 * brain.values[:, 3]}
    for name, one in values.items():
        volume = brain.parcellation.paint(one.astype(np.float32))
        nib.save(nib.Nifti1Image(volume, brain.parcellation.affine), folder / f"{name}.nii.gz")
    return [str(folder / f"{name}.nii.gz") for name in values]


@pytest.fixture(autouse=True)
def fewer_fitted(monkeypatch):
    """Fit smoothness to 60 samples: to 250 it takes seconds."""
    for module in (spatial_null, spatial_covariance):
        monkeypatch.setattr(module, "rows_to_fit", lambda places: rows_to_fit(places, 60))


@pytest.fixture
def viewer(brain, make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    add_expression(viewer, brain)
    return viewer


@pytest.fixture
def dock(viewer):
    """Open the dock, set for a quick prediction from two components of PCA."""
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Predict maps")
    settle()
    for name in ("default", "genes"):
        tick(widget.methods.boxes[name])
    assert widget.methods.methods == ("pca",)
    write(widget.sizes, "2")
    widget.surrogates.setValue(19)
    widget.repeats.setValue(1)
    return widget


def tick(box):
    QTest.keyClick(box, Qt.Key.Key_Space)


def write(line, text):
    line.selectAll()
    QTest.keyClicks(line, text)


def add(dock, monkeypatch, paths, button=None):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(p) for p in paths], ""))
    press(button or dock.targets.files.add)


def run(dock, qtbot):
    assert dock.bar.run.isEnabled(), dock.bar.status.text()
    press(dock.bar.run)
    finish(dock, qtbot)


def finish(dock, qtbot):
    qtbot.waitUntil(lambda: dock.bar.job is None, timeout=60_000)
    settle()


def rows(table):
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def row_of(table, target):
    return next(i for i, cells in enumerate(rows(table)) if cells[0] == target)


def of_kind(viewer, kind):
    return [layer for layer in viewer.layers if (what := shown(layer)) and what.kind == kind]


def ask_folder(monkeypatch, folder):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))


def test_from_files_to_layers_and_tables(dock, viewer, brain, maps, qtbot, tmp_path, monkeypatch):
    assert "Add the maps" in dock.bar.status.text()
    add(dock, monkeypatch, maps)
    run(dock, qtbot)
    assert dock.tabs.tabText(dock.tabs.currentIndex()) == "Resu&lt"
    view = dock.view
    assert view.figure.figure.axes
    prediction = view.prediction
    assert prediction.complete
    assert len(rows(view.table)) == 2

    # A row chosen by key, shown by button: target, prediction and its error, right way round.
    view.table.setFocus()
    QTest.keyClick(view.table, Qt.Key.Key_Home)
    for _ in range(row_of(view.table, "sided")):
        QTest.keyClick(view.table, Qt.Key.Key_Down)
    assert view.table.score.target == "sided"
    (axes,) = view.row.view.figure.axes
    assert axes.get_title().startswith("sided\nPCA, 2: R²")
    assert view.row.note.text() == f"{len(axes.lines[0].get_xdata())} of 466 samples"
    press(view.show_maps)
    target, predicted, error = (
        of_kind(viewer, kind)[0] for kind in ("target", "predicted", "prediction_error")
    )
    names = ["sided target", "sided by PCA 2", "sided error, PCA 2"]
    assert [layer.name for layer in (target, predicted, error)] == names
    assert [layer.name for layer in viewer.layers if layer.visible] == names
    assert viewer.canvas.grid.enabled
    texts = [
        text for one in (target, predicted, error) for text in (one.name_overlay, one.colorbar)
    ]
    qtbot.waitUntil(lambda: all(text.visible for text in texts))
    assert tuple(predicted.contrast_limits) == tuple(target.contrast_limits)
    low, high = error.contrast_limits
    assert low == pytest.approx(-high)
    image, x = nib.load(maps[0]), brain.parcellation.centroids[:, 0]
    for sample in (int(x.argmax()), int(x.argmin())):
        mm = brain.parcellation.centroids[sample]
        voxel = np.rint(np.linalg.solve(image.affine, [*mm, 1])[:3]).astype(int)
        assert value_at(target, mm) == pytest.approx(float(image.dataobj[tuple(voxel)]), rel=1e-5)
        assert value_at(predicted, mm) == pytest.approx(
            prediction.predicted(view.table.score)[sample]
        )
        assert value_at(target, mm) - value_at(predicted, mm) == pytest.approx(
            value_at(error, mm), abs=1e-4
        )
    right, left = (brain.parcellation.centroids[int(i)] for i in (x.argmax(), x.argmin()))
    assert value_at(target, right) > value_at(target, left) + 10

    before = len(viewer.layers)
    view.table.setFocus()
    QTest.keyClick(view.table, Qt.Key.Key_Return)  # the same row again: no layer twice
    assert len(viewer.layers) == before

    out = tmp_path / "out"
    out.mkdir()
    ask_folder(monkeypatch, out)
    press(view.save.run)
    qtbot.waitUntil(lambda: "Saved to" in view.save.status.text(), timeout=30_000)
    table = pd.read_csv(out / "prediction.csv")
    assert sorted(table["target"]) == ["even", "sided"]
    assert set(PREDICTION_FILES) < {path.name for path in out.iterdir()}
    saved = nib.load(out / "prediction_error_sided.nii.gz").get_fdata(dtype=np.float32)
    np.testing.assert_allclose(
        saved,
        brain.parcellation.paint(prediction.prediction_error(prediction.best("sided"))),
        rtol=1e-5,
    )


def test_p_says_whether_compartments_are_known(dock, viewer, brain, maps, qtbot, monkeypatch):
    add(dock, monkeypatch, maps[:1])
    place = brain.parcellation
    halves = (place.labels > 0) * (1 + (place.labels > place.n_samples // 2))
    data, attributes, _ = _layers.volume_layer(Volume(halves, place.affine, "labels", "halves"))
    layer = viewer.add_labels(data, **attributes)
    assert dock.compartments.layer is None  # an atlas that is opened is not taken for these
    run(dock, qtbot)
    view = dock.view
    doubt = "does not tell cortex from subcortex"
    header = view.table.horizontalHeader()
    p = next(
        i
        for i in range(view.table.model().columnCount())
        if view.table.model().headerData(i, header.orientation()) == "p FDR"
    )

    def tip():
        return view.table.model().headerData(p, header.orientation(), Qt.ItemDataRole.ToolTipRole)

    assert doubt in view.doubt.text()
    assert view.doubt.isVisible()
    assert doubt in view.notes.toPlainText()
    assert doubt in tip()
    dock.compartments.setCurrentText(layer.name)
    run(dock, qtbot)
    assert view.prediction.compartments.counts.keys() == {"region 1", "region 2"}
    assert not view.doubt.isVisible()
    assert doubt not in view.notes.toPlainText() + tip()


def test_the_table_sorts_and_keeps_its_row(dock, maps, qtbot, monkeypatch):
    add(dock, monkeypatch, maps)
    tick(dock.splits.boxes["random"])
    run(dock, qtbot)
    table = dock.view.table
    r2 = [score.r2 for score in table.model().scores]
    assert r2 == sorted(r2, reverse=True)
    assert len(r2) == 4
    assert not table.isColumnHidden(7)  # two ways to hold out
    assert table.isColumnHidden(6)  # one regression
    chosen = table.score
    header = table.horizontalHeader()
    QTest.mouseClick(header.viewport(), LEFT, pos=QPoint(20, header.height() // 2))
    assert [cells[0] for cells in rows(table)] == ["even", "even", "sided", "sided"]
    assert table.score == chosen
    selected = table.selectionModel().selectedRows()
    assert table.model().scores[selected[0].row()] == chosen


def test_cancel_keeps_the_targets_done(dock, maps, qtbot, monkeypatch):
    second, cancelled, real = threading.Event(), threading.Event(), predict._target_scores

    def waits(request, target, features, number, compartments):
        if number == 1:
            second.set()
            cancelled.wait(60)
        yield from real(request, target, features, number, compartments)

    monkeypatch.setattr(predict, "_target_scores", waits)
    monkeypatch.setattr(job, "_SECONDS_BETWEEN_REPORTS", 0)
    add(dock, monkeypatch, maps)
    tick(dock.methods.boxes["kpca"])  # Cancel comes while the second target is half done
    press(dock.bar.run)
    qtbot.waitUntil(second.is_set, timeout=60_000)
    qtbot.waitUntil(lambda: "Predicting even" in dock.bar.status.text(), timeout=30_000)
    assert "2 target(s) x 5 folds" in dock.cost.text()
    press(dock.bar.cancel)
    cancelled.set()
    finish(dock, qtbot)
    assert [cells[0] for cells in rows(dock.view.table)] == ["sided", "sided"]
    assert "Cancelled after 1 of 2 targets" in dock.view.notes.toPlainText()
    assert not dock.view.prediction.complete


def test_what_is_wrong_is_said_in_a_sentence(dock, viewer, maps, qtbot, tmp_path, monkeypatch):
    """A damaged file, a table of another parcellation, rows without names: no traceback."""
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(Path(maps[0]).read_bytes()[:400])
    other = tmp_path / "other.csv"
    other.write_text("region,a\n" + "".join(f"L_area{i},{i}\n" for i in range(30)))
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("".join(f"{i}.5\n" for i in range(30)))
    layers = list(viewer.layers)
    for path, words in ((cut, "cut short"), (other, "does not fit"), (nameless, "region names")):
        add(dock, monkeypatch, [path])
        seen = len(notification_manager.records)
        run(dock, qtbot)
        assert path.name in dock.bar.status.text()
        assert words in dock.bar.status.text()
        (told,) = notification_manager.records[seen:]
        assert told.message == dock.bar.status.text()
        assert not hasattr(told, "exception")
        assert dock.bar.run.isEnabled()
        dock.targets.files.list.setFocus()
        dock.targets.files.list.selectAll()
        QTest.keyClick(dock.targets.files.list, Qt.Key.Key_Delete)
        assert not dock.targets.files.paths
    assert list(viewer.layers) == layers
    assert dock.view.prediction is None


def test_an_incomplete_form_says_what_is_missing(dock, maps, monkeypatch):
    def reason():
        assert not dock.bar.run.isEnabled()
        return dock.bar.status.text()

    assert "Add the maps" in reason()
    add(dock, monkeypatch, maps)
    assert dock.bar.run.isEnabled()
    tick(dock.methods.boxes["pca"])
    assert "at least one method" in reason()
    add(dock, monkeypatch, maps, dock.images.add)
    assert dock.bar.run.isEnabled()
    tick(dock.regressors.boxes["ridge"])
    assert "regressor" in reason()
    tick(dock.regressors.boxes["trees"])
    tick(dock.splits.boxes["blocks"])
    assert "split" in reason()
    tick(dock.splits.boxes["random"])
    write(dock.sizes, "two")
    assert "two" in reason()
    assert dock.bar.run.isEnabled() is False


def test_files_are_dropped_and_layers_checked(dock, viewer, brain, maps, qtbot):
    """A map open in the viewer gives what its file gives; a dropped folder its maps."""
    viewer.open(maps[0], plugin=PLUGIN)
    folder = Path(maps[0]).parent
    files = dock.targets.files.list
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    at, action, key = QPoint(9, 9), Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, action, data, LEFT, key)
    QApplication.sendEvent(files.viewport(), enter)
    assert enter.isAccepted()
    QApplication.sendEvent(files.viewport(), QDropEvent(QPointF(at), action, data, LEFT, key))
    assert [path.name for path in dock.targets.files.paths] == ["even.nii.gz", "sided.nii.gz"]
    dock.targets.layers.setCurrentRow(0)
    tick(dock.targets.layers)
    assert dock.targets.n_chosen == 3
    run(dock, qtbot)
    assert "name of its own" in dock.bar.status.text()  # the same map twice
    files.setCurrentRow(1)
    press(dock.targets.files.remove)
    run(dock, qtbot)
    prediction = dock.view.prediction
    (as_file,) = read_targets([maps[0]], brain)
    as_layer = prediction.target("sided")
    np.testing.assert_allclose(as_layer.values, as_file.values, rtol=1e-5)
    assert as_layer.source == as_file.source  # so saving never replaces it


def test_saving_asks_before_it_replaces(dock, maps, qtbot, tmp_path, monkeypatch):
    add(dock, monkeypatch, maps)
    run(dock, qtbot)
    there = tmp_path / "prediction.csv"
    there.write_text("mine")
    ask_folder(monkeypatch, tmp_path)
    asked = []

    def answer(kind):
        def question(*arguments):
            asked.append(arguments[2])
            return kind

        monkeypatch.setattr(QMessageBox, "question", question)

    answer(QMessageBox.StandardButton.No)
    press(dock.view.save.run)
    assert dock.view.save.job is None
    assert there.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["prediction.csv"]
    answer(QMessageBox.StandardButton.Yes)
    press(dock.view.save.run)
    qtbot.waitUntil(lambda: dock.view.save.job is None, timeout=30_000)
    assert there.read_text().startswith("target,")
    assert "1 file" in asked[0]


def test_the_form_untouched_is_the_default_request(viewer, brain, qtbot, maps):
    widget = PredictMaps(viewer)
    qtbot.addWidget(widget)
    widget.targets.files.take(maps)
    request, default = widget.request(), PredictRequest(brain, ())
    for field in fields(PredictRequest):
        if field.name != "methods":
            assert getattr(request, field.name) == getattr(default, field.name), field.name
    assert request.methods == ("default", "pca", "genes")
    widget.buffer.setValue(12)
    assert widget.request().buffer == 12.0


def test_latent_images_are_features(dock, maps, qtbot, monkeypatch):
    add(dock, monkeypatch, maps[:1])
    add(dock, monkeypatch, maps, dock.images.add)
    run(dock, qtbot)
    found = {score.method: score for score in dock.view.prediction.scores}
    assert set(found) == {"images", "pca"}
    assert found["images"].latent_size == 2
    assert found["images"].r2 > 0.9  # the target itself is among them
