"""A folder of one NIfTI per gene in the window: opened, asked about, compressed and saved."""

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

import gene_maps
from clicking import choose_value, click_row, run, settle, show_tab
from data import real_data
from gene_maps import GENES, log_phantom, maps_of, save
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.open_data.volumes import OpenVolumes
from viewing import value_at


def drop(viewer, *paths, modifier=Qt.KeyboardModifier.NoModifier):
    """Drop files on the canvas, as a person whose preference is our reader."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    target = viewer.window._qt_viewer
    event = QDropEvent(
        QPointF(20, 20), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, modifier
    )
    target.dropEvent(event)
    settle()


@pytest.fixture
def ours(monkeypatch):
    """Answer napari's question which plugin should open a folder."""
    from napari._qt.dialogs import qt_reader_dialog

    choice = "Compressed Transcriptomics", False
    monkeypatch.setattr(qt_reader_dialog.QtReaderDialog, "get_user_choices", lambda *_: choice)


def test_the_real_maps_are_dropped_compressed_inspected_and_saved(
    viewer, ours, tmp_path, qtbot, told
):
    folder = real_data("mrna")
    drop(viewer, folder)
    (layer,) = viewer.layers
    expression = shown(layer).expression
    assert expression.values.shape == (185_682, 14)
    assert any("GABRD: 3,167 without data" in note.message for note in told)
    image = nib.load(folder / "GABBR1_mirr_mRNA.nii.gz")
    place = tuple(map(int, expression.samples[70_000].split("_")))
    mm = nib.affines.apply_affine(image.affine, place)
    assert value_at(layer, mm) == np.float32(image.get_fdata()[place])

    _, compress = viewer.window.add_plugin_dock_widget(PLUGIN, "Compress")
    choose_value(compress.codec, "pca")
    choose_value(compress.latent_size, 2)
    run(compress.bar, qtbot)
    assert "RMSE" in compress.result.text(), compress.bar.status.text()

    latents = viewer.layers[-1]
    _, inspect = viewer.window.add_plugin_dock_widget(PLUGIN, "Inspect reconstruction")
    genes = show_tab(inspect.tabs, "Genes").genes
    click_row(genes.table, 0)
    worst = genes.model.gene(0)
    qtbot.waitUntil(
        lambda: any(one.name.endswith(f"reconstructed: {worst}") for one in viewer.layers)
    )

    viewer.layers.selection = {latents}
    saved = viewer.layers.save(str(tmp_path / "l.nii.gz"), selected=True, plugin=PLUGIN)[0]
    np.testing.assert_array_equal(nib.load(saved).affine, image.affine)
    assert nib.load(saved).shape == (91, 109, 91, 2)


def test_the_form_asks_for_the_variant_and_fills(viewer, tmp_path, told, qtbot, placed):
    phantom = log_phantom()
    folder = gene_maps.flat(tmp_path / "maps", phantom)
    gene_maps.nested(folder, phantom)
    volume = maps_of(phantom)["990002"]
    volume[tuple(np.argwhere(phantom.parcellation.labels)[2])] = np.nan
    save(folder / "990002" / "990002_mRNA.nii", volume, phantom.parcellation.affine)
    assert viewer.open(folder, plugin=PLUGIN) == []
    _, form = viewer.window.add_plugin_dock_widget(PLUGIN, "Open expression volumes")
    assert form.source.path == folder
    assert "several kinds" in form.why.text()
    run(form.bar, qtbot)
    assert "as measured (_mRNA) and 6 mirrored" in form.bar.status.text()
    choose_value(form.variant, "measured")
    choose_value(form.bad_maps, "gene_mean")
    run(form.bar, qtbot)
    (layer,) = viewer.layers
    expression = shown(layer).expression
    assert expression.genes == GENES
    assert expression.imputed.tolist() == [[2, 1]]
    assert set(placed) == {False}


@pytest.mark.parametrize("choice", ["drop_genes", "gene_mean", ""])
def test_the_form_offers_the_same_for_a_4d_file(choice, model, tmp_path, qtbot, told):
    phantom = log_phantom()
    volume = phantom.parcellation.paint(phantom.values)
    volume[(*np.argwhere(phantom.parcellation.labels)[4], 3)] = np.nan
    save(tmp_path / "all.nii.gz", np.float32(volume), phantom.parcellation.affine)
    (tmp_path / "all.genes.txt").write_text("\n".join(GENES))
    form = OpenVolumes(model)
    qtbot.addWidget(form)
    form.source.set_path(tmp_path / "all.nii.gz")
    choose_value(form.bad_maps, choice)
    run(form.bar, qtbot)
    if not choice:
        assert GENES[3] in form.bar.status.text()
        assert not model.layers
        return
    expression = shown(model.layers[0]).expression
    kept = GENES if choice == "gene_mean" else (*GENES[:3], *GENES[4:])
    assert expression.genes == kept
    assert np.isfinite(expression.values).all()


def test_several_files_as_a_stack_and_a_4d_file_with_holes(viewer, tmp_path, told):
    phantom = log_phantom()
    folder = gene_maps.plain(tmp_path / "maps", phantom)
    files = [folder / f"{gene}.nii" for gene in GENES[:3]]
    (layer,) = viewer.open(files, stack=True, plugin=PLUGIN)
    assert shown(layer).expression.genes == GENES[:3]

    volume = phantom.parcellation.paint(phantom.values)
    volume[(*np.argwhere(phantom.parcellation.labels)[4], 3)] = np.nan
    save(tmp_path / "all.nii.gz", np.float32(volume), phantom.parcellation.affine)
    (tmp_path / "all.genes.txt").write_text("\n".join(GENES))
    (layer,) = viewer.open(tmp_path / "all.nii.gz", plugin=PLUGIN)
    assert shown(layer).expression.genes == (*GENES[:3], *GENES[4:])
    assert "1 gene(s) with empty cells are left out (990004)" in told[-1].message
