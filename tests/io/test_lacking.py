"""Which regions of an atlas lack data is kept in stores, `.h5ad` and folders of predictions."""

from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.surfaces.stored import stored_place
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from napari_compressed_transcriptomics.io.writers.prediction import save_prediction
from napari_compressed_transcriptomics.io.writers.reopen.studies import open_prediction
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.study.predict import Prediction, Score
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from phantom import AFFINES, make_phantom


def lacks(data):
    """The same data, with an atlas that reaches further."""
    lacking = np.zeros(data.parcellation.labels.shape, bool)
    lacking[:2, 0] = data.parcellation.labels[:2, 0] == 0
    assert lacking.any()
    return replace(data, parcellation=replace(data.parcellation, lacking=lacking))


@pytest.mark.parametrize("write", [write_h5ad, convert])
def test_files_that_hold_expression(write, tmp_path):
    whole = make_phantom(AFFINES["LAS"])
    for data, name in ((lacks(whole), "a"), (whole, "b")):
        path = tmp_path / (f"{name}.h5ad" if write is write_h5ad else f"{name}.zarr")
        write(path, data) if write is write_h5ad else write(data, path)
        found = read_expression(path)
        np.testing.assert_array_equal(found.parcellation.lacking, data.parcellation.lacking)
        np.testing.assert_array_equal(found.parcellation.labels, data.parcellation.labels)


def test_one_that_does_not_fit_is_refused():
    labels = np.ones((2, 2, 2), np.int32)
    with pytest.raises(UserError, match="that do not fit its labels"):
        stored_place(labels, np.eye(4), {"lacking": np.ones((2, 2, 3), np.uint8)}, "x.zarr")


def test_folders_of_predictions(las, tmp_path):
    target = Target("map", las.values[:, 0])
    score = Score("map", "pca", 2, "ridge", "blocks", 0.5, 0.4, 0.6, 0.01, 0.02)
    for data in (lacks(las), las):  # one after the other into the same folder
        request = PredictRequest(data, (target,), methods=("pca",), latent_sizes=(2,))
        save_prediction(Prediction(request, (score,), {score.key: target.values}, ()), tmp_path)
        found = open_prediction(tmp_path).request.expression.parcellation
        np.testing.assert_array_equal(found.lacking, data.parcellation.lacking)
    assert not list(tmp_path.glob("lacking*"))
