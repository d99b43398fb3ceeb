"""The held-out error: as compare has it, never flattering, and kept with the result."""

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, stopping
from napari_compressed_transcriptomics.figures.report import page as report
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.io.writers.results import (
    HELD_OUT_FILES,
    RESULT_FILES,
    save_results,
)
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress
from napari_compressed_transcriptomics.reconstruction.held_out_error import HELD_OUT, STAGE, HeldOut
from napari_compressed_transcriptomics.reconstruction.summary import summary_of
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from small import small_expression

pytestmark = pytest.mark.usefixtures("one_thread")
HOW = HeldOut("blocks", 3)


def asked(expression, how=HOW, **settings):
    return CompressRequest(expression, "pca", 4, seed=3, held_out=how, device="cpu", **settings)


def too_late(progress):
    pytest.fail("It worked before it refused")


@pytest.fixture(scope="module")
def result(brain):
    return compress(asked(brain))


@pytest.mark.parametrize("split", ["blocks", "random"])
def test_it_is_what_compare_measures_on_the_same_folds(split, brain):
    found = compress(asked(brain, HeldOut(split, 3))).held_out
    request = CompareRequest(
        brain, ("pca",), (4,), splits=(split,), n_folds=3, seed=3, device="cpu", n_jobs=1
    )
    scores = compare_methods(request).scores
    np.testing.assert_allclose(found.rmse_folds, [score.rmse for score in scores], rtol=1e-6)
    assert found.plan.buffer_mm == scores[0].buffer_mm
    assert found.distances_mm.min() == min(score.distance_min_mm for score in scores)
    sizes = np.array([len(test) for _, test in found.plan.folds])
    mean = (np.square(found.rmse_folds) * sizes).sum() / sizes.sum()
    assert found.rmse == pytest.approx(np.sqrt(mean))


def test_samples_genes_and_the_whole_belong_together(result, brain):
    found = result.held_out
    for part in (found.rmse_samples, found.rmse_genes):
        assert np.sqrt(np.square(part).mean()) == pytest.approx(found.rmse)
    train, test = found.plan.folds[1]
    mean = brain.values[train].mean(axis=0, dtype=float)
    axes = np.linalg.svd(brain.values[train] - mean, full_matrices=False)[2][:4]
    held_out = brain.values[test] - mean
    off = held_out - held_out @ axes.T @ axes
    np.testing.assert_allclose(
        found.rmse_samples[test], np.sqrt(np.square(off).mean(axis=1)), rtol=1e-3
    )
    assert list(result.gene_table)[:2] == ["rmse", HELD_OUT]
    assert result.gene_table[HELD_OUT] is found.rmse_genes


def test_a_codec_that_learns_by_heart_is_found_out():
    noise = small_expression(60, 200, noise=0.05)
    request = replace(asked(noise, HeldOut("random")), latent_size=40)
    result = compress(request)
    assert result.held_out.rmse > 1.5 * result.rmse
    assert (result.held_out.rmse_genes > result.rmse_genes).mean() > 0.95
    ratio = result.held_out.rmse / result.rmse
    assert f"{ratio:.2f} times the fitted (5 folds, random)" in result.held_out.in_words(
        result.rmse
    )
    few = compress(replace(request, latent_size=2))
    assert 1 < few.held_out.rmse / few.rmse < 1.1  # two components are all there is


@pytest.mark.parametrize("codec", ["published", "model", "fitted"])
def test_models_that_are_there_already_are_refused_at_once(codec, brain):
    with pytest.raises(UserError, match="cannot be repeated here"):
        compress(replace(asked(brain), codec=codec), too_late)


@pytest.mark.parametrize(
    ("how", "size", "says"),
    [
        (HeldOut("halves"), 4, "'halves'"),
        (HeldOut(n_folds=1), 4, "1 folds"),
        (HeldOut(buffer=500), 4, "A buffer of 500 mm leaves 0"),
        (HeldOut("random", 2), 30, "30 components are too many for 20 samples"),
    ],
    ids=str,
)
def test_what_cannot_be_measured_is_refused_before_any_fit(how, size, says):
    request = replace(asked(small_expression(40), how), latent_size=size)
    with pytest.raises(UserError, match=says):
        compress(request, too_late)


def test_progress_counts_folds_and_stop_within_a_fit_keeps_the_result(brain):
    seen = []
    request = replace(asked(brain), codec="residual", max_epochs=8)

    def in_the_second_fold():
        return seen[-1].stage == STAGE and seen[-1].done > 100

    result = compress(request, stopping(seen.append, in_the_second_fold))
    assert 100 < seen[-1].done < 200  # within the second fit, and nothing after it
    assert seen[-1].total == 300
    assert result.held_out is None
    assert "Measuring the held-out error was cancelled" in result.notes
    assert result.rmse > 0
    done = [p.done for p in seen if p.stage == STAGE]
    assert done == sorted(done)


def test_a_fit_that_fails_leaves_the_result_and_says_so(brain, monkeypatch):
    fitted = codec_class(asked(brain).codec)
    whole = fitted.fit

    def fails(expression, *sizes, report, **settings):
        if expression is not brain:
            report(Progress("Fitting", 0, 1, "a warning"))
            raise np.linalg.LinAlgError("SVD did not converge")
        return whole(expression, *sizes, report=report, **settings)

    monkeypatch.setattr(fitted, "fit", fails)
    result = compress(asked(brain))
    assert result.held_out is None
    assert any("failed: SVD did not converge" in note for note in result.notes)


def test_files_tell_it_and_are_read_back(result, tmp_path):
    paths = save_results(result, tmp_path, {})
    assert {path.name for path in paths} == {*RESULT_FILES, *HELD_OUT_FILES}
    found, back = result.held_out, read_results(tmp_path)
    np.testing.assert_allclose(back.held_out_genes, found.rmse_genes)
    np.testing.assert_allclose(back.samples.held_out, found.rmse_samples)
    painted = result.expression.parcellation.paint(found.rmse_samples)
    np.testing.assert_array_equal(back.held_out_volume, painted)
    told = back.record["held_out"]
    assert told["ratio"] == pytest.approx(found.rmse / result.rmse)
    assert (told["split"], told["n_folds"], told["seed"]) == ("blocks", 3, 3)
    assert told["buffer_mm"] == found.plan.buffer_mm > 0
    assert told["distance_min_mm"] >= told["buffer_mm"]


def test_a_result_without_it_leaves_no_volume_of_another(result, tmp_path):
    save_results(result, tmp_path, {})
    save_results(replace(result, held_out=None), tmp_path, {})
    assert {path.name for path in tmp_path.iterdir()} == set(RESULT_FILES)
    assert read_results(tmp_path).held_out_genes is None
    foreign = tmp_path / HELD_OUT_FILES[1]
    foreign.write_text("{}")
    save_results(replace(result, held_out=None), tmp_path, {})
    assert foreign.exists()


@pytest.mark.parametrize("odd", [[], "much", {"rmse": "1"}, {"rmse": 1.0, "n_folds": None}])
def test_odd_records_are_refused(odd, result, tmp_path):
    save_results(result, tmp_path, {})
    path = tmp_path / "summary.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"held_out": odd}))
    with pytest.raises(UserError, match="held_out"):
        read_results(tmp_path)


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out what takes long: words instead of figures."""
    whole = report.report_figures

    def figures(results):
        return ((name, (lambda: None, words)) for name, (_, words) in whole(results))

    monkeypatch.setattr(report, "report_figures", figures)
    monkeypatch.setattr(report, "inline_svg", lambda figure, name, words: words)


def test_report_shows_it(result, undrawn, small_pictures):
    page = report.report_of(result)
    ratio = result.held_out.rmse / result.rmse
    assert f"{ratio:.2f} times the fitted one (3 folds, contiguous blocks of space" in page
    assert page.count("held out</th>") == 4  # genes and samples, worst and best
    assert "The same slices of the held-out error" in page
    assert "likely larger" not in page
    without = report.report_of(replace(result, held_out=None))
    assert "held out</th>" not in without
    assert "likely larger" in without
    assert summary_of(replace(result, held_out=None))["held_out"] is None
