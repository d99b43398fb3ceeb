import numpy as np
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA as SklearnPCA

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from small import small_expression

DATA = small_expression(n_samples=90, n_genes=70)


def test_is_scikit_learns_pca():
    ours = fit_codec("pca", DATA, 6, seed=4)
    theirs = SklearnPCA(6, random_state=4).fit(DATA.values)
    latents = ours.encode(DATA.values)
    assert_allclose(latents, theirs.transform(DATA.values), atol=1e-5)
    assert_allclose(ours.decode(latents), theirs.inverse_transform(latents), atol=1e-5)
    assert_allclose(ours.training["explained_variance_ratio"], theirs.explained_variance_ratio_)


def test_all_components_give_the_data_back():
    data = small_expression(n_samples=12, n_genes=20)
    codec = fit_codec("pca", data, 12)
    assert_allclose(codec.decode(codec.encode(data.values)), data.values, atol=1e-5)


def test_components_are_orthonormal():
    components = fit_codec("pca", DATA, 6).components
    assert_allclose(components @ components.T, np.eye(6), atol=1e-5)
