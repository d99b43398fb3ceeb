"""UMAP and t-SNE: what they keep of the contract of codecs, and what they say they cannot."""

from importlib.util import find_spec

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_compressed_transcriptomics.core.checkpoint import save_model
from napari_compressed_transcriptomics.core.codec import codec_class, fit_codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.reconstruction import reconstruct
from small import small_expression

DATA = small_expression()
needs_umap = pytest.mark.skipif(find_spec("umap") is None, reason="umap-learn is not installed")
BOTH = ["tsne", pytest.param("umap", marks=needs_umap)]


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
    assert codec.reference is None


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


@needs_umap
def test_umap_places_and_reconstructs_samples_never_seen():
    codec = fit_codec("umap", DATA, 2)
    rng = np.random.default_rng(0)
    near = DATA.values[:20] + rng.normal(0, 0.005, (20, 40)).astype(np.float32)
    latents = codec.encode(near)
    assert_array_equal(codec.encode(near), latents)
    decoded = codec.decode(latents)
    assert decoded.dtype == np.float32
    r2 = 1 - np.square(near - decoded).sum() / np.square(near - codec.neutral).sum()
    assert r2 > 0.4


@needs_umap
def test_umap_decodes_far_latents_as_their_nearest():
    codec = fit_codec("umap", DATA, 2)
    far = codec.latents + 10 * (codec.latents - codec.latents.mean(0))
    decoded = codec.decode(far)
    low, high = DATA.values.min(), DATA.values.max()
    assert (decoded > low - 0.1).all()
    assert (decoded < high + 0.1).all()
    assert codec.decode(np.empty((0, 2), np.float32)).shape == (0, 40)


@needs_umap
def test_umap_refuses_what_it_cannot_triangulate():
    assert codec_class("umap").no_way_back(4) == ""
    codec = fit_codec("umap", DATA, 5, max_epochs=10)
    with pytest.raises(UserError, match="2 to 4 components"):
        codec.decode(codec.latents)
    few = fit_codec("umap", small_expression(n_samples=5, n_genes=6), 4, max_epochs=10)
    with pytest.raises(UserError, match="at least 6"):
        few.decode(few.latents)


def test_umap_that_is_absent_says_how_to_install_it(monkeypatch):
    from napari_compressed_transcriptomics.core import umap

    monkeypatch.setattr(umap, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install .*\[umap\]"):
        codec_class("umap").fit_steps(DATA, 2)
