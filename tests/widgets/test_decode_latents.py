"""The dock Decode latents: latents of files become a result of which any gene is seen."""

import nibabel as nib
import numpy as np
import pytest

from clicking import press, run, stand_alone
from napari_compressed_transcriptomics.codecs.models.model_file import save_model
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.decode_latents import DecodeLatents
from napari_compressed_transcriptomics.widgets.shared.session import session
from viewing import value_at


@pytest.fixture
def files(result, tmp_path):
    """Latents as published: scaled to 0..1, 0 outside; and the model that made them."""
    place = result.expression.parcellation
    for k, column in enumerate(result.latents.T):
        volume = np.nan_to_num(place.paint(column))
        volume = (volume - volume.min()) / np.ptp(volume)
        nib.save(nib.Nifti1Image(volume, place.affine), tmp_path / f"abagen_pca{k}_8mm.nii.gz")
    save_model(result.codec, tmp_path / "m.safetensors")
    return tmp_path


@pytest.fixture
def dock(model, qtbot):
    return stand_alone(DecodeLatents(model), qtbot)


def test_any_gene_is_seen_where_the_latents_lie(dock, model, files, result, qtbot, answer):
    assert "Add the latents" in dock.bar.status.text()
    dock.files.take([files / f"abagen_pca{k}_8mm.nii.gz" for k in range(3)])
    assert "Choose the model" in dock.bar.status.text()
    dock.model.set_path(files / "m.safetensors")
    run(dock.bar, qtbot)
    assert "scaled to 0..1" in dock.notes.text()
    kinds = [shown(layer).kind for layer in model.layers]
    assert kinds == ["gene", "latents"]  # and no error
    made = session(model).work.current_result
    assert not made.has_errors
    gene = result.codec.genes[3]
    dock.genes.choose(gene)
    layer = model.layers[0]
    assert shown(layer).gene == gene
    mm = result.expression.parcellation.centroids[4]
    assert value_at(layer, mm) == made.gene(gene)[4]
    answer(files / "out")
    press(dock.save_gene)
    qtbot.waitUntil(lambda: "Saved in" in dock.bar.status.text())
    saved = nib.load(files / "out" / f"decoded_{gene}.nii.gz")
    np.testing.assert_array_equal(saved.affine, np.float32(made.expression.parcellation.affine))


def test_ranges_and_what_is_wrong_are_said(dock, files, qtbot):
    dock.files.take([files / "abagen_pca0_8mm.nii.gz"])
    dock.model.set_path(files / "m.safetensors")
    dock.ranges.setText("-1 2, 3")
    assert "two numbers per component" in dock.bar.status.text()
    dock.ranges.setText("-1 2")
    assert dock.request().ranges == ((-1.0, 2.0),)
    press(dock.bar.run)
    qtbot.waitUntil(lambda: "component(s) and the model 3" in dock.bar.status.text())
