"""Prediction: finds what is there, and nothing in shuffled maps."""

import numpy as np
import pytest

from faults import refusal
from napari_compressed_transcriptomics.core import memory
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.progress import Cancelled, silent, stopping
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.core.target import Features, Target
from napari_compressed_transcriptomics.spatial.spatial_covariance import Smoothness, covariance
from napari_compressed_transcriptomics.study import regressors
from napari_compressed_transcriptomics.study.predict import (
    COLUMNS,
    Prediction,
    Score,
    _corrected,
    predict_maps,
    shuffled,
)
from napari_compressed_transcriptomics.study.predict_cost import cost_sentence
from napari_compressed_transcriptomics.study.predict_request import PredictRequest, check_request


def brain(n_genes=30, seed=0):
    """Three smooth and symmetric factors on 96 voxels of 16 mm, and genes that are made of them."""
    mask = np.zeros((8, 6, 4), bool)
    mask[:3, :, :] = mask[5:, :, :] = True
    mask[0, 0, :] = mask[-1, 0, :] = False
    affine = np.diag([16.0, 16, 16, 1])
    affine[:3, 3] = -56, -40, -24
    parcellation = Parcellation.from_mask(mask, affine)
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(covariance(parcellation.centroids, Smoothness(30, 0.9, 0.05)))
    factors = root @ rng.standard_normal((parcellation.n_samples, 3))
    noise = 0.3 * rng.standard_normal((parcellation.n_samples, n_genes))
    values = 0.5 + 0.05 * (factors @ rng.standard_normal((3, n_genes)) + noise)
    expression = Expression(
        np.clip(values, 0, 1).astype(np.float32),
        tuple(f"G{i}" for i in range(n_genes)),
        tuple(f"r{i}" for i in range(parcellation.n_samples)),
        parcellation,
        "brain",
    )
    return expression, factors, root


EXPRESSION, FACTORS, ROOT = brain()


def target(name="first", column=0, noise=0.3, seed=1):
    values = FACTORS[:, column] + noise * np.random.default_rng(seed).standard_normal(len(FACTORS))
    return Target(name, values)


def run(*targets, **settings):
    settings = {"methods": ("pca",), "latent_sizes": (3,), "n_surrogates": 99} | settings
    return predict_maps(PredictRequest(EXPRESSION, targets, **settings))


def test_what_is_there_is_found():
    gaps = target("gaps", column=1)
    gaps.values[:5] = np.nan
    found = run(target(), gaps, methods=("pca", "genes", "kernel-pca"), regressors=("ridge",))
    assert list(found.table().columns) == list(COLUMNS)
    assert {(s.method, s.latent_size) for s in found.scores} == {
        ("genes", 30), ("pca", 3), ("kernel-pca", 3),
    }  # fmt: skip
    for score in found.scores:
        assert 0.5 < score.r2 <= 1
        assert score.r2_low < score.r2 < score.r2_high
        assert score.p_spatial == 0.01
        assert score.p_fdr == 0.01
        predicted = found.predicted(score)
        there = np.isfinite(found.target(score.target).values)
        np.testing.assert_array_equal(np.isfinite(predicted), there)
        residual = found.prediction_error(score)[there]
        assert np.var(residual) < 0.6 * np.var(found.target(score.target).values[there])
    assert found.best("gaps").target == "gaps"
    assert found.complete
    assert "pca 3" in found.training


def test_shuffled_targets_give_nothing():
    """Negative control: R2 around or below zero, p-values about uniform."""
    targets = [shuffled(target(str(i), noise=0, seed=i), seed=i) for i in range(60)]
    table = run(*targets, n_repeats=2).table()
    assert table["r2"].median() < 0.02
    assert table["r2"].max() < 0.2
    assert (table["p_spatial"] <= 0.05).mean() < 0.15
    at = np.arange(0.05, 1, 0.05)
    uniform = (table["p_spatial"].to_numpy()[:, None] <= at).mean(axis=0)
    assert np.abs(uniform - at).max() < 1.95 / np.sqrt(60)
    assert table["p_fdr"].min() > 0.05


def test_smooth_maps_with_nothing_in_common_give_uniform_p_values():
    """The control that matters: the R2 of such maps is far above that of shuffled ones."""
    maps = ROOT @ np.random.default_rng(11).standard_normal((len(FACTORS), 100))
    targets = [Target(str(i), column) for i, column in enumerate(maps.T)]
    once = {"n_repeats": 1, "splits": ("random",)}
    table = run(*targets, **once).table()
    naive = run(*(shuffled(t, i) for i, t in enumerate(targets)), n_surrogates=0, **once).table()
    assert (table["r2"] > naive["r2"].quantile(0.95)).mean() > 0.2
    assert (table["p_spatial"] <= 0.05).mean() <= 0.12
    at = np.arange(0.05, 1, 0.05)
    uniform = (table["p_spatial"].to_numpy()[:, None] <= at).mean(axis=0)
    assert np.abs(uniform - at).max() < 1.95 / np.sqrt(100)


def test_a_step_that_genes_have_too_is_no_relation():
    """Maps that differ between two compartments, and else have nothing in common with genes."""
    core = (np.abs(EXPRESSION.parcellation.centroids) < 30).all(axis=1)
    rng = np.random.default_rng(5)
    values = ROOT @ rng.standard_normal((len(FACTORS), 60)) + 4 * np.outer(core, np.ones(60))
    targets = [Target(str(i), column) for i, column in enumerate(values.T)]
    stepped = FACTORS + 4 * core[:, None]
    labels = np.zeros(EXPRESSION.parcellation.labels.shape, int)
    labels[tuple(np.argwhere(EXPRESSION.parcellation.labels).T)] = 1
    labels[tuple(np.argwhere(EXPRESSION.parcellation.paint(core.astype(float)) == 1).T)] = 2
    volume = RegionVolume(labels, EXPRESSION.parcellation.affine, name="labels")
    found = {}
    for name, compartments in (("known", volume), ("unknown", None)):
        features = (Features("stepped", stepped),)
        table = run(
            *targets, methods=(), features=features, compartments=compartments,
            n_repeats=1, splits=("random",),
        )  # fmt: skip
        found[name] = (table.table()["p_spatial"] <= 0.05).mean()
    assert found["unknown"] > 0.3
    assert found["known"] <= 0.12  # 95 % binomial limit of 5 % in 60


def test_compartments_that_are_not_known_are_said():
    found = run(target(), n_surrogates=9)
    assert found.compartments.doubtful
    assert found.notes[0].startswith("brain does not tell cortex from subcortex")
    found = run(target(), n_surrogates=0)
    assert found.compartments is None
    assert not found.notes


def test_same_seed_same_numbers():
    one, same, other = (run(target(), seed=seed).scores[0] for seed in (0, 0, 1))
    assert one == same
    assert one.r2 != other.r2


def test_gradient_boosting_and_both_splits(monkeypatch):
    monkeypatch.setattr(regressors, "_MAX_TREES", 60)
    found = run(
        target(), regressors=("ridge", "trees"), splits=("blocks", "random"), n_repeats=1,
        methods=("pca", "genes"), n_folds=3,
    )  # fmt: skip
    keys = {(s.method, s.regressor, s.split) for s in found.scores}
    assert len(keys) == 2 * 2 + 1 * 2  # genes with ridge only
    boosted = [s for s in found.scores if s.regressor == "trees"]
    assert all(s.r2 > 0.2 and np.isnan(s.p_spatial) and np.isnan(s.p_fdr) for s in boosted)


def test_blocks_have_a_buffer_that_is_said():
    found = run(target(), n_surrogates=0, n_repeats=1)
    assert not any("buffer" in note for note in found.notes)
    wide = run(target(), n_surrogates=0, n_repeats=1, buffer=20.0)
    assert "Blocks have a buffer of 20.0 mm" in wide.notes
    assert wide.scores[0].r2 != found.scores[0].r2
    request = PredictRequest(EXPRESSION, (target(),), buffer=20.0)
    places = EXPRESSION.parcellation.centroids
    for fold in request.folds(np.ones(len(places), bool), "blocks"):
        away = np.linalg.norm(places[fold.test, None] - places[fold.train], axis=2)
        assert away.min() >= 20
    for odd, says in ((500.0, "leaves 0 samples"), (-1.0, "is not possible")):
        with pytest.raises(UserError, match=says):
            predict_maps(PredictRequest(EXPRESSION, (target(),), buffer=odd))


def test_latent_images_with_gaps():
    values = FACTORS[:, :2].copy()
    values[::7] = np.nan
    found = run(target(), methods=(), features=(Features("published", values),))
    (score,) = found.scores
    assert (score.method, score.latent_size) == ("published", 2)
    np.testing.assert_array_equal(np.isnan(found.predicted(score)), np.isnan(values[:, 0]))
    assert score.r2 > 0.5


def test_cancel_keeps_the_targets_done():
    request = PredictRequest(
        EXPRESSION, (target("a"), target("b"), target("c")), ("pca", "genes"), (3,), n_surrogates=9
    )
    seen = []
    found = predict_maps(request, stopping(seen.append, lambda: seen[-1].done == 3))
    assert {s.target for s in found.scores} == {"a"}
    assert len(found.scores) == 2
    assert not found.complete
    assert any("after 1 of 3" in note for note in found.notes)
    request = PredictRequest(EXPRESSION, (target("a"),), ("residual",), (3,))
    with pytest.raises(Cancelled):
        predict_maps(request, stopping(silent, lambda: True))


def test_correction_is_over_the_targets_of_each_method():
    def score(name, method, p):
        return Score(name, method, 2, "ridge", "blocks", 0.0, 0.0, 0.0, p)

    p = [0.01, 0.02, 0.03, 0.04]
    scores = [score(str(i), "pca", value) for i, value in enumerate(p)]
    scores += [score("0", "nmf", 0.01), score("1", "nmf", np.nan)]
    corrected = _corrected(scores)
    assert [s.p_fdr for s in corrected[:4]] == pytest.approx([0.04] * 4)
    assert corrected[4].p_fdr == pytest.approx(0.01)
    assert np.isnan(corrected[5].p_fdr)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"targets": ()}, "no target"),
        ({"methods": ()}, "no method"),
        ({"methods": ("magic",)}, "'magic'"),
        ({"features": (Features("pca", FACTORS),)}, "(pca)"),
        ({"features": (Features("genes", FACTORS),), "methods": ("genes",)}, "(genes)"),
        ({"latent_sizes": (64,)}, "64 components"),
        ({"regressors": ("forest",)}, "'forest'"),
        ({"regressors": ()}, "regressor"),
        ({"splits": ("halves",)}, "'halves'"),
        ({"seed": 2**32}, "seed 4294967296"),
        ({"n_folds": 1}, "1 folds"),
        ({"n_folds": 10**9}, "from 2 to 68"),
        ({"n_repeats": 10**9}, "from 1 to 1,000"),
        ({"n_surrogates": 10**12}, "from 0 to 1,000,000"),
        ({"targets": (target("a"), target("a"))}, "(a)"),
        ({"targets": (Target("flat", np.ones(len(FACTORS))),)}, "same everywhere"),
        ({"targets": (Target("few", np.r_[np.arange(9), [np.nan] * 87]),)}, "few has values in 9"),
    ],
    ids=str,
)
def test_bad_settings(settings, says):
    settings = {"targets": (target(),), "methods": ("pca",), "latent_sizes": (3,)} | settings
    assert says in refusal(check_request, PredictRequest(EXPRESSION, **settings))


def test_surrogates_that_memory_does_not_hold(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    check_request(PredictRequest(EXPRESSION, (target(),), ("pca",), (3,)))
    for more in ({"n_surrogates": 10**5}, {"n_repeats": 1000}):
        with pytest.raises(UserError, match="maps of 136 samples for p-values needs"):
            check_request(PredictRequest(EXPRESSION, (target(),), ("pca",), (3,), **more))


def test_cost_is_said():
    request = PredictRequest(EXPRESSION, (target(),), ("pca", "genes"), (3,), n_surrogates=19)
    assert "1 target(s) x 5 folds x 4 repeats with 19 surrogates take about" in cost_sentence(
        request
    )


def test_best_and_maps_of_a_finished_prediction():
    request = PredictRequest(EXPRESSION, (target(),), ("pca",), (3,))
    scores = [
        Score("first", m, 3, "ridge", "blocks", r2, 0, 1, 0.5) for m, r2 in (("a", 0.1), ("b", 0.4))
    ]
    maps = {score.key: np.full(len(FACTORS), score.r2) for score in scores}
    found = Prediction(request, tuple(scores), maps)
    assert found.best("first").method == "b"
    np.testing.assert_allclose(found.prediction_error(scores[1]), target().values - 0.4)
