"""Faults 29 to 38 of targets, by number: those that `test_targets` does not hold already.

Held there: 29 row order and 30 another parcellation (`test_rows_...`, `test_real_lausanne_order`,
`test_real_17_networks`), 31 ids on one side only, 35 samples that a map does not cover, 37 no
overlap, 38 a background that is not zero. A target volume that is itself mirrored cannot be told
from another map; what can is the atlas (fault 33, `test_atlases` and `test_cli_predict`).
"""

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff

from faults import refusal
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.targets import read_latent_images, read_targets
from napari_compressed_transcriptomics.io.writers.prediction import prediction_record
from napari_compressed_transcriptomics.study.predict import predict_maps
from napari_compressed_transcriptomics.study.predict_request import PredictRequest


def save(path, data, affine):
    nib.save(nib.Nifti1Image(np.asarray(data, np.float32), affine), path)
    return path


@pytest.mark.parametrize("off", [0.0, 1e-5, -1e-5])
def test_32_labels_stored_as_floats_are_no_map(off, brain, tmp_path):
    """179.99999 is label 180: a mean of labels over a sample would look like a map."""
    shape = brain.parcellation.labels.shape
    labels = np.zeros(shape)
    inside = brain.parcellation.labels > 0
    labels[inside] = 1 + np.argwhere(inside)[:, 0] // 3
    path = save(tmp_path / "atlas.nii", labels + off * inside, brain.parcellation.affine)
    assert "atlas.nii holds labels" in refusal(read_targets, [path], brain)


@pytest.mark.parametrize("axes", ["RAS", "LAS", "LPI", "SAR", "AIL"])
def test_33_sides_come_from_the_affine_not_from_the_order_in_the_file(axes, brain, tmp_path):
    """An asymmetric map gives the same values however its voxels are stored."""
    x, y, z = brain.parcellation.centroids.T
    expected = (100 + x + 0.3 * y + 0.1 * z).astype(np.float32)
    image = nib.as_closest_canonical(
        nib.Nifti1Image(brain.parcellation.paint(expected), brain.parcellation.affine)
    )
    back = axcodes2ornt(axes)
    turn = nib.orientations.ornt_transform(axcodes2ornt("RAS"), back)
    data = apply_orientation(image.get_fdata(), turn)
    affine = image.affine @ inv_ornt_aff(turn, image.shape)
    assert "".join(nib.aff2axcodes(affine)) == axes
    (target,) = read_targets([save(tmp_path / "m.nii.gz", data, affine)], brain)
    np.testing.assert_allclose(target.values, expected, rtol=1e-5)
    right, left = x > 20, x < -20
    assert np.nanmean(target.values[right]) > np.nanmean(target.values[left]) + 40


def test_34_hemispheres_that_share_ids_are_in_the_record_of_the_prediction(tmp_path):
    """It is the atlas of the expression that shares them; both sides then have one value."""
    labels = np.zeros((44, 12, 4), np.int16)
    for y in range(12):
        for z in range(2):
            labels[2:10, y, 2 * z : 2 * z + 2] = labels[34:42, y, 2 * z : 2 * z + 2] = 1 + 2 * y + z
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -43, -12, -4
    atlas = tmp_path / "atlas.nii"
    nib.save(nib.Nifti1Image(labels, affine), atlas)
    values = np.random.default_rng(0).uniform(0.3, 0.7, (24, 3))
    rows = [f"{i + 1},{a:.4f},{b:.4f},{c:.4f}" for i, (a, b, c) in enumerate(values)]
    (tmp_path / "e.csv").write_text("\n".join(["id,A,B,C", *rows]) + "\n")
    (tmp_path / "t.csv").write_text("\n".join(["id,a", *(f"{i},{i % 5}" for i in range(1, 25))]))
    expression = read_expression(tmp_path / "e.csv", atlas)
    targets = read_targets([tmp_path / "t.csv"], expression)
    settings = {"methods": ("pca",), "latent_sizes": (2,), "n_surrogates": 0, "n_repeats": 1}
    prediction = predict_maps(PredictRequest(expression, targets, **settings))
    assert any("hemispheres share ids" in note for note in prediction_record(prediction)["notes"])


def test_35_a_lost_parcel_is_nan_in_all_that_follows_and_said(brain, tmp_path):
    values = brain.values[:, 0].copy()
    volume = brain.parcellation.paint(values)
    lost = 7
    volume[brain.parcellation.labels == lost + 1] = np.nan
    path = save(tmp_path / "m.nii", volume, brain.parcellation.affine)
    (target,) = read_targets([path], brain)
    assert np.flatnonzero(np.isnan(target.values)).tolist() == [lost]
    settings = {"methods": ("pca",), "latent_sizes": (2,), "n_surrogates": 0, "n_repeats": 1}
    prediction = predict_maps(PredictRequest(brain, (target,), **settings))
    (score,) = prediction.scores
    for found in (prediction.predicted(score), prediction.prediction_error(score)):
        assert np.flatnonzero(np.isnan(found)).tolist() == [lost]
    assert any(brain.samples[lost] in note and "m.nii" in note for note in prediction.notes)


@pytest.mark.parametrize("read", [read_targets, read_latent_images])
def test_36_a_probabilistic_atlas_is_explained(read, brain, tmp_path):
    shape = brain.parcellation.labels.shape
    parts = np.random.default_rng(0).uniform(0, 1, (*shape, 3))
    path = save(tmp_path / "prob.nii.gz", parts, brain.parcellation.affine)
    text = refusal(read, [path], brain)
    assert "prob.nii.gz is 4-D" in text
    assert "split it" in text


def test_38_a_background_below_zero_is_masked_beside_real_zeros(brain, tmp_path):
    """Only what surrounds the brain is background: a sample that is zero stays zero."""
    values = brain.parcellation.centroids[:, 0].astype(np.float32)
    values[np.abs(values) < 9] = 0
    volume = np.nan_to_num(brain.parcellation.paint(values), nan=-1000)
    path = save(tmp_path / "m.nii", volume, brain.parcellation.affine)
    (target,) = read_targets([path], brain)
    np.testing.assert_allclose(target.values, values, atol=1e-4)
