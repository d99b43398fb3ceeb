"""Comparisons and predictions opened again from their folders."""

import shutil

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.io.writers.comparison import save_comparison
from napari_compressed_transcriptomics.io.writers.prediction import save_prediction
from napari_compressed_transcriptomics.io.writers.reopen.studies import (
    open_comparison,
    open_prediction,
)
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.predict import Prediction, Score
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from phantom import make_phantom
from small import small_expression


def test_a_comparison_has_its_scores(tmp_path):
    request = CompareRequest(
        small_expression(), methods=("pca",), latent_sizes=(2,), splits=("random",), n_folds=3,
        n_jobs=1,
    )  # fmt: skip
    made = compare_methods(request)
    save_comparison(made, tmp_path)
    found = open_comparison(tmp_path)
    assert [score.fit for score in found.scores] == [score.fit for score in made.scores]
    assert [s.rmse for s in found.scores] == pytest.approx([s.rmse for s in made.scores], rel=1e-7)
    assert "60 samples × 40 genes" in found.words
    (tmp_path / "comparison.csv").write_text("x\n")
    with pytest.raises(UserError, match="comparison"):
        open_comparison(tmp_path)


@pytest.fixture(scope="module")
def predicted(tmp_path_factory):
    """A prediction of two maps, and its folder."""
    data, rng = make_phantom(), np.random.default_rng(0)
    targets = tuple(Target(name, rng.normal(size=data.n_samples)) for name in ("one", "=two"))
    targets[1].values[3] = np.nan
    scores, maps = [], {}
    for target in targets:
        for method in ("pca", "genes"):
            score = Score(target.name, method, 2, "ridge", "blocks", 0.5, 0.4, 0.6, 0.01, 0.02)
            scores.append(score)
            maps[score.key] = target.values + 0.1
    request = PredictRequest(data, targets, methods=("pca", "genes"), latent_sizes=(2,))
    made = Prediction(request, tuple(scores), maps, ("A note",))
    folder = tmp_path_factory.mktemp("predicted")
    save_prediction(made, folder)
    return made, folder


def test_a_prediction_has_its_maps_and_places(predicted):
    made, folder = predicted
    found = open_prediction(folder)
    assert found.scores == made.scores
    assert found.notes[-1] == "A note"
    for score in made.scores:
        np.testing.assert_allclose(found.predicted(score), made.predicted(score), rtol=1e-5)
        np.testing.assert_allclose(
            found.prediction_error(score), made.prediction_error(score), rtol=1e-4
        )
    mine, theirs = found.request.expression, made.request.expression
    assert mine.samples == theirs.samples
    np.testing.assert_array_equal(mine.parcellation.labels, theirs.parcellation.labels)
    np.testing.assert_allclose(mine.parcellation.affine, theirs.parcellation.affine)
    with pytest.raises(UserError, match="open it to predict again"):
        _ = mine.values[0]


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("samples.nii.gz", "tells where its samples lie"),
        ("predicted_samples.csv", "no file"),
        ("predicted_one.nii.gz", "is missing, which belongs to prediction.json"),
    ],
)
def test_a_prediction_without_a_file(predicted, tmp_path, name, match):
    folder = shutil.copytree(predicted[1], tmp_path / "copy")
    (folder / name).unlink()
    with pytest.raises(UserError, match=match):
        open_prediction(folder)


def test_a_prediction_that_was_changed(predicted, tmp_path):
    folder = shutil.copytree(predicted[1], tmp_path / "copy")
    text = (folder / "predicted_samples.csv").read_text()
    (folder / "predicted_samples.csv").write_text(text.replace("0", "1", 3))
    with pytest.raises(UserError, match="does not belong"):
        open_prediction(folder)
