"""Scatter plots of several methods: the right points in the right colours."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.figures.latent_plot import palette_of
from napari_compressed_transcriptomics.figures.method_scatters import columns_of, latent_panels
from napari_compressed_transcriptomics.reconstruction.latent_space import (
    Coloring,
    category_colors,
    joined,
)
from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents
from small import small_expression


@pytest.fixture(scope="module")
def latents():
    place = small_expression(n_samples=5).parcellation
    rng = np.random.default_rng(0)
    return [
        NamedLatents(name, name, rng.normal(size=(5, k)).astype(np.float32), place)
        for name, k in (("pca", 2), ("one", 1), ("umap", 3))
    ]


def colors_at(axes, points):
    """Colours of the dots at some places, in their order."""
    dots = axes.collections[0]
    where = [tuple(place) for place in np.asarray(dots.get_offsets())]
    return np.array([dots.get_facecolors()[where.index(tuple(point))] for point in points])[:, :3]


def panels(figure):
    return [axes for axes in figure.axes if axes.get_title()]


def test_each_dot_has_the_colour_of_its_sample(latents):
    values = [np.linspace(0, 1, 5), np.full(5, 0.5), np.linspace(1, 0, 5)]
    values[2][3] = np.nan
    coloring = joined([Coloring("PET", one) for one in values])
    assert coloring.values.shape == (15,)
    figure = latent_panels(latents, coloring)
    assert [axes.get_title() for axes in panels(figure)] == ["pca", "umap"]
    palette = palette_of(coloring, "black")
    for axes, one, expected in (
        (panels(figure)[0], latents[0], 0),
        (panels(figure)[1], latents[2], -1),
    ):
        colors = colors_at(axes, one.values[:, :2])
        np.testing.assert_allclose(colors[0], palette[expected])
        np.testing.assert_allclose(colors[-1], palette[-1 - expected])
    grey = colors_at(panels(figure)[1], latents[2].values[:, :2])[3]
    np.testing.assert_allclose(grey, 128 / 255)
    assert figure.axes[-1].get_ylabel() == "PET"


def test_regions_of_the_same_name_have_one_colour(latents):
    one = Coloring("lobes", np.array([0.0, 0, 1, 1, np.nan]), ("frontal", "temporal"))
    other = Coloring("lobes", np.array([0.0, 0, 0, 1, 1]), ("temporal", "insula"))
    both = joined([one, other])
    assert both.names == ("frontal", "temporal", "insula")
    np.testing.assert_array_equal(both.values, [0, 0, 1, 1, np.nan, 1, 1, 1, 2, 2])
    figure = latent_panels([latents[0], latents[2]], both)
    first, second = (
        colors_at(axes, which.values[:, :2])
        for axes, which in zip(panels(figure), latents[::2], strict=True)
    )
    np.testing.assert_allclose(first[2], second[0])
    np.testing.assert_allclose(second[0], category_colors(3)[1])
    assert {text.get_text() for text in figure.legends[0].get_texts()} == set(both.names)


def test_many_regions_are_cut_in_the_legend(latents):
    names = tuple(f"region {i}" for i in range(60))
    values = np.arange(120.0) % 60
    place = small_expression(n_samples=120).parcellation
    many = NamedLatents("pca", "PCA", np.random.default_rng(1).normal(size=(120, 2)), place)
    figure = latent_panels([many], Coloring("atlas", values, names), foreground="white")
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 24
    assert texts[-1] == "and 37 more"


def test_nothing_to_show_is_an_empty_figure(latents):
    assert not latent_panels([latents[1]], Coloring("x", np.zeros(5))).axes
    assert [columns_of(n) for n in (1, 2, 4, 6, 8, 12)] == [1, 2, 2, 3, 4, 6]
