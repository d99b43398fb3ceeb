"""Names of methods, and what each is fitted with."""

from contextlib import closing

import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.methods import (
    METHODS,
    TITLES,
    fit_method_steps,
    method_class,
    method_names,
    method_settings,
    short_title,
)
from napari_compressed_transcriptomics.core.plots_methods import method_colors
from small import small_expression


def test_recipes_are_fitted_as_train_fits_them():
    """Method published is the autoencoder with the published settings, default the residual."""
    assert [method_settings(name)[0] for name in METHODS[:2]] == ["residual", "autoencoder"]
    assert method_settings("published")[1]["patience"] == 300
    with closing(fit_method_steps("published", small_expression(), 2)) as steps:
        assert next(steps).total


def test_codecs_by_their_ids_are_the_same_methods():
    assert [method_class(name).id for name in METHODS] == [
        "residual", "autoencoder", "pca", "nmf", "kernel-pca", "umap", "tsne",
    ]  # fmt: skip
    ids = tuple(method_class(name).id for name in METHODS)
    assert method_names(("genes", *ids, "pca"), ("genes",)) == ("genes", *METHODS)


def test_an_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(UserError, match=r"no method 'vae'; choose from default.*t-?sne, genes"):
        method_names(("vae",), ("genes",))
    with pytest.raises(UserError, match="no method 'genes'"):
        method_names(("genes",))


def test_short_titles_are_no_longer():
    assert all(len(short_title(name)) <= len(title) for name, title in TITLES.items())
    assert short_title("abagen_pca_8mm") == "abagen_pca_8mm"


def test_a_method_has_the_same_colour_in_all_figures():
    alone, with_others = method_colors(["nmf"]), method_colors(["pca", "mine", "nmf", "yours"])
    assert alone["nmf"] == with_others["nmf"]
    assert len(set(with_others.values())) == 4
    assert len(set(method_colors((*METHODS, "genes")).values())) == len(METHODS) + 1
