"""Comparing methods: fair, without leaks, and with the same numbers however it is run."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from napari_compressed_transcriptomics.codecs import nmf
from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.codecs.registry import METHODS
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.progress import Stop, silent, stopping
from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size
from napari_compressed_transcriptomics.study import compare, compare_score
from napari_compressed_transcriptomics.study.compare import CompareProgress, compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest, Fit, plan
from napari_compressed_transcriptomics.study.compare_score import COLUMNS, Score, score_fit
from napari_compressed_transcriptomics.study.compare_workers import (
    bytes_per_process,
    in_processes,
    jobs,
    one_by_one,
)
from small import named, same, small_expression

DATA = small_expression()


def asked(expression=DATA, **settings) -> CompareRequest:
    usual = {"methods": ("pca",), "latent_sizes": (2,), "splits": ("random",), "n_folds": 3}
    return CompareRequest(expression, **(usual | {"n_jobs": 1} | settings))


def means(comparison, split="random"):
    table = comparison.table()
    return table[table["split"] == split].groupby(["method", "latent_size"])["rmse"].mean()


def linear(noise=0.001, seed=0):
    """Three factors, mixed by straight lines only."""
    rng = np.random.default_rng(seed)
    values = 0.5 + 0.05 * rng.normal(size=(90, 3)) @ rng.normal(size=(3, 40)) / 3
    return named(values + noise * rng.normal(size=values.shape))


def smooth():
    """Genes that follow place: neighbours are nearly the same, far ends are not."""
    shape = (16, 8, 2)
    parcellation = Parcellation.from_mask(
        np.ones(shape, bool), np.array([[8, 0, 0, -60], [0, 8, 0, 0], [0, 0, 8, 0], [0, 0, 0, 1.0]])
    )
    rng = np.random.default_rng(1)
    places = parcellation.centroids / 40
    fields = np.cos(places @ rng.normal(0, 2.5, (3, 60)) + rng.uniform(0, 6, 60))
    values = (0.5 + 0.1 * fields).astype(np.float32)
    names = tuple(map(str, range(len(values))))
    return Expression(values, tuple(f"G{i}" for i in range(60)), names, parcellation)


def test_numbers_follow_the_formulas():
    (score, *_), request = compare_methods(asked()).scores, asked()
    train, test = plan(request).folds["random"][0]
    assert not set(train) & set(test)
    mean = DATA.values[train].mean(axis=0, dtype=float)
    centred = DATA.values[train] - mean
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    held_out = DATA.values[test] - mean
    off = held_out - held_out @ axes.T @ axes
    assert score.fit == Fit("pca", 2, "random", 1)
    assert score.rmse == pytest.approx(np.sqrt((off**2).mean()), rel=1e-4)
    assert score.r2 == pytest.approx(1 - (off**2).sum() / (held_out**2).sum(), rel=1e-4)
    assert score.seconds > 0


def test_pca_is_best_where_all_is_linear():
    request = asked(linear(), methods=("pca", "nmf", "kernel-pca"), latent_sizes=(3,))
    found = means(compare_methods(request))
    assert found["pca", 3] < 0.0012
    assert found.drop(("pca", 3)).min() > found["pca", 3]


def test_a_tidy_row_a_fit_and_folds_are_done_in_turn():
    request = asked(methods=("pca", "kernel-pca", "pca"), latent_sizes=(2, 4), splits=("random",))
    table = compare_methods(request).table()
    assert tuple(table.columns) == COLUMNS
    assert list(table["fold"]) == [1] * 4 + [2] * 4 + [3] * 4
    assert list(table["method"])[:2] == ["pca", "kernel-pca"]
    assert not table.duplicated(list(COLUMNS[:4])).any()


def test_what_a_method_chose_is_told_beside_its_score(monkeypatch):
    """And where a fit had not converged, the notes say so, too."""
    monkeypatch.setattr(nmf, "MAX_ITERATIONS", 20)
    comparison = compare_methods(asked(methods=("pca", "nmf", "kernel-pca"), n_folds=2))
    chosen = comparison.table().set_index(["method", "fold"])["chosen"]
    assert chosen["pca", 1] == ""
    assert chosen["kernel-pca", 1].startswith("gamma 0.")
    assert chosen["nmf", 1] == "not converged after 20 iterations"
    assert "nmf, k = 2, random, fold 1: not converged after 20 iterations" in comparison.notes
    monkeypatch.undo()
    comparison = compare_methods(asked(methods=("nmf",), n_folds=2))
    assert comparison.scores[0].chosen.startswith("converged after")
    assert comparison.notes == ()


def test_blocks_are_harder_than_random_samples():
    both = {"splits": ("blocks", "random"), "latent_sizes": (16,), "methods": ("kernel-pca",)}
    comparison = compare_methods(asked(smooth(), **both, n_folds=4))
    assert means(comparison, "blocks").item() > 1.2 * means(comparison).item()


def test_blocks_hold_out_mirror_twins_together():
    data = smooth()
    places = np.round(data.parcellation.centroids).astype(int)
    for train, test in plan(asked(data, splits=("blocks",))).folds["blocks"]:
        mirrored = {(-x, y, z) for x, y, z in places[test]}
        assert not mirrored & {tuple(place) for place in places[train]}


@pytest.mark.parametrize("method", ["pca", "nmf", "kernel-pca", "residual", "autoencoder"])
def test_held_out_samples_never_reach_a_fit(method, monkeypatch):
    """Other held-out values leave every fit as it was, to the bit, and change its score."""
    train, test = plan(asked()).folds["random"][0]
    poisoned = DATA.values.copy()
    poisoned[test] = np.random.default_rng(0).uniform(0, 1, poisoned[test].shape)
    fitted, scores = [], []

    def quick(method, train, size, seed, device, report):
        codec_id, settings = METHODS[method].codec, METHODS[method].settings
        epochs = {"max_epochs": 5} if method in ("residual", "autoencoder") else {}
        fitted.append(codec_class(codec_id).fit(train, size, seed=seed, **{**settings, **epochs}))
        return fitted[-1]

    monkeypatch.setattr(compare_score, "fit_method", quick)
    for values in (DATA.values, poisoned):
        data = replace(DATA, values=values)
        scores.append(score_fit(Fit(method, 2, "random", 1), data, (train, test), 0, "cpu"))
    same(*fitted)
    assert scores[1].rmse > 1.5 * scores[0].rmse


def test_samples_keep_their_places():
    data = smooth()
    rows = np.array([5, 200, 31])
    some = data.subset(rows)
    np.testing.assert_array_equal(some.values, data.values[rows])
    np.testing.assert_allclose(some.parcellation.centroids, data.parcellation.centroids[rows])
    assert some.samples == ("5", "200", "31")


def test_processes_give_the_same_numbers():
    """And start from any thread, as those of docks do."""
    settings = {"methods": ("pca", "nmf"), "latent_sizes": (2, 3), "n_folds": 2}
    alone = compare_methods(asked(**settings))
    seen = []
    with ThreadPoolExecutor(1) as thread:
        request = asked(**settings, n_jobs=2)
        together = thread.submit(compare_methods, request, report=seen.append).result()
    measured = [p.score for p in seen if isinstance(p, CompareProgress) and p.score]
    assert set(measured) == set(together.scores)
    assert {s[:6] for s in together.scores} == {s[:6] for s in alone.scores}
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].done == seen[-1].total


@pytest.mark.parametrize("run", [one_by_one, in_processes])
def test_cancel_within_a_fit_keeps_what_is_done(run, monkeypatch, tmp_path):
    """It comes at the first epochs of the published recipe: what is half trained is dropped."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(compare, "one_by_one", run)
    request = asked(methods=("pca", "autoencoder"), n_jobs=1)
    known = {Fit("pca", 2, "random", f): Score("pca", 2, "random", f, 1, 0, 0) for f in (1, 2, 3)}
    parts, whole = [0.0], compare.Tally.advance

    def advance(tally, fit, part):
        parts.append(part)
        whole(tally, fit, part)

    monkeypatch.setattr(compare.Tally, "advance", advance)
    comparison = compare_methods(request, known, stopping(silent, lambda: max(parts) > 0))
    assert max(parts) < 0.1
    assert not comparison.complete
    assert "3 of 6" in comparison.notes[-1]
    assert not list(tmp_path.glob("compressed-transcriptomics-*"))
    assert comparison.scores == tuple(known.values())


def test_cancel_before_anything_is_done():
    with pytest.raises(Stop):
        compare_methods(asked(), report=stopping(silent, lambda: True))


def test_known_scores_are_not_fitted_again():
    known = {
        Fit("pca", 2, "random", 1): Score("pca", 2, "random", 1, 9.0, 0, 0),
        Fit("nmf", 7, "blocks", 2): Score("nmf", 7, "blocks", 2, 8.0, 0, 0),
    }
    comparison = compare_methods(asked(), known)
    assert len(comparison.scores) == 4
    assert {score.rmse for score in comparison.scores} > {8.0, 9.0}


def test_methods_that_cannot_are_left_out_with_a_sentence(monkeypatch):
    from napari_compressed_transcriptomics.codecs import umap

    log2 = named(DATA.values * 10)
    monkeypatch.setattr(umap, "find_spec", lambda name: None)
    request = asked(log2, methods=("pca", "autoencoder", "umap", "tsne"), latent_sizes=(2, 39, 64))
    planned = plan(request)
    assert {fit[:2] for fit in planned.fits} == {("pca", 2), ("pca", 39)}
    notes = " ".join(planned.notes)
    for words in (
        "autoencoder is left out for k = 2, 39: small has values from",
        "umap is left out for k = 2, 39, 64: UMAP needs umap-learn",
        "tsne is left out for k = 2, 39, 64: t-SNE only places samples",
        "pca is left out for k = 64: 64 components are too many for 40 samples",
    ):
        assert words in notes
    with pytest.raises(UserError, match="t-SNE only places"):
        compare_methods(asked(methods=("tsne",)))


def test_a_fit_that_fails_is_told_and_others_go_on(monkeypatch):
    whole = compare_score.fit_method

    def fails(method, *others):
        if method == "nmf":
            raise np.linalg.LinAlgError("SVD did not converge")
        return whole(method, *others)

    monkeypatch.setattr(compare_score, "fit_method", fails)
    comparison = compare_methods(asked(methods=("nmf", "pca")))
    assert {score.method for score in comparison.scores} == {"pca"}
    assert "nmf, k = 2, random, fold 1 failed: SVD did not converge" in comparison.notes


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"methods": ("magic",)}, "'magic'"),
        ({"splits": ("halves",)}, "'halves'"),
        ({"methods": ()}, "nothing to compare"),
        ({"seed": 2**32}, "seed 4294967296"),
        ({"n_folds": 1}, "1 folds"),
        ({"n_folds": 31}, "from 2 to 30"),
        ({"latent_sizes": (0,)}, "0 components"),
        ({"n_jobs": 0}, "0 processes"),
    ],
    ids=str,
)
def test_requests_that_make_no_sense(settings, says):
    with pytest.raises(UserError, match=says):
        compare_methods(asked(**settings))


def test_processes_are_as_many_as_memory_allows(monkeypatch):
    from napari_compressed_transcriptomics.study import compare_workers

    request = asked(n_jobs=None)
    monkeypatch.setattr(compare_workers, "usable_cores", lambda: 8)
    monkeypatch.setattr(compare_workers, "available_memory", lambda: 4 * bytes_per_process(request))
    n_jobs, words = jobs(request, 100)
    assert n_jobs == 2
    assert "memory" in words
    assert jobs(request, 1)[0] == 1
    assert jobs(asked(n_jobs=5), 100)[0] == 5
    wide = named(np.zeros((50, 5000)))
    assert bytes_per_process(asked(wide, methods=("autoencoder",))) > bytes_per_process(asked(wide))


def scores(n_folds, splits=("blocks",)):
    def score(fit):
        fold = fit.fold
        apart = 50, 6.0, 6.0 + fold, 18.0 + fold
        return Score(*fit, fit.latent_size / 100 + fold / 1000, 0.5, 1.0, *apart)

    folds = range(1, n_folds + 1)
    return [score(Fit(*fit)) for fit in product(("pca", "residual"), (2, 16), splits, folds)]


def test_figure_has_a_box_a_method_and_size():
    figure = error_by_size(scores(5, ("random", "blocks")), foreground="#f0f0f0")
    blocks, random = figure.axes
    assert "blocks" in blocks.get_title()
    assert "random" in random.get_title()
    assert len(blocks.patches) == 4
    assert [label.get_text() for label in random.get_xticklabels()] == ["2", "16"]
    assert blocks.title.get_color() == "#f0f0f0"
    assert blocks.get_title().endswith("training from 7 mm away, median 21 mm")
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["residual autoencoder", "PCA"]


def test_figure_of_few_folds_has_dots_and_is_drawn_again():
    figure = error_by_size(scores(5))
    assert error_by_size(scores(3), figure) is figure
    (axes,) = figure.axes
    assert not axes.patches
    dots = [line.get_ydata() for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots[0], [0.021, 0.022, 0.023])
    assert not error_by_size([]).axes
