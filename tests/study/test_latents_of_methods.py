"""Latents of several methods: the right ones, kept when cancelled, fitted once."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import stopping
from napari_compressed_transcriptomics.study.latents_of_methods import LatentsRequest, fit_latents
from small import small_expression


@pytest.fixture(scope="module")
def data():
    return small_expression()


def test_each_method_gives_its_latents_in_a_fixed_order(data):
    fitted = fit_latents(LatentsRequest(data, ("tsne", "pca", "kernel-pca"), (2, 3)))
    assert [(one.name, one.latent_size) for one in fitted.latents] == [
        ("pca", 2),
        ("pca", 3),
        ("kernel-pca", 2),
        ("kernel-pca", 3),
        ("tsne", 2),
        ("tsne", 3),
    ]
    assert fitted.complete
    assert fitted.notes == ()
    pca = fitted.latents[0]
    expected = fit_codec("pca", data, 2, device="cpu").encode(data.values)
    np.testing.assert_array_equal(pca.values, expected)
    assert pca.title == "PCA"
    assert pca.parcellation is data.parcellation
    assert pca.record["data_sha256"]


def test_the_same_seed_gives_the_same_again(data):
    one, same = (
        fit_latents(LatentsRequest(data, ("tsne",), seed=3)).latents[0].values for _ in range(2)
    )
    np.testing.assert_array_equal(one, same)


def test_what_was_fitted_is_not_fitted_again(data):
    first = fit_latents(LatentsRequest(data, ("pca",)))
    stages = []
    request = LatentsRequest(data, ("pca", "kernel-pca"), known=first.latents)
    second = fit_latents(request, lambda progress: stages.append(progress.stage))
    assert second.latents[0] is first.latents[0]
    assert set(stages) == {"kernel PCA (2 of 2)"}


def test_cancelled_it_keeps_the_methods_done(data):
    seen = []
    request = LatentsRequest(data, ("pca", "kernel-pca", "tsne"))
    fitted = fit_latents(request, stopping(seen.append, lambda: "t-SNE" in seen[-1].stage))
    assert [one.name for one in fitted.latents] == ["pca", "kernel-pca"]
    assert not fitted.complete
    assert fitted.notes == ("Cancelled after 2 of 3 fits",)


def test_what_cannot_be_is_said_and_the_rest_is_done(data):
    expression = small_expression(n_genes=6)
    shifted = type(expression)(
        expression.values - 1, expression.genes, expression.samples, expression.parcellation
    )
    fitted = fit_latents(LatentsRequest(shifted, ("nmf", "pca")))
    assert [one.name for one in fitted.latents] == ["pca"]
    assert "NMF is left out" in fitted.notes[0]
    with pytest.raises(UserError, match="NMF is left out"):
        fit_latents(LatentsRequest(shifted, ("nmf",)))
    with pytest.raises(UserError, match="too many for 6 genes"):
        fit_latents(LatentsRequest(expression, ("pca",), (7,)))
    with pytest.raises(UserError, match="'magic'"):
        fit_latents(LatentsRequest(expression, ("magic",)))
    with pytest.raises(UserError, match="at least one method"):
        fit_latents(LatentsRequest(expression, ()))
