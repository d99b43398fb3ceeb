"""Names of methods, and what each is fitted with."""

import json

import numpy as np
import pytest

from napari_compressed_transcriptomics.codecs.registry import (
    METHODS,
    Method,
    fit_method,
    method_class,
    method_colors,
    method_names,
    short_title,
    titles,
)
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Cancelled
from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.figures.coherence_plots import coherence_dots
from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size
from napari_compressed_transcriptomics.figures.prediction_plots import utility_bars
from napari_compressed_transcriptomics.study.coherence import Coherence, coherence_table
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.compare_summary import summarize
from napari_compressed_transcriptomics.study.latents_of_methods import LatentsRequest, fit_latents
from napari_compressed_transcriptomics.study.predict import predict_maps
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from small import named, small_expression


def test_old_names_are_accepted():
    assert method_names(("default", "published", "kpca", "residual", "pca")) == (
        "residual",
        "autoencoder",
        "kernel-pca",
        "pca",
    )
    with pytest.raises(UserError, match="'magic'"):
        method_names(("default", "magic"))


def test_recipes_are_fitted_as_train_fits_them():
    assert {name: METHODS[name].codec for name in METHODS} == {name: name for name in METHODS}
    assert METHODS["autoencoder"].settings["patience"] == 300

    def leave(progress):
        assert progress.total
        raise Cancelled

    with pytest.raises(Cancelled):
        fit_method("autoencoder", small_expression(), 2, report=leave)


@pytest.mark.parametrize("method", sorted({*METHODS} - {"umap", "tsne"}))  # see test_embeddings.py
def test_values_that_do_not_vary_are_fitted_without_a_warning(method):
    same = named(np.full((20, 8), 0.5))
    codec = fit_method(method, same, 2)
    assert "NaN" not in json.dumps(codec.training)
    assert np.isfinite(codec.decode(codec.encode(same.values))).all()


def test_codecs_by_their_ids_are_the_same_methods():
    assert [method_class(name).id for name in METHODS] == [
        "residual", "autoencoder", "pca", "nmf", "kernel-pca", "umap", "tsne",
    ]  # fmt: skip
    ids = tuple(method_class(name).id for name in METHODS)
    assert method_names(("genes", *ids, "pca"), ("genes",)) == ("genes", *METHODS)


def test_an_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(UserError, match=r"no method 'vae'; choose from residual.*t-?sne, genes"):
        method_names(("vae",), ("genes",))
    with pytest.raises(UserError, match="no method 'genes'"):
        method_names(("genes",))


def test_short_titles_are_no_longer():
    assert all(len(short_title(name)) <= len(title) for name, title in titles().items())
    assert short_title("abagen_pca_8mm") == "abagen_pca_8mm"


def test_a_method_has_the_same_colour_in_all_figures():
    alone, with_others = method_colors(["nmf"]), method_colors(["pca", "mine", "nmf", "yours"])
    assert alone["nmf"] == with_others["nmf"]
    assert len(set(with_others.values())) == 4
    assert len(set(method_colors((*METHODS, "genes")).values())) == len(METHODS) + 1


@pytest.fixture
def eighth(monkeypatch):
    """PCA under another name, registered for a test."""
    monkeypatch.setitem(METHODS, "eighth", Method("eighth", "an eighth", "#123456", "pca"))


def test_an_eighth_method_takes_part_everywhere(eighth):
    """With one entry it is compared, tabulated, drawn, and looked at; in docks, too."""
    data, methods = small_expression(), ("eighth", "pca")
    comparison = compare_methods(
        CompareRequest(data, methods, (2,), ("random",), n_folds=3, n_jobs=1)
    )
    one, other = summarize(comparison.scores)
    assert (one.method, other.method) == ("pca", "eighth")
    assert one.means == other.means
    legend = error_by_size(comparison.scores).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["PCA", "an eighth"]
    measured = [(name, 2, [Coherence("1", "moran", 0.1, np.nan)]) for name in methods]
    (axes,) = coherence_dots(coherence_table(measured)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["an eighth, 2", "PCA, 2"]
    target = Target("map", np.arange(data.n_samples, dtype=float))
    predicted = predict_maps(PredictRequest(data, (target,), methods, (2,), n_surrogates=9))
    assert {score.method for score in predicted.scores} == {*methods}
    assert len(utility_bars(predicted).axes) == 1
    fitted = fit_latents(LatentsRequest(data, methods, (2,)))
    assert [latents.short_title for latents in fitted.latents] == ["PCA", "an eighth"]
