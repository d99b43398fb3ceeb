"""The whole of training in the real window, on real data, and again from the models' files."""

import nibabel as nib
import numpy as np

from clicking import choose_value, finish, press, run
from commands import run as cli
from data import TABLES, real_table
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN


def test_open_train_cancel_train_compress_save_encode(make_napari_viewer, qtbot, tmp_path, answer):
    table = real_table(tmp_path, *TABLES["ahba_schaefer100"])
    viewer = make_napari_viewer(show=True)
    viewer.open(table, plugin=PLUGIN)
    _, compress = viewer.window.add_plugin_dock_widget(PLUGIN, "Compress")
    _, train = viewer.window.add_plugin_dock_widget(PLUGIN, "Train autoencoder")
    choose_value(train.latent_size, 4)
    train.more.setChecked(True)
    results = {}
    for recipe in ("residual", "autoencoder"):
        choose_value(train.recipe, recipe)
        train.epochs.setValue(100_000)
        train.patience.setValue(100_000)
        press(train.bar.run)
        qtbot.waitUntil(lambda: len(train.curve.validation) >= 2)  # watch
        press(train.bar.cancel)
        finish(train.bar, qtbot)
        assert "stopped by you" in train.result.text()

        train.epochs.setValue(5)
        run(train.bar, qtbot)
        assert train.bar.run.isEnabled()
        codec = train._codec

        run(compress.bar, qtbot)  # the model just trained is chosen there already
        results[recipe] = shown(viewer.layers[-1]).reconstruction
        assert results[recipe].codec is codec
        answer(tmp_path / f"{recipe}.safetensors")
        press(train.save_model)

    for recipe, result in results.items():
        model = tmp_path / f"{recipe}.safetensors"
        assert cli("encode", table, "--model", model, "--out", tmp_path / recipe) == 0
        image = nib.load(tmp_path / recipe / "latents.nii.gz")
        expected = result.expression.parcellation.paint(result.latents)
        np.testing.assert_array_equal(image.get_fdata(dtype=np.float32), expected)
