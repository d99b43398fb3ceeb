"""UMAP and t-SNE: what they keep of the contract of codecs, and what they say they cannot.

UMAP is fitted in this file only: it is compiled in each process.
"""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_compressed_transcriptomics.codecs import embedding
from napari_compressed_transcriptomics.codecs.codec import codec_class
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models.model_file import save_model
from napari_compressed_transcriptomics.codecs.registry import fit_method
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.warned import quietly
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import named, small_expression

DATA = small_expression()
needs_umap = pytest.mark.skipif(find_spec("umap") is None, reason="umap-learn is not installed")
BOTH = ["tsne", pytest.param("umap", marks=needs_umap)]


# Of few samples Python is quick with these, too: numba compiles them for ten seconds.
COMPILED = ("fast_knn_indices", "smooth_knn_dist", "compute_membership_strengths", "submatrix")


@pytest.fixture(scope="module", autouse=True)
def little_is_compiled():
    if find_spec("umap") is None:
        yield
        return
    with quietly():
        from umap import umap_

    with pytest.MonkeyPatch.context() as patch:
        for name in COMPILED:
            patch.setattr(umap_, name, getattr(umap_, name).py_func)
        yield


@pytest.fixture(scope="module", params=BOTH)
def codec(request):
    return fit_codec(request.param, DATA, 2, seed=3)


def test_training_samples_keep_their_latents(codec):
    latents = codec.encode(DATA.values)
    assert latents.shape == (60, 2)
    assert latents.dtype == np.float32
    assert_array_equal(latents, codec.latents)
    again = fit_codec(codec.id, DATA, 2, seed=3)
    assert_array_equal(again.encode(DATA.values), latents)
    assert codec.training["n_samples"] == 60
    assert f"{codec.latent_size} components" in codec.describe()


def test_neighbours_stay_neighbours(codec):
    """Nearest samples among genes are much nearer in latents than any two samples."""
    latents = codec.encode(DATA.values)

    def between(values):
        return np.linalg.norm(values[:, None] - values[None], axis=2) + 1e9 * np.eye(60)

    nearest = between(DATA.values).argmin(axis=1)
    distances = between(latents)
    typical = np.median(distances[distances < 1e8])
    assert np.median(distances[np.arange(60), nearest]) < 0.3 * typical


def test_no_file_and_no_network(codec, tmp_path):
    with pytest.raises(UserError, match="save its latents instead"):
        save_model(codec, tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match="choose another codec"):
        reconstruct(codec, DATA)
    assert codec.training_distribution is None


def test_values_that_do_not_vary_are_refused_by_tsne():
    with pytest.raises(UserError, match="small has the same values in all samples"):
        fit_method("tsne", named(np.full((20, 8), 0.5)), 2)


@needs_umap
def test_values_that_do_not_vary_are_fitted_by_umap_without_a_warning():
    same = named(np.full((20, 8), 0.5))
    codec = fit_method("umap", same, 2)
    assert "NaN" not in json.dumps(codec.training)
    assert np.isfinite(codec.decode(codec.encode(same.values))).all()


def test_wrong_width_is_told(codec):
    with pytest.raises(UserError, match="40 genes"):
        codec.encode(DATA.values[:, :39])


def test_tsne_says_what_it_cannot():
    codec = fit_codec("tsne", DATA, 2)
    with pytest.raises(UserError, match="cannot place samples"):
        codec.encode(DATA.values[:10])
    with pytest.raises(UserError, match="cannot reconstruct"):
        codec.decode(codec.latents)


@pytest.mark.parametrize("size", [1, 4])
def test_tsne_of_other_sizes(size):
    data = small_expression(n_samples=8, n_genes=5)
    assert fit_codec("tsne", data, size).latents.shape == (8, size)


@pytest.fixture(scope="module")
def umap():
    return fit_codec("umap", DATA, 2)


@needs_umap
def test_umap_places_and_reconstructs_samples_never_seen():
    """umap-learn's own way back comes to an R2 of 0.54 here, which is not UMAP's fault."""
    both = small_expression(n_samples=120).values
    known, other = both[:60], both[60:]
    umap = fit_codec("umap", named(known), 2)
    latents = umap.encode(other)
    assert_array_equal(umap.encode(other), latents)
    decoded = umap.decode(latents)
    assert decoded.dtype == np.float32
    r2 = 1 - np.square(other - decoded).sum() / np.square(other - umap.gene_means).sum()
    assert r2 > 0.75


@needs_umap
def test_umap_decodes_far_latents_as_samples_that_it_knows(umap):
    far = umap.latents + 10 * (umap.latents - umap.latents.mean(0))
    decoded = umap.decode(far)
    low, high = DATA.values.min(), DATA.values.max()
    assert (decoded > low - 0.1).all()
    assert (decoded < high + 0.1).all()
    assert umap.decode(np.empty((0, 2), np.float32)).shape == (0, 40)


@needs_umap
@pytest.mark.parametrize(("n_samples", "size"), [(60, 5), (60, 1), (5, 4)])
def test_umap_decodes_any_number_of_components(n_samples, size):
    data = small_expression(n_samples=n_samples, n_genes=6)
    codec = fit_codec("umap", data, size, max_epochs=10)
    assert codec.cannot_decode(size) == ""
    assert codec.decode(codec.encode(data.values)).shape == data.values.shape


@needs_umap
def test_umap_says_how_many_neighbours_it_chose(umap):
    chosen = umap.training["n_nearest"]
    assert embedding.NEAREST[0] < chosen < embedding.NEAREST[-1]
    assert f"the {chosen} training samples with the nearest latents" in umap.describe()


def test_nearest_samples_decode_best_where_inner_folds_say_so():
    """Smooth rows ask for few neighbours, noisy ones for many, and no row asks for itself."""
    rng = np.random.default_rng(0)
    latents = rng.uniform(-1, 1, (200, 1)).astype(np.float32)
    smooth = np.hstack([np.sin(6 * latents), np.cos(6 * latents)])
    few = embedding.nearest_decoder(latents, smooth, 0).n_neighbors
    many = embedding.nearest_decoder(latents, smooth + rng.normal(0, 2, smooth.shape), 0)
    assert few <= 5
    assert many.n_neighbors >= 14


def test_umap_that_is_absent_says_how_to_install_it(monkeypatch):
    from napari_compressed_transcriptomics.codecs import umap

    monkeypatch.setattr(umap, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install .*\[umap\]"):
        codec_class("umap").fit(DATA, 2)
