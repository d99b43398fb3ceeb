"""The form of the dock Predict maps: what is missing is said, and nothing is lost."""

from dataclasses import fields
from pathlib import Path
from threading import current_thread, main_thread

import numpy as np
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox

from clicking import press, run, tick, write
from napari_compressed_transcriptomics.io.readers.targets import read_targets
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.widgets.predict_maps import dock as predict_maps
from napari_compressed_transcriptomics.widgets.predict_maps.dock import PredictMaps
from predicting import PLUGIN, add, dock_fixture, maps_fixture, rows  # noqa: F401  (fixtures among them)


def test_what_is_wrong_is_said_in_a_sentence(dock, model, maps, qtbot, tmp_path, answer, told):
    """A damaged file, a table of another parcellation, rows without names: no traceback."""
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(Path(maps[0]).read_bytes()[:400])
    other = tmp_path / "other.csv"
    other.write_text("region,a\n" + "".join(f"L_area{i},{i}\n" for i in range(30)))
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("".join(f"{i}.5\n" for i in range(30)))
    layers = list(model.layers)
    for path, words in ((cut, "cut short"), (other, "does not fit"), (nameless, "region names")):
        add(dock, answer, [path])
        told.clear()
        run(dock.bar, qtbot)
        assert path.name in dock.bar.status.text()
        assert words in dock.bar.status.text()
        (notice,) = told
        assert notice.message == dock.bar.status.text()
        assert not hasattr(notice, "exception")
        assert dock.bar.run.isEnabled()
        dock.targets.files.list.setFocus()
        dock.targets.files.list.selectAll()
        QTest.keyClick(dock.targets.files.list, Qt.Key.Key_Delete)
        assert not dock.targets.files.paths
    assert list(model.layers) == layers
    assert dock.view.prediction is None


def test_an_incomplete_form_says_what_is_missing(dock, maps, answer):
    def reason():
        assert not dock.bar.run.isEnabled()
        return dock.bar.status.text()

    assert "Add the maps" in reason()
    add(dock, answer, maps)
    assert dock.bar.run.isEnabled()
    tick(dock.methods.boxes["pca"])
    assert "at least one method" in reason()
    add(dock, answer, maps, dock.images.add)
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


def test_methods_that_cannot_be_had_are_looked_for_while_the_window_answers(
    model, brain, qtbot, monkeypatch
):
    asked_in = set()

    def problem(method, expression):
        asked_in.add(current_thread())
        return "not here" if method == "pca" else ""

    monkeypatch.setattr(predict_maps, "offered_problem", problem)
    add_expression(model, brain)
    dock = PredictMaps(model)
    qtbot.addWidget(dock)
    box = dock.methods.boxes["pca"]
    assert box.isEnabled()
    qtbot.waitUntil(lambda: not box.isEnabled())
    assert box.toolTip() == "not here"
    assert "pca" not in dock.methods.methods
    assert main_thread() not in asked_in


def test_files_are_dropped_and_layers_checked(dock, model, brain, maps, qtbot):
    """A map open in the viewer gives what its file gives; a dropped folder its maps."""
    model.open(maps[0], plugin=PLUGIN)
    folder = Path(maps[0]).parent
    files = dock.targets.files.list
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    at, action = QPoint(9, 9), Qt.DropAction.CopyAction
    held = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, action, data, *held)
    QApplication.sendEvent(files.viewport(), enter)
    assert enter.isAccepted()
    QApplication.sendEvent(files.viewport(), QDropEvent(QPointF(at), action, data, *held))
    assert [path.name for path in dock.targets.files.paths] == ["even.nii.gz", "sided.nii.gz"]
    dock.targets.layers.setCurrentRow(0)
    tick(dock.targets.layers)
    assert dock.targets.n_chosen == 3
    run(dock.bar, qtbot)
    assert "name of its own" in dock.bar.status.text()  # the same map twice
    files.setCurrentRow(1)
    press(dock.targets.files.remove)
    run(dock.bar, qtbot)
    prediction = dock.view.prediction
    (as_file,) = read_targets([maps[0]], brain)
    as_layer = prediction.target("sided")
    np.testing.assert_allclose(as_layer.values, as_file.values, rtol=1e-5)
    assert as_layer.source == as_file.source  # so saving never replaces it


def test_saving_asks_before_it_replaces(dock, maps, qtbot, tmp_path, monkeypatch, answer):
    add(dock, answer, maps)
    run(dock.bar, qtbot)
    there = tmp_path / "prediction.csv"
    there.write_text("mine")
    answer(tmp_path)
    asked = []

    def decide(kind):
        def question(*arguments):
            asked.append(arguments[2])
            return kind

        monkeypatch.setattr(QMessageBox, "question", question)

    decide(QMessageBox.StandardButton.No)
    press(dock.view.save.run)
    assert dock.view.save.job is None
    assert there.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["prediction.csv"]
    decide(QMessageBox.StandardButton.Yes)
    run(dock.view.save, qtbot)
    assert there.read_text().startswith("target,")
    assert "1 file" in asked[0]


def test_the_form_untouched_is_the_default_request(model, brain, qtbot, maps):
    add_expression(model, brain)
    widget = PredictMaps(model)
    qtbot.addWidget(widget)
    widget.targets.files.take(maps)
    request, default = widget.request(), PredictRequest(brain, ())
    for field in fields(PredictRequest):
        if field.name != "methods":
            assert getattr(request, field.name) == getattr(default, field.name), field.name
    assert request.methods == ("residual", "pca", "genes")
    widget.buffer.setValue(12)
    assert widget.request().buffer == 12.0
    widget.cluster.setText("tcp://10.0.0.5:8786")
    assert widget.request().scheduler == "tcp://10.0.0.5:8786"
