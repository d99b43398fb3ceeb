"""Opening files in napari: what is ours opens right, what is bad gives one sentence."""

import warnings

import nibabel as nib
import numpy as np
import pytest

from clicking import choose_value, run
from data import TABLES, real_data, real_table
from napari_compressed_transcriptomics._reader import get_reader
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from phantom import make_phantom
from small import compressed
from viewing import value_at


def write_table(folder, phantom, atlas_name):
    parcellation = phantom.parcellation
    nib.save(nib.Nifti1Image(parcellation.labels, parcellation.affine), folder / atlas_name)
    rows = ["id," + ",".join(phantom.genes)]
    rows += [
        f"{i + 1}," + ",".join(map(repr, row.astype(float).tolist()))
        for i, row in enumerate(phantom.values)
    ]
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    return folder / "table.csv"


def shorten_training(monkeypatch):
    from napari_compressed_transcriptomics.widgets import compress

    request = compress.CompressRequest
    monkeypatch.setattr(compress, "CompressRequest", lambda **form: request(**form, max_epochs=5))


def test_a_table_with_its_atlas_beside_it_opens(viewer, tmp_path):
    genes = tuple(f"G{i}" for i in range(12))
    phantom = make_phantom(genes=genes)
    table = write_table(tmp_path, phantom, "table_atlas.nii.gz")
    (layer,) = viewer.open(table, plugin=PLUGIN)
    for mm, value in zip(phantom.parcellation.centroids, phantom.values[:, 0], strict=True):
        assert value_at(layer, mm) == value
    assert [str(end) for end in viewer.scene.camera.orientation2d] == ["up", "right"]


BAD = {
    "empty.nii.gz": b"",
    "text.nii.gz": b"gene\n" * 50,
    "cut.h5ad": b"\x89HDF\r\n\x1a\n" + b"\0" * 100,
}


def test_a_bad_file_gives_one_sentence_and_no_layer(viewer, tmp_path, told):
    for name, content in BAD.items():
        told.clear()
        (tmp_path / name).write_bytes(content)
        assert viewer.open(tmp_path / name, plugin=PLUGIN) == []
        assert len(told) == 1
        assert name in told[0].message
        assert "\n" not in told[0].message
        assert not viewer.layers


def test_notes_are_told_once(viewer, tmp_path, told):
    phantom = make_phantom()
    volume = np.nan_to_num(phantom.parcellation.paint(phantom.values))
    nib.save(nib.Nifti1Image(volume, phantom.parcellation.affine), tmp_path / "nameless.nii.gz")
    (layer,) = viewer.open(tmp_path / "nameless.nii.gz", plugin=PLUGIN)
    assert shown(layer).gene == "gene_00001"
    assert [str(note.severity) for note in told] == ["warning"]


def test_other_files_are_left_to_others(tmp_path):
    (tmp_path / "points.csv").write_text("index,axis-0,axis-1\n0,1,2\n")
    assert get_reader(str(tmp_path / "points.csv")) is None
    assert get_reader(str(tmp_path / "missing.nii")) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader([str(tmp_path / "points.csv")]) is None


def test_without_a_window_a_result_is_layers_and_other_things_need_one(tmp_path, comparison):
    from napari_compressed_transcriptomics.io.writers.comparison import save_comparison
    from napari_compressed_transcriptomics.io.writers.results import save_results

    result, folder = compressed(make_phantom(), 2), str(tmp_path / "result")
    save_results(result, folder)
    error, latents = get_reader(folder)(folder)
    assert error[1]["name"] == layers.error_layer(result)[1]["name"]
    np.testing.assert_allclose(error[0], layers.error_layer(result)[0], rtol=1e-6)
    assert len(latents[0]) == 2
    save_comparison(comparison, tmp_path / "compared")
    compared = str(tmp_path / "compared")
    with pytest.raises(UserError, match="compared shows in docks, which need a window"):
        get_reader(compared)(compared)
    table = tmp_path / "cortex.csv"
    genes, values = (",".join(f"{kind}{i}" for i in range(40)) for kind in ("GENE", "1."))
    table.write_text(f"label,{genes}\nL_a,{values}\nR_a,{values}\n")
    with pytest.raises(UserError, match="is a table without an atlas"):
        get_reader(str(table))(str(table))


def test_samples_open_from_the_menu(viewer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (brain,) = viewer.open_sample(PLUGIN, "synthetic_brain")
        atlas, regions = viewer.open_sample(PLUGIN, "synthetic_regions")
    assert 3_500 < shown(brain).expression.n_samples < 3_900
    assert regions.data.shape == atlas.data.shape
    np.testing.assert_array_equal(np.isfinite(regions.data), atlas.data > 0)
    np.testing.assert_array_equal(brain.translate, regions.translate)


def test_a_real_table_opens_is_fitted_saved_and_reopened(viewer, tmp_path, qtbot, monkeypatch):
    """The whole path in the window, on the real Allen Human Brain Atlas."""
    table, atlas, labels = TABLES["ahba_schaefer100"]
    path = real_table(tmp_path, table, atlas, labels)
    (layer,) = viewer.open(path, plugin=PLUGIN)
    expression = shown(layer).expression
    assert expression.n_samples == 114
    assert np.isfinite(layer.data).sum() == expression.parcellation.voxels_per_sample.sum()

    shorten_training(monkeypatch)
    _, compress = viewer.window.add_plugin_dock_widget(PLUGIN, "Compress")
    choose_value(compress.codec, "residual")
    choose_value(compress.latent_size, 4)
    run(compress.bar, qtbot)
    assert "RMSE" in compress.result.text(), compress.bar.status.text()
    result = shown(viewer.layers[-1]).reconstruction
    assert result.rmse < 0.9 * expression.values.std(axis=0).mean()

    viewer.layers.selection = {viewer.layers[-1]}
    saved = viewer.layers.save(str(tmp_path / "l.nii.gz"), selected=True, plugin=PLUGIN)[0]
    image = nib.load(saved)
    np.testing.assert_array_equal(image.affine, nib.load(real_data(atlas)).affine)
    (again,) = viewer.open(saved, plugin=PLUGIN)
    np.testing.assert_array_equal(again.data, viewer.layers[-2].data)
    np.testing.assert_array_equal(again.translate, viewer.layers[-2].translate)
