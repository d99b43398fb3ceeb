"""What figures show of folders: maps as they were saved, and a sentence for what is not there."""

import json
import shutil

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.figures.prediction_plots import utility_bars
from napari_compressed_transcriptomics.io.writers.comparison import save_comparison
from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs
from napari_compressed_transcriptomics.io.writers.prediction import save_prediction
from napari_compressed_transcriptomics.io.writers.results import MODEL, save_results
from napari_compressed_transcriptomics.reconstruction.decoded import decoded
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.predict import Prediction, Score
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from phantom import make_phantom
from small import compressed, small_expression
from vertices import write_gifti_maps


@pytest.fixture(scope="module")
def prediction():
    data, rng = make_phantom(), np.random.default_rng(0)
    target = Target("receptor", rng.normal(size=data.n_samples))
    score = Score("receptor", "pca", 2, "ridge", "blocks", 0.5, 0.4, 0.6, 0.01, 0.02)
    request = PredictRequest(data, (target,), methods=("pca",), latent_sizes=(2,))
    return Prediction(request, (score,), {score.key: target.values + 0.1}, ())


@pytest.fixture(scope="module")
def folders(prediction, tmp_path_factory):
    """By what they hold."""
    folder = tmp_path_factory.mktemp("figures")
    save_prediction(prediction, folder / "prediction")
    data = small_expression(20, 8)
    how = {"latent_sizes": (2,), "splits": ("random",), "n_folds": 2, "n_jobs": 1}
    save_comparison(compare_methods(CompareRequest(data, ("pca",), **how)), folder / "comparison")
    one = compressed(make_phantom(), 1)
    save_results(one, folder / "result")
    of = one.expression
    save_results(decoded(one.codec, one.latents, of.parcellation, of.samples), folder / "decoded")
    (folder / "empty").mkdir()
    return folder


def drawn(folder, what):
    """What a folder has by the name of a map, or as ``plot NAME``."""
    (one,), plot = read_inputs([str(folder)]), what.removeprefix("plot ")
    return one.map(what) if plot == what else one.plot(plot)


@pytest.mark.parametrize("kind", ["target", "predicted", "error"])
def test_maps_of_a_prediction_are_those_that_were_made(folders, prediction, kind):
    (target,), (score,) = prediction.request.targets, prediction.scores
    expected = {
        "target": target.values,
        "predicted": prediction.predicted(score),
        "error": prediction.prediction_error(score),
    }[kind]
    one = drawn(folders / "prediction", f"{kind}:receptor")
    np.testing.assert_allclose(one.values, expected, rtol=1e-4, atol=1e-6)
    assert one.kind == ("signed" if kind == "error" else "values")
    if kind == "predicted":  # which is drawn with the colours of what it predicts
        colours_of = one.original[np.isfinite(one.original)]
        np.testing.assert_allclose(colours_of, target.values, rtol=1e-4, atol=1e-6)


def test_the_plot_of_a_prediction_has_its_scores(folders, prediction):
    plot = drawn(folders / "prediction", "plot prediction")
    assert plot.func is utility_bars
    assert tuple(plot.args[0].scores) == prediction.scores


@pytest.mark.parametrize(
    ("folder", "what", "words"),
    [
        ("prediction", "rmse", "no map 'rmse' of predictions; it is target:NAME"),
        ("prediction", "target:no", "no target 'no'; choose among receptor"),
        ("prediction", "plot density", "density is not a plot of a prediction"),
        ("comparison", "rmse", "is a comparison, which has no maps"),
        ("comparison", "plot density", "density is not a plot of a comparison"),
        ("result", "plot latents", "result has one component; a plane of latents needs two"),
        ("result", "plot nothing", "nothing is not a plot of results"),
        ("decoded", "plot latents", "decoded has one component; a plane of latents needs two"),
        ("empty", "rmse", "holds neither results, nor a prediction or comparison, nor volumes"),
    ],
)
def test_what_a_folder_does_not_have_is_said(folders, folder, what, words):
    with pytest.raises(UserError, match=words):
        drawn(folders / folder, what)


def test_scores_and_maps_that_were_changed_are_refused(folders, tmp_path):
    folder = shutil.copytree(folders / "prediction", tmp_path / "copy")
    record = json.loads((folder / "prediction.json").read_text())
    del record["files"]  # as an older version wrote it: else its hashes tell
    (folder / "prediction.json").write_text(json.dumps(record))
    scores = folder / "prediction.csv"
    scores.write_text(scores.read_text().replace(",2,", ",two,"))
    with pytest.raises(UserError, match=r"prediction\.csv is damaged; predict again"):
        drawn(folder, "plot prediction")
    maps = write_gifti_maps(tmp_path / "gifti", np.ones((2 * 642, 4), np.float32))
    for side, letter in (("lh", "L"), ("rh", "R")):
        shutil.copy(
            maps / f"{side}.TP53.gii", folder / f"predicted_receptor_hemi-{letter}.func.gii"
        )
    with pytest.raises(UserError, match="maps of other vertices than its volumes; predict again"):
        drawn(folder, "target:receptor")


@pytest.mark.parametrize(
    ("file", "what", "words"),
    [
        (MODEL, "reconstructed:TP53", "has no model.safetensors"),
        ("density.csv", "plot density", "density of original against reconstructed values is not"),
        ("sample_error.csv", "plot histogram", "error of each sample is not in copy; encode again"),
    ],
)
def test_a_result_without_a_file_has_all_but_what_needs_it(folders, tmp_path, file, what, words):
    folder = shutil.copytree(folders / "result", tmp_path / "copy")
    (folder / file).unlink()
    record = json.loads((folder / "summary.json").read_text())
    del record["files"][file]
    (folder / "summary.json").write_text(json.dumps(record))
    assert np.isfinite(drawn(folder, "component:1").values).all()
    with pytest.raises(UserError, match=words):
        drawn(folder, what)
