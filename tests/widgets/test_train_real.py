"""The whole of training in the real window, on real data, and again after a restart."""

import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from clicking import choose_value, finish, press, run
from data import TABLES, real_table
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN


@pytest.mark.parametrize("recipe", ["residual", "autoencoder"])
def test_open_train_cancel_train_compress_save_restart(
    recipe, make_napari_viewer, qtbot, tmp_path, answer
):
    table = real_table(tmp_path, *TABLES["ahba_schaefer100"])
    viewer = make_napari_viewer(show=True)
    viewer.open(table, plugin=PLUGIN)
    _, compress = viewer.window.add_plugin_dock_widget(PLUGIN, "Compress")
    _, train = viewer.window.add_plugin_dock_widget(PLUGIN, "Train autoencoder")

    choose_value(train.recipe, recipe)
    choose_value(train.latent_size, 4)
    train.more.setChecked(True)
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
    result = shown(viewer.layers[-1]).reconstruction
    assert result.codec is codec

    path = str(answer(tmp_path / "model.safetensors"))
    press(train.save_model)
    command = [sys.executable, "-m", "napari_compressed_transcriptomics.cli", "encode"]
    out = tmp_path / "out"
    subprocess.run(
        [*command, str(table), "--model", path, "--out", str(out)], check=True, capture_output=True
    )
    latents = nib.load(out / "latents.nii.gz").get_fdata(dtype=np.float32)
    np.testing.assert_array_equal(latents, result.expression.parcellation.paint(result.latents))
