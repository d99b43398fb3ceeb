"""The dock Predict maps, driven by clicks and keys."""

import threading

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import click_header, finish, press, run, settle, tick
from napari_compressed_transcriptomics.io.readers.volume import Volume
from napari_compressed_transcriptomics.io.writers.prediction import PREDICTION_FILES
from napari_compressed_transcriptomics.study import predict
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.shared import job
from predicting import (  # noqa: F401  (fixtures among them)
    add,
    dock_fixture,
    maps_fixture,
    of_kind,
    row_of,
    rows,
    window_and_dock_fixture,
)
from viewing import add as add_layer
from viewing import value_at


def test_from_files_to_layers_and_tables(window_and_dock, brain, maps, qtbot, tmp_path, answer):
    viewer, dock = window_and_dock
    assert "Add the maps" in dock.bar.status.text()
    add(dock, answer, maps)
    run(dock.bar, qtbot)
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
    assert [cell.text.title for cell in attach(viewer).cells.look().cells] == names
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
    answer(out)
    run(view.save, qtbot)
    assert "Saved to" in view.save.status.text()
    table = pd.read_csv(out / "prediction.csv")
    assert sorted(table["target"]) == ["even", "sided"]
    assert set(PREDICTION_FILES) < {path.name for path in out.iterdir()}
    saved = nib.load(out / "prediction_error_sided.nii.gz").get_fdata(dtype=np.float32)
    np.testing.assert_allclose(
        saved,
        brain.parcellation.paint(prediction.prediction_error(prediction.best("sided"))),
        rtol=1e-5,
    )


def test_p_says_whether_compartments_are_known(dock, model, brain, maps, qtbot, answer):
    add(dock, answer, maps[:1])
    place = brain.parcellation
    halves = (place.labels > 0) * (1 + (place.labels > place.n_samples // 2))
    volume = Volume(halves, place.affine, "labels", "halves")
    layer = add_layer(model, _layers.volume_layer(volume))
    assert dock.compartments.layer is None  # an atlas that is opened is not taken for these
    run(dock.bar, qtbot)
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
    run(dock.bar, qtbot)
    assert view.prediction.compartments.counts.keys() == {"region 1", "region 2"}
    assert not view.doubt.isVisible()
    assert doubt not in view.notes.toPlainText() + tip()


def test_the_table_sorts_and_keeps_its_row(dock, maps, qtbot, answer):
    add(dock, answer, maps)
    tick(dock.splits.boxes["random"])
    run(dock.bar, qtbot)
    table = dock.view.table
    r2 = [score.r2 for score in table.model().scores]
    assert r2 == sorted(r2, reverse=True)
    assert len(r2) == 4
    assert not table.isColumnHidden(7)  # two ways to hold out
    assert table.isColumnHidden(6)  # one regression
    chosen = table.score
    click_header(table, 0)
    assert [cells[0] for cells in rows(table)] == ["even", "even", "sided", "sided"]
    assert table.score == chosen
    selected = table.selectionModel().selectedRows()
    assert table.model().scores[selected[0].row()] == chosen


def test_cancel_keeps_the_targets_done(dock, maps, qtbot, monkeypatch, answer):
    second, cancelled, real = threading.Event(), threading.Event(), predict._Work.scores

    def waits(work, number):
        if number == 1:
            second.set()
            cancelled.wait(60)
        yield from real(work, number)

    monkeypatch.setattr(predict._Work, "scores", waits)
    monkeypatch.setattr(job, "_SECONDS_BETWEEN_REPORTS", 0)
    add(dock, answer, maps)
    tick(dock.methods.boxes["kernel-pca"])  # Cancel comes while the second target is half done
    press(dock.bar.run)
    qtbot.waitUntil(second.is_set)
    qtbot.waitUntil(lambda: "Predicting even" in dock.bar.status.text())
    assert "2 target(s) x 5 folds" in dock.cost.text()
    press(dock.bar.cancel)
    cancelled.set()
    finish(dock.bar, qtbot)
    assert [cells[0] for cells in rows(dock.view.table)] == ["sided", "sided"]
    assert "Cancelled after 1 of 2 targets" in dock.view.notes.toPlainText()
    assert not dock.view.prediction.complete


def test_latent_images_are_features(dock, maps, qtbot, answer):
    add(dock, answer, maps[:1])
    add(dock, answer, maps, dock.images.add)
    run(dock.bar, qtbot)
    found = {score.method: score for score in dock.view.prediction.scores}
    assert set(found) == {"images", "pca"}
    assert found["images"].latent_size == 2
    assert found["images"].r2 > 0.9  # the target itself is among them


def test_maps_are_shown_again_and_again_beside_others(dock, model, brain, maps, answer, qtbot):
    """Eight other layers were visible when overlays of cells failed in 4 of 15 clicks."""
    for number in range(7):
        add_layer(model, _layers.expression_layer(brain, brain.genes[number % brain.n_genes]))
    attach(model).show_side_by_side()
    add(dock, answer, maps)
    run(dock.bar, qtbot)
    view = dock.view
    view.table.setFocus()
    for click in range(15):
        QTest.keyClick(view.table, (Qt.Key.Key_Home, Qt.Key.Key_End)[click % 2])
        if click % 4 == 3:  # the others come back meanwhile
            for layer in model.layers:
                layer.visible = True
            settle(1)
        press(view.show_maps)
        settle(1)
        seen = [layer for layer in model.layers if layer.visible]
        kinds = [shown(layer).kind for layer in seen]
        assert kinds == ["target", "predicted", "prediction_error"]
        assert view.table.score.target in seen[0].name
        assert len(attach(model).cells.look().cells) == 3
    assert len(model.layers) == 8 + 3
